"""Features in space: where a projection says that a point is seen, and nowhere else."""

import numpy as np
import pytest
import torch

from xray3d import CTVolume, DRRRenderer, Projection
from xray3d.reconstruction.unprojection import grid_points, mean_unprojected, unprojected

SIZE = (90, 120)
VIEWS = [
    Projection.from_carm(angle, tilt, (5.0, -20.0, 30.0), 1020.0, 700.0, SIZE, (2.0, 1.5))
    for angle, tilt in ((0, 0), (90, 5), (-40, -20))
]
AFFINE = np.array([[2.0, 0.3, 0, -30], [-0.2, 2.5, 0.4, -60], [0.1, 0, 3.0, 5], [0, 0, 0, 1]])
SIZE_IJK = (20, 18, 16)


def matrices(views):
    return torch.from_numpy(np.stack([view.matrix for view in views]))[None]


def points(affine=AFFINE):
    return grid_points(torch.from_numpy(affine)[None], SIZE_IJK)


def ramps(views, seed=0):
    """(1, views, 2, rows, cols) each pixel's own column and row."""
    rows, columns = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) for n in SIZE), indexing="ij")
    return torch.stack([columns, rows]).expand(1, len(views), 2, *SIZE)


def test_voxels_are_where_the_grid_says_in_the_order_of_arrays():
    found = points()[0].numpy()
    assert found.shape == (16, 18, 20, 3)
    grid = CTVolume(np.zeros((16, 18, 20)), AFFINE, "grid")
    for i, j, k in ((0, 0, 0), (19, 0, 0), (0, 17, 0), (3, 5, 15)):
        np.testing.assert_allclose(found[k, j, i], grid.to_ras((i, j, k)))


def test_a_voxel_is_shown_the_pixel_at_which_its_centre_is_seen():
    shown, visible = unprojected(ramps(VIEWS), matrices(VIEWS), points())
    assert shown.shape == (1, 3, 2, 16, 18, 20)
    assert visible.shape == (1, 3, 1, 16, 18, 20)
    for number, view in enumerate(VIEWS):
        expected = view.project(points()[0].numpy())
        seen = ((expected >= 0) & (expected <= np.array(SIZE[::-1]) - 1)).all(-1)
        assert seen.mean() > 0.3
        np.testing.assert_array_equal(visible[0, number, 0].numpy() > 0, seen)
        np.testing.assert_allclose(shown[0, number].numpy()[:, seen], expected[seen].T, atol=1e-6)
        assert not shown[0, number].numpy()[:, ~seen].any()


def test_what_is_behind_the_source_is_not_seen():
    view = VIEWS[0]
    behind = AFFINE.copy()
    behind[:3, 3] = view.source_ras - 400 * view.viewing_direction_ras
    shown, visible = unprojected(ramps([view]), matrices([view]), points(behind))
    assert torch.isfinite(shown).all()
    assert not visible.any()


def test_other_cases_and_other_views_do_not_mix():
    one, other = points(), points(AFFINE + np.eye(4) * [[7], [3], [-5], [0]])
    images = torch.rand(2, 2, 3, *SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    of_both = torch.cat([matrices(VIEWS[:2]), matrices(VIEWS[1:])])
    together, visible = unprojected(images, of_both, torch.cat([one, other]))
    for case, grid in enumerate((one, other)):
        alone, seen = unprojected(images[case : case + 1], of_both[case : case + 1], grid)
        torch.testing.assert_close(together[case : case + 1], alone)
        torch.testing.assert_close(visible[case : case + 1], seen)
        swapped, _ = unprojected(images[case : case + 1].flip(1), of_both[case : case + 1].flip(1), grid)
        torch.testing.assert_close(swapped.flip(1), alone)


@pytest.mark.parametrize("angle", [0, 60])
def test_a_bead_in_a_ct_lights_up_the_ray_on_which_it_lies(angle):
    """What the renderer shows of a bead and what the grid takes from that agree on where it is."""
    hu = np.full((16, 18, 20), -1000.0)
    hu[9, 4, 13] = 3000
    view = Projection.from_carm(angle, 10, (-5.0, -40.0, 30.0), 1020.0, 700.0, SIZE, (1.0, 1.0))
    drr = DRRRenderer(CTVolume(hu, AFFINE, "bead"), "cpu").render(view)
    shown, _ = unprojected(torch.from_numpy(drr).double()[None, None, None], matrices([view]), points())
    bright = shown[0, 0, 0].numpy()
    assert bright[9, 4, 13] > 0.8 * drr.max()
    along = (points()[0].numpy() - points()[0, 9, 4, 13].numpy()) @ view.viewing_direction_ras
    lit = bright > 0.5 * drr.max()
    off = view.project(points()[0].numpy()[lit]) - view.project(points()[0, 9, 4, 13].numpy())
    assert np.abs(off).max() < 5
    assert np.ptp(along[lit]) > 15


def test_gradients_reach_the_features():
    images = torch.rand(1, 3, 2, *SIZE, requires_grad=True)
    shown, _ = unprojected(images, matrices(VIEWS).float(), points().float())
    shown.square().sum().backward()
    assert (images.grad.abs().sum(dim=(0, 2, 3, 4)) > 0).all()


def test_the_mean_is_of_the_views_that_see_a_point():
    images = ramps(VIEWS)
    images = images + torch.arange(len(VIEWS), dtype=images.dtype)[:, None, None, None]
    far = points() + torch.tensor([60.0, 0.0, 0.0], dtype=torch.float64)
    shown, visible = unprojected(images, matrices(VIEWS), far)
    mean, count = mean_unprojected(images, matrices(VIEWS), far)
    assert 0 < (count == len(VIEWS)).double().mean() < 1, "some views see some points"
    torch.testing.assert_close(count, visible.sum(dim=1))
    torch.testing.assert_close(mean, shown.sum(dim=1) / count.clamp(min=1))
