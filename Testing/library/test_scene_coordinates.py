"""Entry and exit points on an analytic sphere, on label maps and on grids of any orientation."""

from functools import lru_cache
from itertools import product

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from test_renderer import carm, centered_grid
from xray3d import CTVolume, Projection
from xray3d.drr.scene_coordinates import SceneCoordinateRenderer
from xray3d.errors import VolumeError

RADIUS_MM = 50.0
CENTER_RAS = np.array([4.0, -3.0, 6.0])
VIEWS = [(0, 0), (90, 0), (30, 20), (-140, -35), (0, 85)]


def sphere_ct(spacing_mm=(1.5, 1.5, 1.5), rotation=None):
    """HU that fall by 20 a mm from the centre and cross 250 at the sphere."""
    size = tuple(int(140 / s) for s in spacing_mm)
    grid = centered_grid(size, spacing_mm, rotation)
    k, j, i = np.mgrid[: size[2], : size[1], : size[0]]
    points = np.stack([i, j, k], axis=-1) @ grid[:3, :3].T + grid[:3, 3]
    distance = np.linalg.norm(points - CENTER_RAS, axis=-1)
    return CTVolume(250.0 + 20.0 * (RADIUS_MM - distance), grid), distance < RADIUS_MM


@lru_cache
def partial_volume_ct(spacing_mm, points_a_side=5):
    """1000 HU inside the sphere, air outside, and the mean of both in the voxels between."""
    ct, _ = sphere_ct(spacing_mm)
    filling = np.zeros(ct.hu.shape)
    steps = (np.arange(points_a_side) + 0.5) / points_a_side - 0.5
    for shift in product(steps, repeat=3):
        points = ct.to_ras(np.moveaxis(np.indices(ct.hu.shape)[::-1], 0, -1) + shift)
        filling += np.linalg.norm(points - CENTER_RAS, axis=-1) < RADIUS_MM
    return CTVolume(-1000 + 2000 * filling / points_a_side**3, ct.ijk_to_ras)


def true_points(view: Projection):
    """Entry and exit (rows, cols, 3) of every ray on the sphere, NaN beside it."""
    rows, cols = view.size_px
    row, col = np.mgrid[:rows, :cols]
    directions = view.unproject(np.stack([col, row], axis=-1), np.ones((rows, cols))) - view.source_ras
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    to_source = view.source_ras - CENTER_RAS
    along = directions @ to_source
    discriminant = along**2 - to_source @ to_source + RADIUS_MM**2
    half_chord = np.sqrt(np.where(discriminant > 0, discriminant, np.nan))
    return [view.source_ras + (-along + sign * half_chord)[..., None] * directions for sign in (-1, 1)]


@pytest.mark.parametrize("angles", VIEWS)
def test_a_sphere_is_entered_and_left_where_geometry_says(angles):
    view = carm(*angles, size_px=(128, 128), pixel_mm=(1.4, 1.4))
    ct, _ = sphere_ct()
    scene = SceneCoordinateRenderer(ct).render(view)
    true_entry, true_exit = true_points(view)
    # All of the sphere but its outermost ring, where the surface is met flatly: 1 - 0.3² of its area.
    met = ~np.isnan(true_entry[..., 0])
    assert not (scene.valid & ~met).any()
    assert scene.valid.sum() / met.sum() == pytest.approx(1 - 0.3**2, abs=0.01)
    for found, true in ((scene.entry_ras, true_entry), (scene.exit_ras, true_exit)):
        errors = np.linalg.norm(found - true, axis=-1)[scene.valid]
        assert np.nanmax(errors) < 0.5 * 1.5


@pytest.mark.parametrize("spacing_mm", [(1.5, 1.5, 1.5), (1.0, 1.0, 1.0), (1.2, 1.8, 2.4)])
@pytest.mark.parametrize("angles", VIEWS)
def test_a_sphere_as_a_scanner_averages_it_is_met_within_half_a_voxel(angles, spacing_mm):
    view = carm(*angles, size_px=(128, 128), pixel_mm=(1.4, 1.4))
    scene = SceneCoordinateRenderer(partial_volume_ct(spacing_mm), 0.0).render(view)
    for found, true in zip((scene.entry_ras, scene.exit_ras), true_points(view), strict=True):
        assert np.linalg.norm(found - true, axis=-1)[scene.valid].max() < 0.5 * max(spacing_mm)


@pytest.mark.parametrize("angles", VIEWS)
def test_points_project_back_into_their_pixels(angles):
    view = carm(*angles, size_px=(96, 80), pixel_mm=(1.6, 2.0))
    scene = SceneCoordinateRenderer(sphere_ct()[0]).render(view)
    row, col = np.nonzero(scene.valid)
    for points in (scene.entry_ras, scene.exit_ras):
        assert np.abs(view.project(points[scene.valid]) - np.c_[col, row]).max() < 0.01


def test_a_label_map_is_met_within_half_a_voxel_of_the_sphere():
    view = carm(30, 20, size_px=(128, 128), pixel_mm=(1.4, 1.4))
    ct, mask = sphere_ct()
    scene = SceneCoordinateRenderer(ct, mask).render(view)
    for points in (scene.entry_ras, scene.exit_ras):
        from_surface = np.abs(np.linalg.norm(points[scene.valid] - CENTER_RAS, axis=1) - RADIUS_MM)
        assert from_surface.max() < 0.5 * 1.5


def test_any_grid_gives_the_same_points():
    view = carm(-40, 15, size_px=(64, 64), pixel_mm=(2.6, 2.6))
    expected = SceneCoordinateRenderer(sphere_ct()[0]).render(view)
    oblique = Rotation.from_euler("xyz", [20, -35, 130], degrees=True).as_matrix() @ np.diag([1, -1, 1])
    scene = SceneCoordinateRenderer(sphere_ct((1.2, 1.8, 2.4), oblique)[0]).render(view)
    both = scene.valid & expected.valid
    assert both.sum() > 0.99 * expected.valid.sum()
    distances = np.linalg.norm(scene.entry_ras - expected.entry_ras, axis=-1)[both]
    assert np.percentile(distances, 99) < 0.3


def test_a_batch_is_its_views_and_misses_are_nan():
    renderer = SceneCoordinateRenderer(sphere_ct()[0])
    views = [carm(*angles, size_px=(32, 32)) for angles in VIEWS[:2]]
    batch = renderer.render(views)
    single = renderer.render(views[1])
    assert batch.valid.shape == (2, 32, 32)
    assert np.array_equal(batch.entry_ras[1], single.entry_ras, equal_nan=True)
    assert np.isnan(single.entry_ras[~single.valid]).all()
    assert not np.isnan(single.exit_ras[single.valid]).any()


def test_bad_masks_are_refused_in_a_sentence():
    ct, mask = sphere_ct()
    with pytest.raises(VolumeError, match="resample"):
        SceneCoordinateRenderer(ct, mask[1:])
    with pytest.raises(VolumeError, match="no bone"):
        SceneCoordinateRenderer(ct, np.zeros_like(mask))
    with pytest.raises(VolumeError, match="no bone"):
        SceneCoordinateRenderer(ct, 5000.0)
