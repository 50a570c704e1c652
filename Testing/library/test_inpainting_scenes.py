"""Instrumented patients seen from everywhere."""

from functools import cache

import numpy as np
import pytest

from xray3d import CTVolume
from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
from xray3d.errors import VolumeError
from xray3d.inpainting import scenes
from xray3d.inpainting.scenes import ScenePool, make_scenes

SIDE = 96


@cache
def small_pool() -> ScenePool:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenes, "SIZE_PX", SIDE)
        return make_scenes([synthetic_lumbar_spine(seed=0, spacing_mm=1.5).ct], 8)


def test_views_show_a_patient_with_metal_and_without():
    soft, bone, soft_beside, bone_beside, metal_mm = np.float32(small_pool().integrals.swapaxes(0, 1))
    assert soft.shape == (8, SIDE, SIDE)
    assert (metal_mm > 0).any(axis=(1, 2)).mean() > 0.8
    assert metal_mm.max() < 80
    whole, beside = soft + bone, soft_beside + bone_beside
    away = metal_mm == 0
    np.testing.assert_allclose(beside[away], whole[away], atol=0.02)
    assert (whole - beside)[metal_mm > 3].mean() > 0.03, "metal displaces tissue"
    assert 1 < whole.max() < 30


def test_crops_are_about_metal_and_keep_what_belongs_together():
    rng = np.random.default_rng(0)
    views = small_pool().crops(rng, 60, 32)
    assert views.metal_mm.shape == views.soft.shape == (60, 32, 32)
    assert (views.metal_mm > 0).flatten(1).any(dim=1).float().mean() > 0.8
    away = views.metal_mm == 0
    assert (views.soft - views.soft_beside)[away].abs().max() < 0.02
    again = small_pool().crops(np.random.default_rng(0), 60, 32)
    assert (views.soft == again.soft).all()
    assert len({tuple(one[4].flatten().tolist()[:9]) for one in zip(*vars(views).values(), strict=True)}) > 10


def test_crops_are_made_smaller_at_random_and_every_pixel_stays_one_ray():
    """Each ray has a number of its own, of which a bit pattern is a float."""
    rays = np.arange(15_000, 15_000 + SIDE**2, dtype=np.uint16).view(np.float16).reshape(SIDE, SIDE)
    of_ray = {value: np.divmod(number, SIDE) for number, value in enumerate(rays.ravel().tolist())}
    crops = ScenePool(np.tile(rays, (1, 5, 1, 1))).crops(np.random.default_rng(0), 50, 24)
    assert all((part == crops.soft).all() for part in vars(crops).values())
    steps = []
    for crop in crops.soft.tolist():
        row, column = np.moveaxis([[of_ray[value] for value in line] for line in crop], 2, 0)
        if row[0, 0] != row[0, 1]:  # it is turned
            row, column = row.T, column.T
        assert (row == row[:, :1]).all(), "a grid of rays"
        assert (column == column[:1]).all()
        assert np.ptp(np.abs(np.diff(row[:, 0]))) <= 1, "evenly spaced, as well as whole rays can be"
        steps.append(np.ptp(row) / 23)
    assert min(steps) < 1.3
    assert max(steps) > 3
    assert max(steps) <= SIDE / 24 * 1.05


def test_crops_as_large_as_a_view_are_all_of_it():
    view = small_pool().integrals[:1]
    (metal_mm,) = ScenePool(view).metal(np.random.default_rng(0), 1, SIDE)
    np.testing.assert_array_equal(np.sort(metal_mm.numpy(), axis=None), np.sort(np.float32(view[0, 4]), axis=None))


def test_views_of_every_patient_are_in_both_parts():
    """Two patients with four views each, told apart by what is in them."""
    numbered = np.arange(8, dtype=np.float16)[:, None, None, None] * np.ones((1, 5, 2, 2), np.float16)
    first, others = ScenePool(numbered).parted(2, 3)
    assert first.integrals[:, 0, 0, 0].tolist() == [0, 1, 2, 4, 5, 6]
    assert others.integrals[:, 0, 0, 0].tolist() == [3, 7]
    assert others.integrals.shape == (2, 5, 2, 2)


def test_a_patient_without_vertebrae_is_refused():
    with pytest.raises(VolumeError, match="takes a pedicle screw"):
        make_scenes([CTVolume(np.zeros((20, 20, 20)), np.eye(4), "water")], 1)


def test_making_scenes_can_be_stopped():
    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_scenes([CTVolume(np.zeros((20, 20, 20)), np.eye(4), "water")], 1, progress=stop)
