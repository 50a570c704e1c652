"""Entry and exit points on an analytic sphere, on label maps and on grids of any orientation."""

from functools import lru_cache
from itertools import product

import numpy as np
import pytest
import warp as wp
from scipy import ndimage
from scipy.spatial.transform import Rotation

from test_renderer import carm, centered_grid
from xray3d import CTVolume, Projection
from xray3d.drr.empty_space import block_distances, block_shift, occupied_cells
from xray3d.drr.scene_coordinates import SceneCoordinateRenderer
from xray3d.errors import VolumeError

RADIUS_MM = 50.0
CENTER_RAS = np.array([4.0, -3.0, 6.0])
OBLIQUE_AND_FLIPPED = Rotation.from_euler("xyz", [20, -35, 130], degrees=True).as_matrix() @ np.diag([1, -1, 1])
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


def test_rays_that_graze_count_where_only_their_distance_matters():
    """All of the sphere: both points lie on their rays, if at uncertain depths."""
    view = carm(0, 0, size_px=(128, 128), pixel_mm=(1.4, 1.4))
    scene = SceneCoordinateRenderer(sphere_ct()[0], least_cosine=0.0).render(view)
    assert scene.valid.sum() / (~np.isnan(true_points(view)[0][..., 0])).sum() == pytest.approx(1.0, abs=0.01)
    row, col = np.nonzero(scene.valid)
    for points in (scene.entry_ras, scene.exit_ras):
        assert np.abs(view.project(points[scene.valid]) - np.c_[col, row]).max() < 0.01


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
    scene = SceneCoordinateRenderer(sphere_ct((1.2, 1.8, 2.4), OBLIQUE_AND_FLIPPED)[0]).render(view)
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


def speckled_ct(rotation=None):
    """Specks of bone of a few voxels, far apart, on an anisotropic grid."""
    noise = ndimage.gaussian_filter(np.random.default_rng(5).normal(size=(26, 44, 52)), 1.3)
    return CTVolume(-700 + 400 * noise / noise.std(), centered_grid((52, 44, 26), (1.7, 2.0, 3.1), rotation))


def plain_scene(ct, field, level, view):
    """Entry, exit (pixels, 3) and validity by one sample after the other in double precision, leaping over nothing."""
    to_ijk = np.linalg.inv(ct.ijk_to_ras)
    pixels = np.stack([*np.mgrid[: view.size_px[0], : view.size_px[1]][::-1], np.ones(view.size_px)], -1).reshape(-1, 3)
    rays = pixels @ view.pixel_to_ras_direction.T
    directions, source = rays @ to_ijk[:3, :3].T, to_ijk[:3, :3] @ view.source_ras + to_ijk[:3, 3]

    def sample(points):
        return ndimage.map_coordinates(np.pad(field, 1), np.moveaxis(points, -1, 0)[::-1] + 1, order=1)

    def first_inside(begin, end):
        count = np.floor(np.abs(end - begin) * np.abs(directions).max(1) / 0.5) + 1
        steps = np.minimum(np.arange(np.nanmax(count) + 1), count[:, None])
        depths = begin[:, None] + steps * ((end - begin) / count)[:, None]
        inside = sample(source + depths[..., None] * directions[:, None]) >= level
        first = inside.argmax(1)
        found, outside = (np.take_along_axis(depths, n[:, None], 1)[:, 0] for n in (first, np.maximum(first - 1, 0)))
        for _ in range(9):
            middle = (found + outside) / 2
            hit = sample(source + middle[:, None] * directions) >= level
            found, outside = np.where(hit, middle, found), np.where(hit, outside, middle)
        return np.where(inside.any(1), found, np.nan)

    def cosine(depth):
        points = source + depth[:, None] * directions
        gradient = np.stack([sample(points + half) - sample(points - half) for half in np.eye(3) / 2], -1)
        normals = gradient @ to_ijk[:3, :3]
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        return np.abs((normals * rays).sum(1)) / np.linalg.norm(rays, axis=1)

    occupied = np.argwhere(field >= level)[:, ::-1]
    # Rays are sampled from where the renderer begins: half a voxel apart, samples elsewhere meet other slivers.
    box = np.array([occupied.min(0) - 1 + 1e-3, occupied.max(0) + 1 - 1e-3])
    ends = np.sort((box[:, None] - source) / directions, axis=0)
    enter, leave = ends[0].max(1), ends[1].min(1)
    enter, leave = np.where(leave > enter, [enter, leave], np.nan)
    entry = first_inside(enter, leave)
    exit_ = first_inside(leave, entry)
    met = ~np.isnan(entry)
    valid = met & (np.minimum(cosine(entry), cosine(exit_)) >= 0.3)
    return [view.source_ras + depth[:, None] * rays for depth in (entry, exit_)], valid


