"""Rays that a CT is too short for: against a cylinder that is cut at both ends and goes on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation, binary_erosion
from scipy.spatial.transform import Rotation

from registration_support import reindexed
from test_cut_faces import HALF_LENGTH_MM, RADIUS_MM, true_marks, trunk
from test_renderer import carm, centered_grid
from xray3d import CTVolume, Projection
from xray3d.drr.renderer import DRRRenderer

BEYOND_MM, STEP_MM = 150.0, 6.0
angles = st.tuples(st.floats(-180, 180), st.floats(-85, 85))


@pytest.fixture(scope="module")
def cylinder():
    return DRRRenderer(trunk())


def view_of(primary_deg, secondary_deg) -> Projection:
    return carm(primary_deg, secondary_deg, size_px=(80, 80), pixel_mm=(4, 4))


def true_lack(view):
    """Whether a ray meets either end of the cylinder, or one of its copies every 10 mm up to 150 mm further out."""
    rows, cols = view.size_px
    row, col = np.mgrid[:rows, :cols]
    directions = view.unproject(np.stack([col, row], axis=-1), np.ones((rows, cols))) - view.source_ras
    lacks = np.zeros((rows, cols), bool)
    for further in np.arange(0, BEYOND_MM + 1, STEP_MM):
        for end in (-HALF_LENGTH_MM - further, HALF_LENGTH_MM + further):
            with np.errstate(divide="ignore", invalid="ignore"):
                depth = (end - view.source_ras[2]) / directions[..., 2]
                across = view.source_ras[:2] + depth[..., None] * directions[..., :2]
            lacks |= (np.hypot(*np.moveaxis(across, -1, 0)) < RADIUS_MM) & (depth > 0) & (depth < view.sdd_mm)
    return lacks


def assert_same(marks, expected):
    """The outline is known to a voxel."""
    assert not (marks & ~binary_dilation(expected, iterations=2)).any()
    assert not (binary_erosion(expected, iterations=2) & ~marks).any()


@settings(max_examples=15)
@given(angles)
def test_all_rays_through_a_cut_lack_tissue(cylinder, angle):
    view = view_of(*angle)
    through = cylinder.leaves_cut_face(view)
    assert np.mean(through & ~cylinder.lacks_tissue(view)) < 0.001, "but for rounding at the outline"


@settings(max_examples=15)
@given(angles)
def test_marks_are_where_the_patient_goes_on(cylinder, angle):
    # The source must not be in the patient who goes on, where nothing is defined.
    view = view_of(angle[0], angle[1] * 60 / 85)
    assert_same(cylinder.lacks_tissue(view), true_lack(view))


def test_rays_beside_a_cut_face_are_marked(cylinder):
    """A frontal view sees the trunk from the side: most rays above its end miss the CT and the cut itself."""
    view = view_of(0, 0)
    marks, through, drr = cylinder.lacks_tissue(view), cylinder.leaves_cut_face(view), cylinder.render(view)
    beside = marks & ~through & (drr == 0)
    assert beside[:10].any()
    assert beside[-10:].any()
    inside = np.abs(np.arange(80) - 39.5) < 8
    assert not marks[inside].any(), "rays through the middle of the CT are complete"
    assert marks[:5, 36:44].all()
    assert not marks[:, :5].any(), "beside the patient there is nothing to miss"


def test_crossing_rays_agree_with_leaving_ones_where_the_patient_is_seen_end_on(cylinder):
    view = view_of(0, 75)
    assert np.mean(true_marks(view)) > 0.02
    assert_same(cylinder.lacks_tissue(view) & true_marks(view), true_marks(view))


def test_a_whole_object_lacks_nothing():
    hu = np.full((40, 40, 40), -1000.0)
    hu[8:32, 8:32, 8:32] = 40.0
    renderer = DRRRenderer(CTVolume(hu, centered_grid((40, 40, 40), (3, 3, 3))))
    assert not renderer.lacks_tissue([carm(0, 0), carm(30, 50), carm(90, 0)]).any()


def test_a_patient_cut_at_one_end_goes_on_there_only():
    hu = trunk().hu.copy()
    hu[-6:] = -1000
    view = view_of(0, 0)
    marks = DRRRenderer(CTVolume(hu, trunk().ijk_to_ras)).lacks_tissue(view)
    # Slices count from the feet, image rows from the head.
    assert not marks[:30].any()
    assert marks[-5:, 36:44].all()


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
@pytest.mark.parametrize("flips", [(), (0,), (1, 2), (0, 1, 2)])
def test_the_order_of_voxels_does_not_matter(cylinder, axes, flips):
    """One end of the trunk is thinner, so that a face taken for its opposite shows."""
    hu = trunk().hu.copy()
    hu[:30, :30] = -1000
    plain = CTVolume(hu, trunk().ijk_to_ras)
    other = reindexed(plain, axes, flips)
    views = [view_of(0, 0), view_of(70, -30)]
    expected = DRRRenderer(plain).lacks_tissue(views)
    assert expected.any()
    assert np.mean(DRRRenderer(other).lacks_tissue(views) != expected) < 0.001


@settings(max_examples=10)
@given(st.tuples(*[st.floats(-180, 180)] * 3), st.tuples(*[st.floats(-300, 300)] * 3))
def test_an_oblique_volume_lacks_what_a_straight_one_does(cylinder, euler_deg, shift_mm):
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("xyz", euler_deg, degrees=True).as_matrix()
    turn[:3, 3] = shift_mm
    turned = DRRRenderer(CTVolume(trunk().hu, turn @ trunk().ijk_to_ras))
    view = view_of(25, 35)
    assert np.mean(turned.lacks_tissue(view.moved(turn)) != cylinder.lacks_tissue(view)) < 0.002


def test_voxels_need_not_be_cubes(cylinder):
    size, spacing = (60, 40, 30), (2.0, 3.0, 4.0)
    grid = centered_grid(size, spacing)
    _, j, i = np.mgrid[:30, :40, :60]
    radius = np.hypot((i - 29.5) * 2, (j - 19.5) * 3)
    flat = DRRRenderer(CTVolume(np.where(radius < RADIUS_MM, 0.0, -1000.0), grid))
    for angle in ((0, 0), (60, 40)):
        assert_same(flat.lacks_tissue(view_of(*angle)), true_lack(view_of(*angle)))


def test_each_of_several_views_has_its_own_marks(cylinder):
    views = [view_of(0, 0), view_of(30, 60)]
    together = cylinder.lacks_tissue(views)
    assert together.shape == (2, 80, 80)
    assert together.dtype == bool
    for marks, view in zip(together, views, strict=True):
        np.testing.assert_array_equal(cylinder.lacks_tissue(view), marks)
