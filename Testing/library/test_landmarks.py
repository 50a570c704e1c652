"""Starts from landmarks: what a few pairs of points determine, and what is said where they do not."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from test_geometry import ISOCENTER, carm
from xray3d.errors import GeometryError
from xray3d.geometry import carm_angles_deg
from xray3d.geometry.markups import PointList
from xray3d.geometry.poses import about, rotation_angle, se3_exp
from xray3d.registration.landmark_files import load_pairs
from xray3d.registration.landmark_pairs import pair_landmarks
from xray3d.registration.landmarks import pose_from_landmarks

VERTEBRA = ISOCENTER + np.array(
    [[0, 25, 20], [-40, -10, 15], [38, -12, 10], [5, -60, -5], [-20, 20, -35], [22, 18, -30]], float
)
PATIENT_MOTION = np.array([14, -60, 22, 0.10, -0.14, 0.2])


def moved_about_isocenter(twist):
    """Rigid (4, 4) RAS to RAS: a turn about the isocentre and a shift."""
    return about(ISOCENTER, se3_exp(twist))


def clicked(projections, transform, points):
    """What an exact reader clicks when the views really stood where `transform` puts them: (views, n, 2)."""
    return np.stack([p.moved(transform).project(points) for p in projections])


AP, LATERAL = carm(5, 10), carm(88, -4)


@settings(max_examples=15)
@given(st.tuples(*[st.floats(-80, 80)] * 3, *[st.floats(-0.5, 0.5)] * 3), st.integers(1, 2))
def test_exact_pairs_give_the_pose_back(twist, views):
    projections, truth = [AP, LATERAL][:views], moved_about_isocenter(twist)
    pose = pose_from_landmarks(projections, VERTEBRA, clicked(projections, truth, VERTEBRA))
    np.testing.assert_allclose(pose.transform_ras, truth, atol=1e-3)
    for registered, start in zip(pose.projections, projections, strict=True):
        np.testing.assert_allclose(registered.extrinsic, start.moved(pose.transform_ras).extrinsic, atol=1e-9)
        np.testing.assert_allclose(registered.source_ras, (truth @ [*start.source_ras, 1])[:3], atol=1e-2)
    assert np.nanmax(pose.residuals_px) < 1e-3
    assert not pose.warning


@settings(max_examples=15)
@given(st.floats(-180, 180), st.floats(-70, 70))
def test_nothing_but_the_intrinsic_is_needed_with_unknown_angles(primary_deg, secondary_deg):
    truth = carm(primary_deg, secondary_deg)
    start = carm(0, 0, isocenter_ras=(0, 0, 0))
    pose = pose_from_landmarks([start], VERTEBRA, truth.project(VERTEBRA)[None], angles_known=False)
    np.testing.assert_allclose(pose.projections[0].extrinsic, truth.extrinsic, atol=2e-3)
    assert pose.solved == "pose"


def test_points_of_one_plane_determine_the_pose():
    flat = VERTEBRA.copy()
    flat[:, 1] = ISOCENTER[1] + 0.4 * (flat[:, 2] - ISOCENTER[2])
    truth = moved_about_isocenter(PATIENT_MOTION)
    pose = pose_from_landmarks([carm(35, 20)], flat, clicked([carm(35, 20)], truth, flat), angles_known=False)
    np.testing.assert_allclose(pose.transform_ras, truth, atol=1e-2)


def test_nearly_flat_landmarks_fit_two_poses():
    """Turned 25° one way or the other, a flat set looks alike; known angles choose, without them a warning does."""
    flat = ISOCENTER + np.array([[-30, 0, 25], [28, 1, 30], [-25, -1, -30], [30, 0, -28]], float)
    start, truth = carm(0, 0), moved_about_isocenter([0, 0, 0, 0, 0, np.radians(25)])
    pixels = clicked([start], truth, flat) + np.random.default_rng(0).normal(0, 1.0, (1, 4, 2))
    for turned_deg in (25, -25):
        near = start.moved(moved_about_isocenter([0, 0, 0, 0, 0, np.radians(turned_deg)]))
        pose = pose_from_landmarks([near], flat, pixels)
        angle = carm_angles_deg(pose.projections[0].viewing_direction_ras)[0]
        assert angle == pytest.approx(turned_deg, abs=8)
    pose = pose_from_landmarks([start], flat, pixels, angles_known=False)
    assert "two poses" in pose.warning


def test_each_view_may_miss_landmarks():
    projections, truth = [AP, LATERAL], moved_about_isocenter(PATIENT_MOTION)
    pixels = clicked(projections, truth, VERTEBRA)
    pixels[0, 4:] = np.nan
    pixels[1, :3] = np.nan
    pose = pose_from_landmarks(projections, VERTEBRA, pixels)
    np.testing.assert_allclose(pose.transform_ras, truth, atol=1e-3)
    assert np.array_equal(np.isnan(pose.residuals_mm), np.isnan(pixels[..., 0]))


def test_three_points_in_two_views_are_enough_without_angles():
    projections, truth = [AP, LATERAL], moved_about_isocenter(PATIENT_MOTION)
    points = VERTEBRA[[1, 2, 3]]
    pose = pose_from_landmarks(projections, points, clicked(projections, truth, points), angles_known=False)
    np.testing.assert_allclose(pose.transform_ras, truth, atol=1e-3)


def test_one_pair_moves_the_view_in_its_plane_and_keeps_its_depth():
    start = carm(20, 15)
    pose = pose_from_landmarks([start], VERTEBRA[:1], [[[90.0, 60.0]]])
    np.testing.assert_allclose(pose.projections[0].project(VERTEBRA[0]), [90, 60], atol=1e-4)
    np.testing.assert_allclose(pose.projections[0].extrinsic[:3, :3], start.extrinsic[:3, :3], atol=1e-12)
    assert pose.transform_ras[:3, 3] @ start.viewing_direction_ras == pytest.approx(0, abs=1e-6)
    assert pose.solved == "in-plane shift"


def test_three_wide_pairs_give_the_depth_and_narrow_ones_keep_it():
    shift = np.eye(4)
    shift[:3, 3] = [12, 90, -30]
    start = carm(0, 0)
    wide = ISOCENTER + np.array([[-60, 0, 60], [60, 10, 50], [0, -10, -70]], float)
    pose = pose_from_landmarks([start], wide, clicked([start], shift, wide))
    np.testing.assert_allclose(pose.transform_ras, shift, atol=1e-3)
    assert pose.solved == "shift"
    narrow = ISOCENTER + np.array([[-2, 0, 1], [2, 1, 0]], float)
    pose = pose_from_landmarks([start], narrow, clicked([start], shift, narrow))
    assert pose.transform_ras[1, 3] == pytest.approx(0, abs=1e-6)
    assert pose.solved == "in-plane shift"


def test_one_pair_in_two_views_gives_the_whole_shift():
    shift = np.eye(4)
    shift[:3, 3] = [12, 90, -30]
    pose = pose_from_landmarks([AP, LATERAL], VERTEBRA[:1], clicked([AP, LATERAL], shift, VERTEBRA[:1]))
    np.testing.assert_allclose(pose.transform_ras, shift, atol=1e-3)
    assert pose.solved == "shift"


def test_points_of_one_line_keep_known_angles_and_are_refused_without():
    line = ISOCENTER + np.outer(np.linspace(-60, 60, 5), [0.1, 0.2, 1.0])
    shift = np.eye(4)
    shift[:3, 3] = [12, 30, -30]
    pixels = clicked([AP], shift, line)
    pose = pose_from_landmarks([AP], line, pixels)
    np.testing.assert_allclose(pose.transform_ras, shift, atol=1e-3)
    assert pose.solved == "shift"
    with pytest.raises(GeometryError, match="on one line"):
        pose_from_landmarks([AP], line, pixels, angles_known=False)


def test_clicks_of_a_few_millimetres_leave_the_start_close():
    noise = np.random.default_rng(3).normal(0, 2.0, (2, len(VERTEBRA), 2))
    truth = moved_about_isocenter(PATIENT_MOTION)
    pose = pose_from_landmarks([AP, LATERAL], VERTEBRA, clicked([AP, LATERAL], truth, VERTEBRA) + noise)
    difference = np.linalg.inv(truth) @ pose.transform_ras
    middle = np.array([*ISOCENTER, 1])
    assert np.linalg.norm((difference @ middle - middle)[:3]) < 3
    assert np.degrees(rotation_angle(difference)) < 4


def test_the_landmark_that_is_off_is_named_with_its_distance():
    pixels = clicked([AP, LATERAL], np.eye(4), VERTEBRA)
    pixels[1, 3] += [40, 0]
    names = ["a", "b", "c", "spinous process", "e", "f"]
    pose = pose_from_landmarks([AP, LATERAL], VERTEBRA, pixels, names=names)
    assert np.nanargmax(pose.residuals_mm) == len(VERTEBRA) + 3
    assert "spinous process" in pose.warning
    assert "X-ray 2" in pose.warning
    assert pose.residuals_mm[1, 3] == pytest.approx(pose.residuals_px[1, 3] * 1.1 * 700 / 1020, rel=0.15)
    np.testing.assert_allclose(pose.transform_ras[:3, :3], np.eye(3), atol=0.1)


@pytest.mark.parametrize(
    ("points", "pixels", "options", "sentence"),
    [
        (VERTEBRA[:3], clicked([AP], np.eye(4), VERTEBRA[:3]), {"angles_known": False}, "four"),
        (VERTEBRA[:3], clicked([AP], np.eye(4), VERTEBRA[:2]), {}, "3 points"),
        (VERTEBRA, clicked([AP, LATERAL], np.eye(4), VERTEBRA), {}, "1 X-rays"),
        (VERTEBRA[:1] * np.nan, [[[3.0, 4.0]]], {}, "finite"),
        (VERTEBRA[:1], [[[np.nan, np.nan]]], {}, "No landmark"),
        (VERTEBRA[:1], [[[np.inf, 3.0]]], {}, "finite"),
        (VERTEBRA[:1], [[[np.nan, 3.0]]], {}, "both"),
        (VERTEBRA[[0, 1, 1, 2]], clicked([AP], np.eye(4), VERTEBRA[[0, 1, 1, 2]]), {}, "same point"),
        (AP.source_ras[None] - [0, 50, 0], [[[100.0, 100.0]]], {}, "behind"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(points, pixels, options, sentence):
    with pytest.raises(GeometryError, match=sentence):
        pose_from_landmarks([AP], points, pixels, **options)


def test_no_xray_is_refused():
    with pytest.raises(GeometryError, match="X-ray"):
        pose_from_landmarks([], VERTEBRA, np.empty((0, 6, 2)))


def test_pairs_of_the_documented_json(tmp_path):
    path = tmp_path / "pairs.json"
    points = [
        {"name": "L3", "ras": [1, 2, 3], "pixels": [[10.5, 20], None]},
        {"name": "L4", "ras": [4, 5, 6], "pixels": [None, [7, 8]]},
    ]
    path.write_text(json.dumps({"points": points}))
    pairs = load_pairs(path, views=2)
    assert pairs.names == ("L3", "L4")
    np.testing.assert_allclose(pairs.points_ras, [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_allclose(pairs.pixels[0], [[10.5, 20], [np.nan, np.nan]])
    np.testing.assert_allclose(pairs.pixels[1], [[np.nan, np.nan], [7, 8]])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("not json", "JSON"),
        ("[]", "points"),
        ('{"points": []}', "points"),
        ('{"points": [{"name": "L3", "pixels": [[1, 2]]}]}', "L3.*ras"),
        ('{"points": [{"name": "L3", "ras": [1, 2], "pixels": [[1, 2]]}]}', "L3.*ras"),
        ('{"points": [{"name": "L3", "ras": [1, 2, null], "pixels": [[1, 2]]}]}', "L3.*ras"),
        ('{"points": [{"name": "L3", "ras": [1, 2, 3], "pixels": [[1, 2], null]}]}', "L3.*2.*1 X-ray"),
        ('{"points": [{"name": "L3", "ras": [1, 2, 3], "pixels": [[1, "b"]]}]}', "L3.*pixels"),
        ('{"points": [{"name": "L3", "ras": [1, 2, 3], "pixels": 7}]}', "L3.*pixels"),
    ],
)
def test_bad_pairs_name_the_landmark(tmp_path, text, sentence):
    path = tmp_path / "pairs.json"
    path.write_text(text)
    with pytest.raises(GeometryError, match=sentence):
        load_pairs(path, views=1)


IN_CT = PointList("ct.fcsv", ("L3", "L4", "L5"), ISOCENTER + np.array([[0, 0, 20], [3, 0, 0], [0, 5, -30.0]]))


def marked(projection, names, pixels, source="ap.fcsv"):
    """Points that were placed on an X-ray in a slice view: they lie on its receptor."""
    homogeneous = np.column_stack([pixels, np.zeros(len(pixels)), np.ones(len(pixels))])
    return PointList(source, tuple(names), (projection.image_to_ras @ homogeneous.T)[:3].T)


def test_points_on_the_receptors_are_paired_by_their_names():
    pixels = np.array([[30.0, 50], [60, 70]])
    lists = [marked(AP, ["L5", "L3"], pixels), None, marked(LATERAL, ["L4"], pixels[:1])]
    pairs = pair_landmarks(IN_CT, lists, [AP, AP, LATERAL])
    assert pairs.names == IN_CT.names
    np.testing.assert_array_equal(pairs.points_ras, IN_CT.points_ras)
    none = [np.nan, np.nan]
    np.testing.assert_allclose(pairs.pixels[0], [[60, 70], none, [30, 50]], atol=1e-6)
    assert np.isnan(pairs.pixels[1]).all()
    np.testing.assert_allclose(pairs.pixels[2], [none, [30, 50], none], atol=1e-6)


@pytest.mark.parametrize("names", [("F-1", "F-2", "F-3"), ("L4", "L4", "L3")])
def test_other_names_or_repeated_ones_are_paired_by_order(names):
    pixels = np.array([[30.0, 50], [60, 70], [80, 20]])
    pairs = pair_landmarks(IN_CT, [marked(AP, names, pixels)], [AP])
    np.testing.assert_allclose(pairs.pixels[0], pixels, atol=1e-6)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("L5", "L6", "L3"), "ap.fcsv has the point L6, but ct.fcsv has not"),
        (("F-1", "F-2"), "ct.fcsv has 3 points and ap.fcsv has 2"),
    ],
)
def test_lists_that_contradict_each_other_are_refused(names, sentence):
    with pytest.raises(GeometryError, match=sentence):
        pair_landmarks(IN_CT, [marked(AP, names, np.full((len(names), 2), 40.0))], [AP])


def test_a_point_behind_the_source_is_named():
    behind = PointList("ap.fcsv", ("L3", "L4"), np.stack([ISOCENTER, AP.source_ras - 50 * AP.viewing_direction_ras]))
    with pytest.raises(GeometryError, match=r"L4 of ap\.fcsv lies behind"):
        pair_landmarks(IN_CT, [behind], [AP])