@pytest.mark.parametrize("bone", [250.0, -100.0, "mask"])
@pytest.mark.parametrize("rotation", [None, OBLIQUE_AND_FLIPPED])
@pytest.mark.parametrize("angles", [(0, 0), (90, 0), (-37, 22)])
def test_leaping_over_empty_space_changes_no_point(angles, rotation, bone):
    ct = speckled_ct(rotation)
    view = carm(*angles, size_px=(48, 40), pixel_mm=(3.0, 3.4))
    mask = ct.hu >= 0
    scene = SceneCoordinateRenderer(ct, mask if bone == "mask" else bone).render(view)
    field, level = (mask.astype(float), 0.5) if bone == "mask" else (np.maximum(ct.hu + 1024.0, 0), bone + 1024)
    points, valid = plain_scene(ct, field, level, view)
    assert 50 < valid.sum() < 0.9 * valid.size
    # A surface just touched may be met by one precision and not by the other.
    assert np.mean(scene.valid.ravel() != valid) < 0.005
    both = scene.valid.ravel() & valid
    for found, expected in zip((scene.entry_ras, scene.exit_ras), points, strict=True):
        distances = np.linalg.norm(found.reshape(-1, 3) - expected, axis=1)[both]
        assert np.mean(distances > 0.01) < 0.005


def test_distances_count_the_empty_blocks_to_the_nearest_bone():
    occupied = np.zeros((10, 39, 45), bool)
    occupied[3, 5, 7] = occupied[4, 20, 40] = occupied[9, 38, 44] = True  # the second: shared by eight blocks
    shift = block_shift(np.array([0.9, 1.1, 2.2]))
    cells = occupied_cells(occupied)
    distances = block_distances(cells, shift)
    assert cells.sum() == 8 + 8 + 1
    assert shift.tolist() == [2, 2, 1]
    assert distances.shape == (5, 10, 11)
    corners = [
        tuple(slice(n * s, (n + 1) * s + 1) for n, s in zip(block, (2, 4, 4), strict=True))
        for block in np.ndindex(5, 10, 11)
    ]
    bone = np.argwhere(np.reshape([occupied[corner].any() for corner in corners], distances.shape))
    assert len(bone) == 1 + 8 + 1
    for block in np.ndindex(distances.shape):
        assert distances[block] == np.abs(bone - block).max(axis=1).min()


def test_maps_on_the_device_are_torch_tensors_without_a_copy():
    torch = pytest.importorskip("torch")
    renderer = SceneCoordinateRenderer(sphere_ct()[0])
    views = [carm(*angles, size_px=(24, 32), pixel_mm=(5.0, 4.0)) for angles in VIEWS[:3]]
    maps, expected = renderer.render_maps_on_device(views), renderer.render(views)
    points, entry, leave, valid = map(wp.to_torch, (maps.points_ras, maps.entry_ras, maps.exit_ras, maps.valid))
    assert valid.dtype == torch.bool
    assert np.array_equal(valid.numpy(), expected.valid)
    assert np.array_equal(entry.numpy(), expected.entry_ras, equal_nan=True)
    assert np.array_equal(leave.numpy(), expected.exit_ras, equal_nan=True)
    assert (entry.data_ptr(), leave.data_ptr()) == (points.data_ptr(), points[..., 3:].data_ptr())
    assert np.array_equal(renderer.render_on_device(views).numpy(), points.numpy(), equal_nan=True)


def test_bad_masks_are_refused_in_a_sentence():
    ct, mask = sphere_ct()
    with pytest.raises(VolumeError, match="resample"):
        SceneCoordinateRenderer(ct, mask[1:])
    with pytest.raises(VolumeError, match="no bone"):
        SceneCoordinateRenderer(ct, np.zeros_like(mask))
    with pytest.raises(VolumeError, match="no bone"):
        SceneCoordinateRenderer(ct, 5000.0)
