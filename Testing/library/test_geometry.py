"""Projection and C-arm: signs, distances, and that their many views of one geometry agree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from xray3d.errors import GeometryError
from xray3d.geometry import Projection, carm_angles_deg, principal_point_px, projection_from_placement
from xray3d.geometry.carm import receptor_direction_ras

ISOCENTER = np.array([12.0, -30.0, 250.0])

angles = st.tuples(st.floats(-180, 180), st.floats(-80, 80))
offsets = st.tuples(*[st.floats(-80, 80)] * 3).map(np.array)


def carm(primary_deg=0.0, secondary_deg=0.0, **changes) -> Projection:
    values = {"isocenter_ras": ISOCENTER, "sdd_mm": 1020, "sod_mm": 700, "size_px": (200, 260), "pixel_mm": (1.2, 1.1)}
    return Projection.from_carm(primary_deg, secondary_deg, **{**values, **changes})


@st.composite
def projections(draw) -> Projection:
    return carm(*draw(angles)).perturbed(draw(st.tuples(*[st.floats(-0.5, 0.5)] * 6)))


@pytest.mark.parametrize(
    ("primary_deg", "secondary_deg", "receptor_towards"),
    [
        (0, 0, (0, 1, 0)),  # receptor in front of the patient
        (90, 0, (-1, 0, 0)),  # LAO: at the patient's left, -R
        (-90, 0, (1, 0, 0)),  # RAO: at the right
        (180, 0, (0, -1, 0)),
        (0, 30, (0, np.cos(np.pi / 6), 0.5)),  # CRA: towards the head
        (0, -30, (0, np.cos(np.pi / 6), -0.5)),  # CAU: towards the feet
    ],
)
def test_receptor_is_where_dicom_says(primary_deg, secondary_deg, receptor_towards):
    projection = carm(primary_deg, secondary_deg)
    np.testing.assert_allclose(projection.viewing_direction_ras, receptor_towards, atol=1e-12)
    np.testing.assert_allclose(projection.source_ras, ISOCENTER - 700 * np.array(receptor_towards), atol=1e-9)
    centre_of_receptor = projection.image_to_ras @ [129.5, 99.5, 0, 1]
    np.testing.assert_allclose(centre_of_receptor[:3], ISOCENTER + 320 * np.array(receptor_towards), atol=1e-9)


def test_head_is_up_and_nothing_is_mirrored():
    """From behind, with the receptor in front: right hand side right, head up, and twice nearer is twice larger."""
    projection = carm()
    centre = projection.project(ISOCENTER)
    np.testing.assert_allclose(centre, [129.5, 99.5], atol=1e-9)
    to_right, to_head = (projection.project(ISOCENTER + step) - centre for step in ([10, 0, 0], [0, 0, 10]))
    np.testing.assert_allclose(to_right, [10 * 1020 / 700 / 1.1, 0], atol=1e-9)
    np.testing.assert_allclose(to_head, [0, -10 * 1020 / 700 / 1.2], atol=1e-9)
    nearer = projection.project(ISOCENTER + np.array([10, -350, 0])) - centre
    np.testing.assert_allclose(nearer, 2 * to_right, atol=1e-9)


@given(projections(), st.floats(-20, 280), st.floats(-20, 220), st.floats(10, 2000))
def test_what_it_sees_are_the_points_that_project_into_its_image(projection, column, row, depth_mm):
    inside = -0.5 <= column <= 259.5 and -0.5 <= row <= 199.5
    off_the_edge = min(abs(column + 0.5), abs(column - 259.5), abs(row + 0.5), abs(row - 199.5))
    point = projection.unproject([column, row], depth_mm)
    behind = 2 * projection.source_ras - point
    seen = projection.sees([[point, behind]])
    assert seen.shape == (1, 2)
    assert not seen[0, 1]
    assert seen[0, 0] == projection.sees(point)
    if off_the_edge > 1e-6:
        assert seen[0, 0] == inside


@given(angles)
def test_angles_follow_from_the_viewing_direction(pair):
    primary_deg, secondary_deg = carm_angles_deg(carm(*pair).viewing_direction_ras)
    same_turn = np.isclose((primary_deg - pair[0] + 180) % 360, 180, atol=1e-6)
    assert same_turn
    assert secondary_deg == pytest.approx(pair[1], abs=1e-6)


@given(angles)
def test_pose_is_a_tilt_and_then_a_turn_about_the_long_axis(pair):
    """Independent of the closed form: scipy's rotations, of the camera that looks to the front with its head up."""
    upright = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    turn = Rotation.from_euler("z", pair[0], degrees=True) * Rotation.from_euler("x", pair[1], degrees=True)
    np.testing.assert_allclose(carm(*pair).extrinsic[:3, :3], upright @ turn.as_matrix().T, atol=1e-12)
    np.testing.assert_allclose(receptor_direction_ras(*pair), turn.apply([0, 1, 0]), atol=1e-12)


@given(projections(), st.floats(0, 259), st.floats(0, 199), st.floats(10, 2000))
def test_unproject_is_the_inverse_of_project(projection, column, row, depth_mm):
    point = projection.unproject([column, row], depth_mm)
    np.testing.assert_allclose(projection.project(point), [column, row], atol=1e-7)
    assert (projection.extrinsic @ [*point, 1])[2] == pytest.approx(depth_mm)


