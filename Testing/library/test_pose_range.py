"""Poses drawn from a range: where each puts the patient before the C-arm, and ranges that are none."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xray3d.datasets.pose_range import PoseRange
from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.geometry.carm import carm_angles_deg, carm_extrinsic

CENTER = (12.0, -30.0, 250.0)
SIZE_PX, PIXEL_MM = (96, 128), (2.0, 1.5)
WIDE = PoseRange(CENTER)


def drawn(poses: PoseRange, seed: int = 0) -> Projection:
    return poses.draw(np.random.default_rng(seed), SIZE_PX, PIXEL_MM)


def recovered(view: Projection, poses: PoseRange) -> np.ndarray:
    """(6,) from the pose alone: primary, secondary and in-plane angle (degrees), displacement in the camera (mm)."""
    primary_deg, secondary_deg = carm_angles_deg(view.viewing_direction_ras)
    upright = carm_extrinsic(primary_deg, secondary_deg, poses.center_ras, poses.sod_mm)
    turn = view.extrinsic[:3, :3] @ upright[:3, :3].T
    in_plane_deg = np.rad2deg(np.arctan2(turn[1, 0], turn[0, 0]))
    center = (view.extrinsic @ [*poses.center_ras, 1])[:3]
    return np.array([primary_deg, secondary_deg, in_plane_deg, *(center - [0, 0, poses.sod_mm])])


def limits(poses: PoseRange) -> np.ndarray:
    """(6, 2): the lowest and the highest of what `recovered` gives."""
    shifts = np.array([poses.lateral_mm, poses.lateral_mm, poses.depth_mm])
    return np.array(
        [poses.primary_deg, poses.secondary_deg, poses.in_plane_deg, *np.column_stack([-shifts, shifts]).tolist()]
    )


@st.composite
def ranges(draw) -> PoseRange:
    """Any range whose secondary angles leave "up" defined."""
    primary, in_plane = (tuple(sorted(draw(st.tuples(*[st.floats(-179, 179)] * 2)))) for _ in range(2))
    secondary = tuple(sorted(draw(st.tuples(*[st.floats(-85, 85)] * 2))))
    depth, lateral = draw(st.floats(0, 300)), draw(st.floats(0, 200))
    return PoseRange(CENTER, primary, secondary, in_plane, lateral, depth, 1020.0, 700.0)


@given(ranges(), st.integers(0, 2**32 - 1))
def test_draws_stay_in_range(poses, seed):
    view = drawn(poses, seed)
    found, (low, high) = recovered(view, poses), limits(poses).T
    assert (found > low - 1e-6).all()
    assert (found < high + 1e-6).all()
    assert (view.size_px, view.pixel_mm) == (SIZE_PX, PIXEL_MM)
    assert view.sdd_mm == pytest.approx(poses.sdd_mm)


def test_draws_fill_the_range_evenly():
    rng = np.random.default_rng(3)
    found = np.array([recovered(WIDE.draw(rng, SIZE_PX, PIXEL_MM), WIDE) for _ in range(1000)])
    low, high = limits(WIDE).T
    shares = (found - low) / (high - low)
    assert (shares.min(axis=0) < 0.01).all()
    assert (shares.max(axis=0) > 0.99).all()
    np.testing.assert_allclose(np.percentile(shares, [25, 50, 75], axis=0).T, [[0.25, 0.5, 0.75]] * 6, atol=0.06)
    together = np.corrcoef(found, rowvar=False) - np.eye(6)
    assert np.abs(together).max() < 0.12, "what is drawn of one says nothing of another"


@given(st.floats(-180, 180), st.floats(-80, 80))
def test_a_range_of_one_pose_is_that_of_the_carm(primary_deg, secondary_deg):
    poses = PoseRange(CENTER, (primary_deg,) * 2, (secondary_deg,) * 2, (0.0, 0.0), 0.0, 0.0, 1100.0, 800.0)
    carm = Projection.from_carm(primary_deg, secondary_deg, CENTER, 1100, 800, SIZE_PX, PIXEL_MM)
    view = drawn(poses)
    np.testing.assert_allclose(view.extrinsic, carm.extrinsic, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(view.intrinsic, carm.intrinsic)


@given(st.floats(-45, 45), st.floats(-30, 30), st.floats(1, 179))
def test_in_plane_angles_turn_the_picture_clockwise_about_its_middle(primary_deg, secondary_deg, in_plane_deg):
    """What is to the right of the centre moves down; the centre stays where the central ray is."""
    poses = PoseRange(CENTER, (primary_deg,) * 2, (secondary_deg,) * 2, (in_plane_deg,) * 2, 0.0, 0.0)
    carm = Projection.from_carm(primary_deg, secondary_deg, CENTER, 1020, 700, SIZE_PX, PIXEL_MM)
    view, to_the_right = drawn(poses), CENTER + 10 * carm.extrinsic[0, :3]
    np.testing.assert_allclose(view.project(CENTER), [63.5, 47.5], atol=1e-9)
    column, row = (view.project(to_the_right) - [63.5, 47.5]) * PIXEL_MM[::-1]
    assert np.rad2deg(np.arctan2(row, column)) == pytest.approx(in_plane_deg, abs=1e-6)


@given(ranges(), st.integers(0, 2**32 - 1))
def test_the_patient_stays_between_source_and_detector(poses, seed):
    view = drawn(poses, seed)
    depth_mm = (view.extrinsic @ [*CENTER, 1])[2]
    assert 0 < depth_mm < view.sdd_mm
    column, row = (view.project(CENTER) - [63.5, 47.5]) * PIXEL_MM[::-1] * depth_mm / view.sdd_mm
    assert max(abs(column), abs(row)) < poses.lateral_mm + 1e-6, "lateral displacement is measured at the patient"


def test_the_same_seed_draws_the_same():
    assert np.array_equal(drawn(WIDE, 5).extrinsic, drawn(WIDE, 5).extrinsic)
    assert not np.array_equal(drawn(WIDE, 5).extrinsic, drawn(WIDE, 6).extrinsic)


def test_a_wider_range_is_wider_on_every_side():
    wider = WIDE.widened(4, 10)
    np.testing.assert_allclose(limits(wider) - limits(WIDE), [[-4, 4]] * 3 + [[-10, 10]] * 3)
    assert replace(wider, **{name: getattr(WIDE, name) for name in vars(WIDE) if name.endswith("_deg")}) == replace(
        WIDE, lateral_mm=60.0, depth_mm=110.0
    )


def test_a_full_turn_does_not_become_more_than_one():
    wider = replace(WIDE, primary_deg=(-180.0, 178.0), in_plane_deg=(-10.0, 180.0)).widened(4, 10)
    assert wider.primary_deg == (-180, 180)
    assert wider.in_plane_deg == (-14, 180)


@given(ranges())
def test_ranges_survive_json(poses):
    assert PoseRange.from_dict(json.loads(json.dumps(poses.to_dict()))) == poses


def test_numpy_coordinates_survive_json():
    """As a CT's centre comes."""
    poses = PoseRange(tuple(np.array(CENTER)))
    assert PoseRange.from_dict(json.loads(json.dumps(poses.to_dict()))) == WIDE


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"center_ras": (1.0, 2.0)}, "three finite coordinates"),
        ({"center_ras": (1.0, NAN, 3.0)}, "three finite coordinates"),
        ({"primary_deg": (10.0, -10.0)}, "primary_deg must be two angles .* not 10.0, -10.0"),
        ({"secondary_deg": (-181.0, 0.0)}, "secondary_deg must be two angles from -180 to 180"),
        ({"in_plane_deg": (0.0, 181.0)}, "in_plane_deg"),
        ({"in_plane_deg": (NAN, 0.0)}, "in_plane_deg"),
        ({"lateral_mm": -1.0}, "lateral_mm"),
        ({"lateral_mm": INF}, "lateral_mm"),
        ({"lateral_mm": NAN}, "lateral_mm"),
        ({"depth_mm": -1.0}, "depth_mm"),
        ({"depth_mm": 700.0}, "depth_mm below sod_mm"),
        ({"depth_mm": 320.0}, "depth_mm below sdd_mm"),
        ({"depth_mm": NAN}, "depth_mm"),
        ({"sod_mm": 0.0}, "sod_mm"),
        ({"sod_mm": 1020.0}, "sod_mm"),
        ({"sod_mm": -700.0, "sdd_mm": -300.0}, "sod_mm"),
        ({"sdd_mm": INF}, "sdd_mm"),
        ({"sdd_mm": NAN}, "sdd_mm"),
    ],
)
def test_ranges_that_are_none_are_refused(wrong, sentence):
    with pytest.raises(GeometryError, match=sentence):
        replace(WIDE, **wrong)
