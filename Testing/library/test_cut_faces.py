"""Rays that leave the body where the CT ends."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from test_renderer import carm, centered_grid
from xray3d import CTVolume, Projection
from xray3d.drr.renderer import DRRRenderer

RADIUS_MM, HALF_LENGTH_MM = 40.0, 60.0
SIZE = (60, 60, 60)
SPACING = (2.0, 2.0, 2.0)


def trunk(rotation=None, lung=False):
    """A cylinder along the third grid axis, cut by the volume at both ends; with a lung inside, if asked for."""
    grid = centered_grid(SIZE, SPACING, rotation)
    _, j, i = np.mgrid[: SIZE[2], : SIZE[1], : SIZE[0]]
    radius = np.hypot((i - 29.5) * 2, (j - 29.5) * 2)
    hu = np.where(radius < RADIUS_MM, 0.0, -1000.0)
    if lung:
        hu[radius < 25] = -850.0
    return CTVolume(hu, grid)


def true_marks(view: Projection, rotation=None):
    """Whether a ray crosses either end of the cylinder."""
    to_trunk = np.eye(3) if rotation is None else np.asarray(rotation).T
    rows, cols = view.size_px
    row, col = np.mgrid[:rows, :cols]
    points = view.unproject(np.stack([col, row], axis=-1), np.ones((rows, cols)))
    directions = (points - view.source_ras) @ to_trunk.T
    source = to_trunk @ view.source_ras
    marks = np.zeros((rows, cols), bool)
    for end in (-HALF_LENGTH_MM, HALF_LENGTH_MM):
        depth = (end - source[2]) / directions[..., 2]
        crossing = source[:2] + depth[..., None] * directions[..., :2]
        marks |= (np.hypot(*np.moveaxis(crossing, -1, 0)) < RADIUS_MM) & (depth > 0) & (depth < view.sdd_mm)
    return marks


@pytest.mark.parametrize("angles", [(0, 0), (90, 0), (0, 40), (30, -60), (15, 85)])
@pytest.mark.parametrize("lung", [False, True])
def test_marks_are_where_rays_cross_the_cuts(angles, lung):
    view = carm(*angles, size_px=(120, 120), pixel_mm=(2, 2))
    marks = DRRRenderer(trunk(lung=lung)).leaves_cut_face(view)
    expected = true_marks(view)
    disagreement = np.mean(marks != expected)
    assert disagreement < 0.03, "the outline is known to a voxel"
    assert marks.any() == expected.any()


def test_marks_follow_an_oblique_volume():
    rotation = Rotation.from_euler("xyz", [65, 10, 0], degrees=True).as_matrix()
    view = carm(0, 0, size_px=(120, 120), pixel_mm=(2, 2))
    marks = DRRRenderer(trunk(rotation)).leaves_cut_face(view)
    expected = true_marks(view, rotation)
    assert expected.any()
    assert np.mean(marks != expected) < 0.03


def test_a_body_within_the_volume_has_no_marks():
    hu = np.full((40, 40, 40), -1000.0)
    hu[8:32, 8:32, 8:32] = 40.0
    ct = CTVolume(hu, centered_grid((40, 40, 40), (3, 3, 3)))
    assert not DRRRenderer(ct).leaves_cut_face([carm(0, 0), carm(30, 50)]).any()
