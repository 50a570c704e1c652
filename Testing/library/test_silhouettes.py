"""What an X-ray would show of a surface."""

import numpy as np
import pytest
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkFiltersSources import vtkSphereSource

from test_geometry import ISOCENTER, carm
from xray3d.reconstruction.silhouettes import outlines, silhouette

VIEW = carm(30, -10, size_px=(240, 300), pixel_mm=(0.9, 0.8))
RADIUS_MM = 25.0


def sphere(center, radius_mm=RADIUS_MM):
    """Vertices and triangles."""
    source = vtkSphereSource()
    source.SetRadius(radius_mm)
    source.SetCenter(center)
    source.SetThetaResolution(90)
    source.SetPhiResolution(90)
    source.Update()
    surface = source.GetOutput()
    triangles = vtk_to_numpy(surface.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    return vtk_to_numpy(surface.GetPoints().GetData()).astype(float), triangles


def misses_mm(view, center):
    """How far each pixel's ray passes from a point, (rows, cols)."""
    rows, cols = np.indices(view.size_px)
    rays = view.unproject(np.stack([cols, rows], axis=-1), np.ones(view.size_px)) - view.source_ras
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    return np.linalg.norm(np.cross(center - view.source_ras, rays), axis=-1)


@pytest.mark.parametrize("aside", [(0, 0, 0), (20, -60, 30), (70, 0, 0)])
def test_of_a_sphere_it_is_the_pixels_whose_rays_meet_it(aside):
    """Also off the middle, where the disc is an ellipse, and at the edge of the image; to a pixel, 0.6 mm there."""
    center = ISOCENTER + aside
    covered = silhouette(*sphere(center), VIEW)
    misses = misses_mm(VIEW, center)
    assert covered.shape == VIEW.size_px
    assert covered[misses < RADIUS_MM - 0.6].all()
    assert not covered[misses > RADIUS_MM + 0.6].any()
    assert covered.any()


def test_of_a_sphere_on_the_central_ray_it_is_a_disc_as_large_as_magnification_makes_it():
    covered = silhouette(*sphere(ISOCENTER), VIEW)
    row, col = (axis[covered].mean() for axis in np.indices(covered.shape))
    np.testing.assert_allclose([col, row], VIEW.project(ISOCENTER), atol=0.2)
    on_detector_mm = 1020 * RADIUS_MM / np.sqrt(700**2 - RADIUS_MM**2)
    area_mm2 = covered.sum() * 0.9 * 0.8
    assert np.sqrt(area_mm2 / np.pi) == pytest.approx(on_detector_mm, abs=0.7)


def test_what_is_beside_the_image_leaves_it_empty():
    assert not silhouette(*sphere(ISOCENTER + [0, 0, 300]), VIEW).any()


def test_triangles_that_are_not_wholly_before_the_source_are_left_out():
    """A whole sphere behind it, and one of two triangles, which has a corner there."""
    source, towards = VIEW.source_ras, VIEW.viewing_direction_ras
    assert not silhouette(*sphere(source - 200 * towards), VIEW).any()
    across = VIEW.extrinsic[0, :3]
    far, near = source + 700 * towards, source - 100 * towards
    corners = np.stack([far - 5 * across, far + 5 * across, far + 40 * VIEW.extrinsic[1, :3], near])
    alone = silhouette(corners, np.array([[0, 1, 2]]), VIEW)
    assert alone.any()
    both = silhouette(corners, np.array([[0, 1, 2], [0, 1, 3]]), VIEW)
    np.testing.assert_array_equal(both, alone)


def test_outlines_are_closed_lines_on_the_edge_of_what_is_covered():
    covered = silhouette(*sphere(ISOCENTER), VIEW)
    (line,) = outlines(covered)
    np.testing.assert_array_equal(line[0], line[-1])
    assert np.abs(np.diff(line, axis=0)).max() == 1
    columns, rows = line.astype(int).T
    np.testing.assert_allclose(misses_mm(VIEW, ISOCENTER)[rows, columns], RADIUS_MM, atol=1.0)


def test_holes_keep_their_outline():
    """A ring of triangles across the central ray."""
    angles = np.linspace(0, 2 * np.pi, 73)[:-1]
    across = np.cos(angles)[:, None] * VIEW.extrinsic[0, :3] + np.sin(angles)[:, None] * VIEW.extrinsic[1, :3]
    inner, outer = ISOCENTER + 10 * across, ISOCENTER + 20 * across
    one, following = np.arange(72), (np.arange(72) + 1) % 72
    triangles = np.concatenate(
        [np.stack([one, following, 72 + one], axis=1), np.stack([following, 72 + following, 72 + one], axis=1)]
    )
    covered = silhouette(np.concatenate([inner, outer]), triangles, VIEW)
    misses = misses_mm(VIEW, ISOCENTER)
    assert not covered[misses < 9].any()
    lines = sorted(outlines(covered), key=len)
    assert len(lines) == 2
    for line, radius_mm in zip(lines, (10, 20), strict=True):
        columns, rows = line.astype(int).T
        np.testing.assert_allclose(misses[rows, columns], radius_mm, atol=1.0)


def test_nothing_has_no_outlines():
    assert outlines(np.zeros((5, 6), bool)) == []
