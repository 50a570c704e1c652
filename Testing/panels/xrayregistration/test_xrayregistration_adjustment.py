"""Adjusted by hand: every slider moves the anatomy as its words say, in the view that the user looks at."""

from dataclasses import astuple, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xrayregistration_support import SIZE

import standin
from xray3d import Projection

PIVOT = np.array([5.0, 10.0, 20.0])
# Seen from the front the image is shown mirrored, from behind it is not.
PRIMARY_DEG = {"mirrored": 0.0, "not mirrored": 180.0, "lateral": 90.0}


@pytest.fixture(autouse=True, scope="module")
def _module():
    """XRayRegistrationLib is found beside the module, once Slicer has loaded that."""
    standin.make_module("XRayRegistration")


def in_view(projection, points):
    """Points (n, 3) as the user sees them: to the right and down on the screen (px), and depth from the source (mm)."""
    from XRayCoreLib.sliceview import isSeenFromDetector

    side = -1 if isSeenFromDetector(projection.image_to_ras) else 1
    columns, rows = projection.project(points).T
    depth = (points - projection.source_ras) @ projection.viewing_direction_ras
    return np.stack([side * columns, rows, depth], axis=-1)


def displacement(view, offset, **adjustment):
    """How a point of the anatomy, `offset` (right, down, deep, mm, in the view) from the pivot, moves in the view."""
    from XRayCoreLib.sliceview import isSeenFromDetector
    from XRayRegistrationLib.adjustment import Adjustment, motionOfXRays

    mirrored = isSeenFromDetector(view.image_to_ras)
    axes = view.extrinsic[:3, :3] * np.array([[-1.0 if mirrored else 1.0], [1], [1]])
    point = (PIVOT + np.asarray(offset, float) @ axes)[None]
    motion = motionOfXRays(Adjustment(**adjustment), view, PIVOT, mirrored)
    # The anatomy against the X-ray: seen from the moved X-ray, the point is where the hand put it.
    before, after = in_view(view, point), in_view(view.moved(motion), point)
    before[:, :2] *= 700 / view.sdd_mm * 2.0  # mm at the pivot: pixels of 2 mm, magnified
    after[:, :2] *= 700 / view.sdd_mm * 2.0
    return (after - before)[0]


@pytest.fixture(params=PRIMARY_DEG)
def view(request):
    return Projection.from_carm(PRIMARY_DEG[request.param], 0, PIVOT, 1000, 700, SIZE, (2, 2))


def test_the_views_are_what_the_test_takes_them_for():
    from XRayCoreLib.sliceview import isSeenFromDetector

    for name, angle in PRIMARY_DEG.items():
        seen = Projection.from_carm(angle, 0, PIVOT, 1000, 700, SIZE, (2, 2))
        assert isSeenFromDetector(seen.image_to_ras) == (name == "mirrored")


@pytest.mark.parametrize(
    ("adjustment", "expected"),
    [({"rightMm": 10}, (10, 0, 0)), ({"downMm": 10}, (0, 10, 0)), ({"depthMm": 10}, (0, 0, 10))],
)
def test_shifts(view, adjustment, expected):
    np.testing.assert_allclose(displacement(view, (0, 0, 0), **adjustment), expected, atol=0.02)


@pytest.mark.parametrize(
    ("adjustment", "offset", "axis", "sign"),
    [
        ({"tiltDeg": 5}, (0, -30, 0), 2, 1),  # the top goes towards the detector
        ({"tiltDeg": 5}, (0, 30, 0), 2, -1),
        ({"turnDeg": 5}, (30, 0, 0), 2, 1),  # so does the right side
        ({"turnDeg": 5}, (-30, 0, 0), 2, -1),
        ({"rotateDeg": 5}, (0, -30, 0), 0, 1),  # clockwise: the top goes right
        ({"rotateDeg": 5}, (30, 0, 0), 1, 1),  # the right goes down
    ],
)
def test_turns(view, adjustment, offset, axis, sign):
    moved = displacement(view, offset, **adjustment)
    assert moved[axis] == pytest.approx(sign * 30 * np.sin(np.deg2rad(5)), abs=0.15)


@pytest.mark.parametrize("name", ["tiltDeg", "turnDeg", "rotateDeg"])
def test_turns_leave_the_pivot(view, name):
    np.testing.assert_allclose(displacement(view, (0, 0, 0), **{name: 20}), 0, atol=1e-9)


def test_nothing_is_the_identity(view):
    from XRayRegistrationLib.adjustment import Adjustment, motionOfXRays

    assert Adjustment().isNone
    np.testing.assert_allclose(motionOfXRays(Adjustment(), view, PIVOT, True), np.eye(4), atol=1e-12)


@given(
    st.lists(st.floats(-45, 45), min_size=6, max_size=6), st.sampled_from(sorted(PRIMARY_DEG.values())), st.booleans()
)
def test_every_adjustment_comes_back(numbers, angle, mirrored):
    from XRayRegistrationLib.adjustment import Adjustment, adjustmentOf, motionOfXRays

    seen = Projection.from_carm(angle, 10, PIVOT, 1000, 700, SIZE, (2, 2))
    motion = motionOfXRays(Adjustment(*numbers), seen, PIVOT, mirrored)
    np.testing.assert_allclose(astuple(adjustmentOf(motion, seen, PIVOT, mirrored)), numbers, atol=1e-5)


def test_the_pivot_is_in_the_images_middle_as_deep_as_the_anatomy(view):
    from XRayRegistrationLib.adjustment import pivotOf

    found = pivotOf(view, PIVOT + 40 * view.extrinsic[0, :3] + 15 * view.extrinsic[2, :3])
    np.testing.assert_allclose(found, PIVOT + 15 * view.extrinsic[2, :3], atol=1e-9)
    beyond = pivotOf(view, PIVOT + 5000 * view.extrinsic[2, :3])
    assert (beyond - view.source_ras) @ view.viewing_direction_ras < view.sdd_mm


def test_every_number_is_a_parameter_with_a_slider():
    from XRayRegistrationLib.adjustment import Adjustment
    from XRayRegistrationLib.parameters import ADJUSTMENT_NAMES, RANGES

    assert tuple(field.name for field in fields(Adjustment)) == ADJUSTMENT_NAMES
    assert set(ADJUSTMENT_NAMES) <= set(RANGES)
