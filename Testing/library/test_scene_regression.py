"""X-rays to train on, and where their rays meet bone."""

from functools import cache

import numpy as np
import pytest
import torch

from registration_support import CENTRE, motion, patient, reindexed
from scene_training_support import POSES, pixel_grid, translation
from xray3d import CTVolume
from xray3d.datasets.appearance import Looks
from xray3d.datasets.pose_range import PoseRange
from xray3d.drr.scene_coordinates import SceneCoordinateRenderer
from xray3d.errors import VolumeError
from xray3d.registration.scene_regression.conventions import COORDINATE_MM, PIXEL_MM, SIZE_PX, STRIDE
from xray3d.registration.scene_regression.training_views import FRESH_SHARE, Batch, TrainingViews

MAPS_PX = (SIZE_PX // STRIDE, SIZE_PX // STRIDE)


def views(ct: CTVolume | None = None, poses: PoseRange = POSES) -> TrainingViews:
    return TrainingViews(ct or patient().ct, poses)


@cache
def some() -> Batch:
    """Views of the patient that are looked at from every side."""
    return views().held_out(6, seed=1)


def points_mm(batch: Batch, center=CENTRE) -> np.ndarray:
    """(n, 2, rows, cols, 3): where entry and exit are, in RAS."""
    points = batch.target.points.unflatten(1, (2, 3)).movedim(2, -1).double().numpy()
    return points * COORDINATE_MM + center


def alike(first: Batch, second: Batch) -> bool:
    return torch.equal(first.pictures, second.pictures) and torch.equal(first.target.points, second.target.points)


def test_a_batch_is_what_it_says():
    batch = some()
    assert batch.pictures.shape == (6, 3, SIZE_PX, SIZE_PX)
    assert batch.usable.shape == batch.target.valid.shape == (6, *MAPS_PX)
    assert batch.target.points.shape == (6, 6, *MAPS_PX)
    assert [projection.size_px for projection in batch.projections] == [(SIZE_PX, SIZE_PX)] * 6
    assert torch.isfinite(batch.target.points).all()
    assert batch.target.valid.float().mean(dim=(1, 2)).min() > 0.05
    assert not (batch.target.valid & (batch.usable <= 0.5)).any(), "nothing is asked where nothing is seen"


def test_targets_lie_on_the_rays_of_their_pixels():
    batch, points = some(), points_mm(some())
    for number, projection in enumerate(batch.projections):
        reduced, valid = projection.resampled(MAPS_PX), batch.target.valid[number].numpy()
        for of_kind in points[number]:
            assert np.abs(reduced.project(of_kind) - pixel_grid(MAPS_PX))[valid].max() < 0.05
            off = (of_kind - reduced.source_ras)[valid]
            along = batch.target.along[number].movedim(0, -1).numpy()[valid]
            np.testing.assert_allclose(off / np.linalg.norm(off, axis=-1, keepdims=True), along, atol=1e-4)
        depth_mm = np.linalg.norm(points[number] - reduced.source_ras, axis=-1)[:, valid]
        assert (depth_mm[0] <= depth_mm[1]).all(), "entry, then exit"


def test_targets_are_the_bones_of_the_ct():
    """Those of the renderer alone, but that a ray may also meet the bones that go on beyond the CT."""
    batch, bones = some(), SceneCoordinateRenderer(patient().ct, least_cosine=0.0)
    for number, projection in enumerate(batch.projections):
        exact = bones.render(projection.resampled(MAPS_PX))
        both = batch.target.valid[number].numpy() & exact.valid
        assert both.sum() > 0.85 * batch.target.valid[number].sum()
        errors = np.linalg.norm(points_mm(batch)[number, 0] - exact.entry_ras, axis=-1)[both]
        assert np.percentile(errors, 90) < 0.05


@pytest.mark.parametrize(("axes", "flips"), [((0, 1, 2), ()), ((1, 2, 0), (0, 2)), ((2, 1, 0), (1,))])
def test_valid_targets_are_within_the_ct(axes, flips):
    """Whichever index runs along the body; and rays that meet bone only beyond its ends are not valid."""
    tilt = motion([30, -20, 50], [5, 9, -30])
    stored = reindexed(patient().ct, axes, flips)
    short = slice(20, 60)
    cut = [short if axis == axes.index(0) else slice(None) for axis in range(3)]
    first = [0 if part.start is None else part.start for part in cut[::-1]]
    ct = CTVolume(stored.hu[tuple(cut)], tilt @ stored.ijk_to_ras @ translation(first))
    center = ct.center_ras
    batch = views(ct, PoseRange(tuple(center.tolist()))).held_out(4, seed=2)
    ijk = ct.to_ijk(points_mm(batch, center)[batch.target.valid.numpy()[:, None].repeat(2, axis=1)])
    assert len(ijk) > 1000
    assert (ijk > -1e-3).all()
    assert (ijk < np.array(ct.size_ijk) - 1 + 1e-3).all()
    along = ijk[:, 2 - axes.index(0)]
    assert along.max() > 38.5, "up to its very ends"
    assert along.min() < 0.5


def test_pictures_show_the_patient_beyond_the_ends_of_the_ct():
    """A CT of a hand's height: rays above and below it meet tissue, as those of real X-rays do."""
    ct = CTVolume(patient().ct.hu[40:60], patient().ct.ijk_to_ras @ translation([0, 0, 40]))
    straight = PoseRange(tuple(ct.center_ras.tolist()), *[(0.0, 0.0)] * 3, 0.0, 0.0)
    seen = []

    def show(soft, bone, generator, strength):
        seen.append(soft + bone)
        return looks_of(soft, bone, generator, strength)

    TrainingViews(ct, straight, appearance=show).held_out(2, seed=0)
    middle = seen[0][0, :, SIZE_PX // 2 - 4 : SIZE_PX // 2 + 4].mean(dim=1)
    assert middle[[20, -20]].min() > 0.5 * middle[SIZE_PX // 2]


def looks_of(soft, bone, generator, strength):
    return Looks(soft + bone, torch.ones_like(soft))


def test_the_same_calls_give_the_same_views_and_held_out_ones_do_not_depend_on_them():
    first, second = views(), views()
    held_out = first.held_out(2, seed=7)
    batches = [first.batch(4, seed=step) for step in range(3)]
    for step, expected in enumerate(batches):
        assert alike(second.batch(4, seed=step), expected)
    assert alike(second.held_out(2, seed=7), held_out)
    assert alike(first.held_out(2, seed=7), held_out)
    assert not alike(first.held_out(2, seed=8), held_out)
    assert not alike(batches[0], batches[1])


def test_easy_views_are_whole_and_all_of_them_counts():
    easy = views().batch(16, seed=0, hardness=0.0)
    assert {projection.pixel_mm[0] for projection in easy.projections} == {PIXEL_MM}
    assert easy.usable.min() == 1
    assert len({projection.pixel_mm[0] for projection in views().batch(32, seed=0).projections}) > 1


def test_views_come_again_with_other_looks():
    source = views()
    first, second = source.batch(8, seed=0), source.batch(8, seed=1)
    place = {projection.extrinsic.tobytes(): number for number, projection in enumerate(first.projections)}
    again = [
        (place[projection.extrinsic.tobytes()], number)
        for number, projection in enumerate(second.projections)
        if projection.extrinsic.tobytes() in place
    ]
    assert len(again) == 8 - round(8 * FRESH_SHARE)
    assert 0 < len(again) < 8
    for before, now in again:
        assert not torch.equal(first.pictures[before], second.pictures[now])
        both = first.target.valid[before] & second.target.valid[now]
        assert torch.equal(first.target.points[before][:, both], second.target.points[now][:, both])


def test_held_out_views_may_be_finer():
    """The same view on more pixels."""
    known, finer = views().held_out(2, seed=7), views().held_out(2, seed=7, fineness=2)
    assert finer.pictures.shape[2:] == (2 * known.pictures.shape[2], 2 * known.pictures.shape[3])
    for one, other in zip(known.projections, finer.projections, strict=True):
        np.testing.assert_allclose(other.resampled(one.size_px).matrix, one.matrix)
    points, more = (batch.target.points * batch.target.valid[:, None] for batch in (known, finer))
    both = known.target.valid & torch.nn.functional.avg_pool2d(finer.target.valid.float(), 2).eq(1)
    pooled = torch.nn.functional.avg_pool2d(more, 2)
    assert (points - pooled).abs().mean(dim=1)[both].median() < 0.03


def test_no_batch_shows_what_is_held_out():
    """Not even one of the same seed."""
    source = views()
    held_out, batch = source.held_out(2, seed=3), source.batch(2, seed=3)
    places = {projection.extrinsic.tobytes() for projection in held_out.projections}
    assert not places & {projection.extrinsic.tobytes() for projection in batch.projections}


def test_a_third_of_the_views_is_local():
    spacings = np.array([p.pixel_mm for seed in range(10) for p in views_of_one_pixel().held_out(9, seed).projections])
    assert (spacings[:, 0] == spacings[:, 1]).all()
    zoom = spacings[:, 0] / PIXEL_MM
    assert 0.2 < np.mean(zoom < 1) < 0.47
    assert zoom.max() == pytest.approx(1)
    assert 1 / 3 <= zoom.min() < 0.5


@cache
def views_of_one_pixel() -> TrainingViews:
    """Of a patient so simple that views cost nothing."""
    hu = np.full((8, 8, 8), 40.0)
    hu[2:6, 2:6, 2:6] = 900
    return TrainingViews(CTVolume(hu, np.diag([20.0, 20, 20, 1])), PoseRange((70.0, 70.0, 70.0)), looks_of)


def test_no_bone_is_one_sentence():
    with pytest.raises(VolumeError, match="no bone above 9000 HU"):
        TrainingViews(patient().ct, POSES, bone_hu=9000.0)
