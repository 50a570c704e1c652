"""X-rays with metal and the same without."""

import pytest
import torch

from xray3d.datasets.occlusion import Pairs, Views, radiograph_pairs, simulated_pairs

SIDE, COUNT = 48, 24


def views():
    """A trunk with a bone, and a rod that displaces some of it."""
    row, column = torch.meshgrid(torch.linspace(-1, 1, SIDE), torch.linspace(-1, 1, SIDE), indexing="ij")
    soft = 3.0 * (1 - 0.4 * column.square() - 0.3 * row.square())
    bone = 1.5 * ((column + 0.2).abs() < 0.25).float()
    metal_mm = 6.0 * (1 - ((row - 0.1) / 0.12).square()).clamp(min=0).sqrt()
    of_all = [one.expand(COUNT, -1, -1) for one in (soft, bone, soft - 0.02 * metal_mm, bone, metal_mm)]
    return Views(*of_all)


def simulated(seed=0):
    return simulated_pairs(views(), torch.Generator().manual_seed(seed))


def radiographs():
    return (
        torch.rand((COUNT, 6, 6), generator=torch.Generator().manual_seed(3))
        .repeat_interleave(8, 1)
        .repeat_interleave(8, 2)
    )


def on_radiographs(seed=0):
    return radiograph_pairs(radiographs(), views().metal_mm, torch.Generator().manual_seed(seed))


def of_all(pairs: Pairs):
    return pairs.images, pairs.truth, pairs.metal


@pytest.mark.parametrize("draw", [simulated, on_radiographs])
def test_the_same_seed_draws_the_same_pairs(draw):
    first, again, other = draw(1), draw(1), draw(2)
    assert all(torch.equal(*both) for both in zip(of_all(first), of_all(again), strict=True))
    assert not torch.equal(first.images, other.images)


@pytest.mark.parametrize("draw", [simulated, on_radiographs])
def test_pairs_differ_by_metal_which_is_bright(draw):
    pairs = draw()
    images, truth, metal = of_all(pairs)
    assert images.shape == truth.shape == metal.shape == (COUNT, SIDE, SIDE)
    assert torch.isfinite(images).all()
    assert torch.isfinite(truth).all()
    assert torch.equal(metal, (views().metal_mm > 0).float())
    thick, beside = views().metal_mm[0] > 4, torch.zeros(SIDE, SIDE, dtype=torch.bool)
    beside[:12] = True
    difference = images - truth
    assert (difference[:, thick].mean(dim=1) > 0.02).float().mean() > 0.8
    assert difference[:, beside].mean(dim=1).abs().max() < 0.05
    assert (difference[:, thick].mean(dim=1) > difference[:, beside].mean(dim=1) + 0.01).float().mean() > 0.8


def is_exact(pairs: Pairs):
    """Where there is no metal, at the top."""
    return (pairs.images - pairs.truth)[:, :12].abs().amax(dim=(1, 2)) < 1e-6


def test_some_are_plain_line_integrals():
    """Exactly the truth where there is no metal, and more by so much a mm where there is."""
    pairs = simulated()
    exact = is_exact(pairs)
    assert 0.25 < exact.float().mean() < 0.75
    assert pairs.truth.min() >= 0
    assert pairs.truth.max() <= 1 + 1e-5


def test_truths_have_no_noise_but_images_do():
    """But for line integrals: below the rod, where no collimator reaches. Some exposures are all but free of noise."""
    pairs = simulated()
    rough, smooth = (
        one[~is_exact(pairs), 33:38, 16:32].diff(n=2, dim=2).abs().mean(dim=(1, 2))
        for one in (pairs.images, pairs.truth)
    )
    assert len(rough) > 5
    assert (rough > 0.98 * smooth).all()
    assert (rough > 1.02 * smooth).float().mean() > 0.6
    assert (rough / smooth).max() > 1.2


def test_a_radiograph_is_its_own_truth():
    """But for the display, which may be darker for the metal's sake; and in steps of 12 bits."""
    pairs = on_radiographs()
    scale = radiographs().flatten(1).amax(dim=1) / pairs.truth.flatten(1).amax(dim=1)
    assert scale.min() >= 1 - 1e-6
    assert 0.4 < (scale > 1.001).float().mean() < 0.95
    torch.testing.assert_close(pairs.truth * scale[:, None, None], radiographs())
    away = views().metal_mm[0] == 0
    away[20:34] = False  # where the metal's blurred edge may reach
    assert (pairs.images - pairs.truth)[:, away].abs().max() <= 0.5 / 4095 + 1e-6
    assert pairs.images.max() <= 1
    assert ((4095 * pairs.images).round() - 4095 * pairs.images).abs().max() < 1e-2


def test_a_display_may_end_where_the_radiograph_did():
    metal = views().metal_mm
    ended = radiograph_pairs(radiographs(), metal, torch.Generator().manual_seed(0), clipped=1.0)
    whole = radiograph_pairs(radiographs(), metal, torch.Generator().manual_seed(0), clipped=0.0)
    torch.testing.assert_close(ended.truth, radiographs())
    white = [(pairs.images[pairs.metal > 0] == 1).float().mean().item() for pairs in (ended, whole)]
    assert white[0] > 0.1 > 0.01 > white[1]


def test_metal_is_seen_through_in_some_and_hides_all_in_others():
    """How much of the truth's contrast is left where metal is thick."""
    pairs = on_radiographs()
    thick = views().metal_mm[0] > 4
    left = [
        torch.corrcoef(torch.stack([image[thick], truth[thick]]))[0, 1].nan_to_num(0.0)
        for image, truth in zip(pairs.images, pairs.truth, strict=True)
    ]
    assert min(left) < 0.3
    assert max(left) > 0.8
