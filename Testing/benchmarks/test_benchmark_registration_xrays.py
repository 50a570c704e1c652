"""What the registration benchmark X-rays: places, screws, moved soft tissue, and the truth of the geometry."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, gaussian_filter, map_coordinates
from scipy.spatial.transform import Rotation

from registration_benchmark_support import PLACE
from xray3d.benchmarks.registration import cases
from xray3d.benchmarks.registration.anatomies import TARGET_COUNT, TARGET_HU, TARGET_RADIUS_MM, as_xrayed, load_anatomy
from xray3d.benchmarks.registration.cases import take_plain_xray, take_view_pair
from xray3d.benchmarks.registration.soft_tissue import with_moved_soft_tissue
from xray3d.drr import DRRRenderer
from xray3d.errors import GeometryError, VolumeError
from xray3d.volumes import CTVolume, save_volume

SIZE_PX, PIXEL_MM = (60, 48), (5.0, 6.0)


@pytest.fixture(scope="module")
def renderer(anatomy):
    return DRRRenderer(anatomy.xrayed)


@pytest.fixture
def small_receptor(monkeypatch):
    monkeypatch.setattr(cases, "SIZE_PX", SIZE_PX)
    monkeypatch.setattr(cases, "PIXEL_MM", PIXEL_MM)


def soft_block(noise_mm=6.0):
    """Textured soft tissue about a block of bone, on an oblique, flipped, anisotropic grid; and where the bone is."""
    shape, spacing = (30, 44, 64), np.array([2.0, 3.0, 4.0])
    texture = gaussian_filter(np.random.default_rng(1).normal(size=shape), noise_mm / spacing[::-1])
    hu = 40.0 + 30.0 * texture / texture.std()
    bone = np.zeros(shape, bool)
    bone[11:19, 18:28, 20:36] = True
    hu[bone] += 700.0
    ijk_to_ras = np.eye(4)
    ijk_to_ras[:3, :3] = Rotation.from_euler("xyz", [20, -30, 40], degrees=True).as_matrix() * spacing * [1, -1, 1]
    ijk_to_ras[:3, 3] = [7.0, -90.0, 300.0]
    return CTVolume(hu, ijk_to_ras, "block"), bone


def test_targets_lie_on_bone_about_the_isocentre(anatomy):
    i, j, k = np.round(anatomy.ct.to_ijk(anatomy.targets_ras)).astype(int).T
    assert len(np.unique(anatomy.targets_ras, axis=0)) == TARGET_COUNT
    assert (anatomy.ct.hu[k, j, i] > TARGET_HU).all()
    assert np.linalg.norm(anatomy.targets_ras - PLACE.isocenter_ras, axis=1).max() < TARGET_RADIUS_MM


def test_screws_are_in_the_vertebrae_nearest_to_the_isocentre(anatomy):
    middles = np.array([screw.vertices_ras.mean(axis=0) for screw in anatomy.screws])
    assert len(middles) == 6
    assert np.linalg.norm(middles[:2].mean(axis=0) - PLACE.isocenter_ras) < 40
    assert np.linalg.norm(middles - PLACE.isocenter_ras, axis=1).max() < 80


def test_what_is_xrayed_has_finer_slices_through_the_cts_own_and_goes_on_mirrored():
    ct, _ = soft_block()
    thick = CTVolume(ct.hu[::3], ct.ijk_to_ras @ np.diag([1, 1, 3, 1.0]), "slices of 12 mm")
    xrayed = as_xrayed(thick)
    np.testing.assert_allclose(xrayed.spacing_mm, [2, 3, 2], atol=1e-9)

    slices, rows, cols = thick.hu.shape
    k, j, i = np.mgrid[-5 : slices + 5, 0:rows:5, 0:cols:3]
    mirrored = np.abs(np.where(k < slices, k, 2 * (slices - 1) - k))
    at = xrayed.to_ijk(thick.to_ras(np.stack([i, j, k], axis=-1).reshape(-1, 3)))
    seen = map_coordinates(xrayed.hu, at[:, ::-1].T, order=1, mode="nearest")
    np.testing.assert_allclose(seen, thick.hu[mirrored, j, i].ravel(), atol=0.5)


def test_a_place_without_a_vertebra_for_screws_is_refused(folder):
    ct, _ = soft_block()
    place = replace(PLACE, file="block.nii.gz", isocenter_ras=tuple(ct.center_ras))
    save_volume(ct, folder / place.file)
    with pytest.raises(VolumeError, match=r"block\.nii\.gz has no vertebra that a pedicle screw fits"):
        load_anatomy(place, folder)


def detail(picture):
    """The logarithm of a picture without what is smooth in it."""
    log = np.log(picture)
    return log - gaussian_filter(log, 3.0)


def likeness(picture, other, where=...):
    return np.corrcoef(np.ravel(picture[where]), np.ravel(other[where]))[0, 1]


@pytest.mark.usefixtures("small_receptor")
def test_an_xray_shows_what_its_projection_says(anatomy, renderer):
    xray = take_plain_xray(anatomy, renderer, seed=3)
    seen, expected = detail(xray.pixels), detail(np.exp(-renderer.render(xray.projection)))
    assert xray.projection.size_px == SIZE_PX
    assert abs(likeness(seen, expected)) > 0.8
    for mistaken in (expected[::-1], expected[:, ::-1], np.roll(expected, 3, axis=1)):
        assert abs(likeness(seen, mistaken)) < 0.4


@pytest.mark.usefixtures("small_receptor")
@pytest.mark.parametrize("seed", [1, 2])
def test_views_of_a_pair_are_of_different_directions_and_metal_is_where_the_screws_are(anatomy, renderer, seed):
    plain, metal = (take_view_pair(anatomy, renderer, seed, with_screws) for with_screws in (False, True))
    first, second = (projection.viewing_direction_ras for projection in plain.truth)
    assert np.rad2deg(np.arccos(first @ second)) >= cases.LEAST_BETWEEN_VIEWS_DEG
    assert not any(mask.any() for mask in plain.metal_masks)
    for bare, xray, mask in zip(plain.xrays, metal.xrays, metal.metal_masks, strict=True):
        np.testing.assert_array_equal(xray.projection.matrix, bare.projection.matrix)
        np.testing.assert_array_equal(mask, screw_shadow(anatomy.screws, xray.projection) & mask)
        assert mask.sum() > 10
        beside = ~binary_dilation(mask, iterations=2)
        assert likeness(xray.pixels, bare.pixels, beside) > 0.98
        assert np.abs(xray.pixels - bare.pixels)[mask].mean() > 2 * np.abs(xray.pixels - bare.pixels)[beside].mean()


def screw_shadow(screws, projection):
    """Pixels within two of a screw's vertices."""
    shadow = np.zeros(projection.size_px, bool)
    for screw in screws:
        col, row = np.round(projection.project(screw.vertices_ras)).astype(int).T
        inside = (row >= 0) & (row < shadow.shape[0]) & (col >= 0) & (col < shadow.shape[1])
        shadow[row[inside], col[inside]] = True
    return binary_dilation(shadow, iterations=2)


