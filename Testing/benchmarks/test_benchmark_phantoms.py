"""The phantoms' closed-form line integrals against brute force, and their voxels against their shapes."""

import numpy as np
import pytest
from scipy.integrate import trapezoid
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from xray3d.benchmarks.job import VIEW_ANGLES_DEG, projection, rmse_percent
from xray3d.benchmarks.phantoms import (
    HARD_ELLIPSOIDS,
    SMOOTH_BLOBS,
    Ellipsoid,
    GaussianBlob,
    line_integrals,
    voxelise,
)

ELLIPSOID = Ellipsoid((12.0, -7.0, 20.0), (40.0, 18.0, 27.0), (30.0, -20.0, 75.0), 0.02)
BLOB = GaussianBlob((-5.0, 11.0, 3.0), (9.0, 5.0, 7.0), (10.0, 50.0, -25.0), 0.03)
SOURCE = np.array([30.0, -690.0, 45.0])


def local(shape, points):
    """Points along the shape's own axes, written without the matrices that the phantoms use."""
    return Rotation.from_euler("XYZ", shape.rotation_deg, degrees=True).inv().apply(points - np.array(shape.center_ras))


def density(shape, points):
    if isinstance(shape, Ellipsoid):
        return shape.attenuation_per_mm * (np.sum((local(shape, points) / shape.radii_mm) ** 2, axis=1) < 1)
    return shape.attenuation_per_mm * np.exp(-np.sum((local(shape, points) / shape.sigma_mm) ** 2, axis=1) / 2)


@pytest.mark.parametrize("shape", [ELLIPSOID, BLOB], ids=["ellipsoid", "blob"])
def test_line_integral_agrees_with_quadrature(shape):
    rng = np.random.default_rng(1)
    targets = np.array(shape.center_ras) + rng.uniform(-30, 30, (40, 3))
    directions = (targets - SOURCE) / np.linalg.norm(targets - SOURCE, axis=1, keepdims=True)
    along_mm = np.arange(500.0, 900.0, 0.01)
    expected = [trapezoid(density(shape, SOURCE + along_mm[:, None] * one), along_mm) for one in directions]
    # The quadrature itself misplaces each of an ellipsoid's two faces by up to a step.
    tolerance = shape.attenuation_per_mm * 0.02
    np.testing.assert_allclose(shape.line_integral(SOURCE, directions), expected, atol=tolerance)
    assert np.max(expected) > 10 * tolerance


def test_a_line_that_misses_an_ellipsoid_has_no_integral():
    assert ELLIPSOID.line_integral(SOURCE, np.array([[0.0, 0.0, 1.0]])) == 0.0


def grid(voxel_mm, size):
    ijk_to_ras = np.diag([voxel_mm, voxel_mm, voxel_mm, 1.0])
    ijk_to_ras[:3, 3] = -voxel_mm * (size - 1) / 2
    return ijk_to_ras


def test_voxelised_ellipsoid_has_the_mass_of_the_ellipsoid():
    volume = voxelise([ELLIPSOID], (64, 64, 64), grid(2.0, 64))
    mass = volume.sum(dtype=float) * 2.0**3
    expected = ELLIPSOID.attenuation_per_mm * 4 / 3 * np.pi * np.prod(ELLIPSOID.radii_mm)
    assert mass == pytest.approx(expected, rel=1e-3)
    partly_filled = (volume > 0) & (volume < 0.999 * volume.max())
    assert partly_filled.sum() > 1000


def test_voxels_follow_a_flipped_and_permuted_grid():
    straight = grid(4.0, 40)
    swapped = straight @ np.array([[0, 0, -1, 39], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]])
    # i' runs along j, j' along k, and k' along i backwards.
    expected = voxelise([ELLIPSOID, BLOB], (40, 40, 40), straight).transpose(2, 0, 1)[::-1]
    np.testing.assert_allclose(voxelise([ELLIPSOID, BLOB], (40, 40, 40), swapped), expected, atol=1e-5)


@pytest.mark.parametrize("view", VIEW_ANGLES_DEG)
@pytest.mark.parametrize("shapes", [HARD_ELLIPSOIDS, SMOOTH_BLOBS], ids=["hard", "smooth"])
def test_the_voxels_project_to_the_closed_form(shapes, view):
    size, voxel_mm = 128, 1.6
    volume = voxelise(shapes, (size, size, size), grid(voxel_mm, size))
    geometry = projection(view, size_px=24)
    row, col = np.mgrid[:24, :24]
    step_mm = 0.8
    depth_mm = np.arange(480.0, 920.0, step_mm)
    pixels = np.stack([col, row], axis=-1)[..., None, :].repeat(len(depth_mm), axis=2)
    points = geometry.unproject(pixels, depth_mm)
    ijk = (points + voxel_mm * (size - 1) / 2) / voxel_mm
    samples = map_coordinates(volume, np.moveaxis(ijk[..., ::-1], -1, 0), order=1)
    stretch = np.linalg.norm(points[:, :, 1] - points[:, :, 0], axis=-1)
    truth = line_integrals(shapes, geometry)
    image = samples.sum(axis=-1) * stretch
    assert rmse_percent(image, truth) < 1.5
    for mistaken in (image[::-1], image[:, ::-1], image.T):
        assert rmse_percent(mistaken, truth) > 5
