"""X-rays from near where others were taken."""

import numpy as np
import pytest

from registration_support import CENTRE, FRONTAL, LATERAL
from xray3d.registration.scene_regression.nearby import displaced


def in_camera(view, points_ras):
    return np.asarray(points_ras) @ view.extrinsic[:3, :3].T + view.extrinsic[:3, 3]


@pytest.mark.parametrize("shift_mm", [(5.0, 0, 0), (0, -7.0, 0), (0, 0, 30.0), (1.0, 2.0, 3.0)])
def test_the_patient_is_shifted_along_the_axes_of_the_first_camera(shift_mm):
    near, _ = displaced([FRONTAL, LATERAL], CENTRE, (0, 0, 0), shift_mm)
    points = CENTRE + np.array([[0, 0, 0], [10, 20, 30]])
    np.testing.assert_allclose(in_camera(near, points), in_camera(FRONTAL, points) + shift_mm, atol=1e-9)


def test_the_patient_turns_about_the_centre():
    near, other = displaced([FRONTAL, LATERAL], CENTRE, (0, 0, np.pi / 2), (0, 0, 0))
    for view, before in ((near, FRONTAL), (other, LATERAL)):
        np.testing.assert_allclose(in_camera(view, CENTRE), in_camera(before, CENTRE), atol=1e-9)
    # About the viewing direction of the first: what was right of the centre is now below it.
    right = CENTRE + 10 * FRONTAL.extrinsic[0, :3]
    np.testing.assert_allclose(in_camera(near, right) - in_camera(near, CENTRE), [0, 10, 0], atol=1e-9)


def test_views_of_one_moment_stay_where_they_are_relative_to_each_other():
    views = displaced([FRONTAL, LATERAL], CENTRE, (0.1, -0.2, 0.3), (4, 5, 6))
    between = [two.extrinsic @ np.linalg.inv(one.extrinsic) for one, two in ((FRONTAL, LATERAL), views)]
    np.testing.assert_allclose(*between, atol=1e-9)
    assert [view.size_px for view in views] == [FRONTAL.size_px, LATERAL.size_px]