@pytest.mark.usefixtures("small_receptor")
def test_an_xray_without_metal_does_not_pass_for_one_with_screws(anatomy, renderer):
    away = np.eye(4)
    away[2, 3] = 400.0
    elsewhere = replace(anatomy, screws=[replace(screw, to_ras=away @ screw.to_ras) for screw in anatomy.screws])
    with pytest.raises(GeometryError, match="made-up spine .* shows no screw"):
        take_view_pair(elsewhere, renderer, 1, with_screws=True)


def test_moved_soft_tissue_leaves_bone_where_it_is():
    ct, bone = soft_block()
    moved = with_moved_soft_tissue(ct, seed=5)
    np.testing.assert_array_equal(moved.ijk_to_ras, ct.ijk_to_ras)
    np.testing.assert_allclose(moved.hu[bone], ct.hu[bone], atol=1e-3)
    np.testing.assert_array_equal(binary_dilation(bone), binary_dilation(moved.hu > 400))


def test_far_from_bone_soft_tissue_moves_by_millimetres():
    ct, bone = soft_block()
    moved = with_moved_soft_tissue(ct, seed=5)
    far = ~binary_dilation(bone, iterations=8)
    changed = np.abs(moved.hu - ct.hu)[far]
    assert changed.mean() > 10.0
    np.testing.assert_array_equal(moved.hu, with_moved_soft_tissue(ct, seed=5).hu)
    assert np.abs(moved.hu - with_moved_soft_tissue(ct, seed=6).hu)[far].mean() > 10.0
