"""Points on the detectors of X-rays, and the points in the patient that they mark."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from test_geometry import ISOCENTER, carm, offsets
from xray3d.errors import GeometryError
from xray3d.geometry.marks import in_patient
from xray3d.geometry.markups import PointList

VIEWS = [carm(0, 5), carm(88, 0), carm(40, -10)]
L3, L4 = ISOCENTER + [3, -5, 20], ISOCENTER + [-2, -8, -17]


def mark(view, point, off_mm=0.0):
    """Where a view's detector, or what is so far behind it, shows a point."""
    return view.unproject(view.project(point), view.sdd_mm + off_mm)


def point_list(*named):
    names, points = zip(*named, strict=True)
    return PointList("Clicks", names, np.stack(points))


@given(offsets, st.lists(st.floats(-1.5, 1.5), min_size=2, max_size=2))
def test_marks_of_a_name_are_one_point_where_their_rays_meet(offset, off_mm):
    point = ISOCENTER + offset
    assume(all(view.sees(point) for view in VIEWS[:2]))
    marks = [("L3", mark(view, point, off)) for view, off in zip(VIEWS[:2], off_mm, strict=True)]
    found = in_patient(point_list(*marks), VIEWS)
    assert found.source == "Clicks"
    assert found.names == ("L3",)
    np.testing.assert_allclose(found.points_ras, [point], atol=1e-6)


def test_points_on_no_detector_stay_and_everything_is_in_the_order_of_its_first_point():
    given_points = point_list(
        ("L4", mark(VIEWS[0], L4)),
        ("T12", L3 + [0, 0, 30]),
        ("L3", mark(VIEWS[1], L3)),
        ("L4", mark(VIEWS[1], L4)),
        ("L3", mark(VIEWS[0], L3)),
        ("L4", mark(VIEWS[2], L4)),
    )
    found = in_patient(given_points, VIEWS)
    assert found.names == ("L4", "T12", "L3")
    np.testing.assert_allclose(found.points_ras, [L4, L3 + [0, 0, 30], L3], atol=1e-6)


def test_what_is_off_the_detector_or_beside_the_image_is_no_mark():
    corner = VIEWS[0].unproject([-2.0, 3.0], VIEWS[0].sdd_mm)
    before = mark(VIEWS[0], L3, -20.0)
    points = point_list(("corner", corner), ("before", before), ("before", before))
    for found in (in_patient(points, VIEWS), in_patient(points, [])):
        assert found.names == points.names
        np.testing.assert_array_equal(found.points_ras, points.points_ras)


def test_none_are_none():
    assert in_patient(PointList("Empty", (), np.empty((0, 3))), VIEWS).points_ras.shape == (0, 3)


def test_where_detectors_meet_a_mark_is_on_the_nearest():
    """Detectors of views 30° apart cross each other in the patient's long axis."""
    views = [carm(angle, size_px=(200, 400)) for angle in (0, 30)]
    beside = views[0].project(mark(views[1], ISOCENTER + [0, 0, 9]))
    columns = np.linspace(0, 399, 4000)
    on_first = views[0].unproject(np.column_stack([columns, np.full(4000, beside[1])]), views[0].sdd_mm)
    depth = on_first @ views[1].extrinsic[2, :3] + views[1].extrinsic[2, 3]
    seen = on_first[np.abs(depth - views[1].sdd_mm).argmin()]
    assert abs(depth - views[1].sdd_mm).min() < 0.5
    first = seen + (on_first[1] - on_first[0]) * 3  # 0.3 mm along the first detector
    point = views[0].unproject(views[0].project(first), 700.0)
    found = in_patient(point_list(("L3", first), ("L3", mark(views[1], point))), views)
    np.testing.assert_allclose(found.points_ras, [point], atol=1e-6)


def test_x_rays_of_one_detector_count_as_one():
    """Such as an X-ray and its copy without implants."""
    copy = replace(VIEWS[0])
    points = point_list(("L3", mark(VIEWS[0], L3)), ("L3", mark(VIEWS[1], L3)))
    np.testing.assert_allclose(in_patient(points, [copy, *VIEWS]).points_ras, [L3], atol=1e-6)
    with pytest.raises(GeometryError, match="marks L3 on one of the chosen X-rays only"):
        in_patient(point_list(("L3", mark(VIEWS[0], L3))), [copy, *VIEWS])


@pytest.mark.parametrize(
    ("marked", "sentence"),
    [
        ([(0, L3)], "Clicks marks L3 on one of the chosen X-rays only, .* two must show it"),
        ([(0, L3), (0, L3 + [9, 0, 0]), (1, L3)], "Clicks marks L3 twice on the same X-ray; leave one"),
        ([(0, L3), (1, L4 + [0, 0, -20])], "L3 of Clicks: The rays to the marked pixels miss each other by .* mm"),
        ([(0, L3), (3, L3)], "L3 of Clicks: The X-rays that show the point are from one direction"),
    ],
)
def test_marks_that_tell_no_place_are_one_sentence_with_their_name(marked, sentence):
    views = [*VIEWS, carm(2, 5)]
    good = [("T12", mark(VIEWS[0], L3 + [0, 0, 30])), ("T12", mark(VIEWS[1], L3 + [0, 0, 30]))]
    points = point_list(*good, *[("L3", mark(views[number], point)) for number, point in marked])
    with pytest.raises(GeometryError, match=sentence) as raised:
        in_patient(points, views)
    assert "\n" not in str(raised.value)