@given(projections(), st.floats(0, 259), st.floats(0, 199), st.floats(-500, 300))
def test_image_to_ras_places_pixels_on_their_rays(projection, column, row, behind_mm):
    """Pixels project onto themselves from the receptor; off it, the third axis is its normal, in mm."""
    on_receptor = (projection.image_to_ras @ [column, row, 0, 1])[:3]
    np.testing.assert_allclose(projection.project(on_receptor), [column, row], atol=1e-7)
    assert (on_receptor - projection.source_ras) @ projection.viewing_direction_ras == pytest.approx(1020)
    off_receptor = (projection.image_to_ras @ [column, row, behind_mm, 1])[:3]
    np.testing.assert_allclose(off_receptor - on_receptor, behind_mm * projection.viewing_direction_ras, atol=1e-9)


@given(projections(), offsets)
def test_matrix_is_what_project_does(projection, offset):
    point = ISOCENTER + offset
    column, row, depth = projection.matrix @ [*point, 1]
    np.testing.assert_allclose(projection.project(point), [column / depth, row / depth], atol=1e-9)


def test_points_behind_the_source_are_nowhere():
    projection = carm()
    behind = projection.source_ras - 10 * projection.viewing_direction_ras
    assert np.isnan(projection.project([behind, ISOCENTER])).tolist() == [[True, True], [False, False]]


@given(projections(), offsets, st.tuples(*[st.floats(-40, 40)] * 6))
def test_moving_camera_and_anatomy_together_changes_nothing(projection, offset, motion):
    transform = np.eye(4)
    transform[:3, :3] = Rotation.from_euler("xyz", motion[:3], degrees=True).as_matrix()
    transform[:3, 3] = motion[3:]
    point = ISOCENTER + offset
    moved = projection.moved(transform)
    np.testing.assert_allclose(moved.project((transform @ [*point, 1])[:3]), projection.project(point), atol=1e-7)
    np.testing.assert_allclose(moved.source_ras, (transform @ [*projection.source_ras, 1])[:3], atol=1e-7)


def test_perturbation_moves_the_anatomy_in_the_camera_frame():
    projection = carm(33, 12)
    shifted = projection.perturbed([7, 0, 0, 0, 0, 0])
    right = projection.extrinsic[0, :3]
    np.testing.assert_allclose(shifted.project(ISOCENTER), projection.project(ISOCENTER + 7 * right), atol=1e-9)
    turned = projection.perturbed([0, 0, 0, 0, 0, np.pi / 2]).extrinsic[:3, :3]
    np.testing.assert_allclose(turned[0], -projection.extrinsic[1, :3], atol=1e-12)


@given(projections(), st.integers(1, 300), st.integers(1, 300))
def test_resampling_keeps_the_field_of_view(projection, rows, cols):
    resampled = projection.resampled((rows, cols))

    def edges(p: Projection) -> np.ndarray:
        return p.unproject([[-0.5, -0.5], [p.size_px[1] - 0.5, p.size_px[0] - 0.5]], 500.0)

    np.testing.assert_allclose(edges(resampled), edges(projection), atol=1e-7)
    assert resampled.sdd_mm == pytest.approx(projection.sdd_mm)
    assert resampled.size_px == (rows, cols)


@given(projections(), st.floats(0, 259), st.floats(0, 199))
def test_placement_and_principal_point_give_the_projection_back(projection, column, row):
    """Also for a receptor whose principal point is anywhere, as after cropping."""
    intrinsic = projection.intrinsic.copy()
    intrinsic[:2, 2] = column, row
    cropped = Projection(intrinsic, projection.extrinsic, projection.size_px, projection.pixel_mm)
    back = projection_from_placement(cropped.image_to_ras, cropped.sdd_mm, principal_point_px(cropped), (200, 260))
    np.testing.assert_allclose(back.matrix, cropped.matrix, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(back.pixel_mm, cropped.pixel_mm)


def test_a_mirrored_placement_is_refused():
    placement = carm().image_to_ras.copy()
    placement[:3, 0] *= -1
    with pytest.raises(GeometryError, match="right handed"):
        projection_from_placement(placement, 1020, (129.5, 99.5), (200, 260))


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"sod_mm": 1020}, "sod_mm"),
        ({"sod_mm": -1}, "sod_mm"),
        ({"sdd_mm": np.inf}, "source and detector"),
        ({"sdd_mm": np.nan}, "source and detector"),
        ({"size_px": (0, 5)}, "size_px"),
        ({"pixel_mm": (1, -1)}, "pixel_mm"),
        ({"isocenter_ras": (0, 0)}, "isocentre"),
        ({"isocenter_ras": (0, 0, np.nan)}, "isocentre"),
    ],
)
def test_impossible_carm_is_refused_by_name(changes, names):
    with pytest.raises(GeometryError, match=names):
        carm(**changes)


def test_impossible_projection_is_refused_by_name():
    good = carm()
    mirrored = np.diag([-1.0, 1, 1, 1]) @ good.extrinsic
    for intrinsic, extrinsic, names in (
        (good.intrinsic.T, good.extrinsic, "intrinsic"),
        (good.intrinsic, mirrored, "extrinsic"),
        (good.intrinsic, 2 * good.extrinsic, "extrinsic"),
        (good.intrinsic * np.nan, good.extrinsic, "intrinsic"),
        (good.intrinsic, good.extrinsic[:3], "extrinsic"),
    ):
        with pytest.raises(GeometryError, match=names):
            Projection(intrinsic, extrinsic, good.size_px, good.pixel_mm)
