"""Errors of registered projections: against hand-made displacements whose errors are known."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.geometry.poses import about
from xray3d.registration.metrics import mean_target_registration_error, pose_error, summary
from xray3d.registration.statistics import percentile, wilson_interval

CENTRE = np.array([12.0, -30.0, 250.0])
TARGETS = CENTRE + np.array([[40, 0, 0], [-40, 0, 0], [0, 0, 30], [0, 0, -30.0]])


def carm(primary_deg=0.0, secondary_deg=0.0) -> Projection:
    return Projection.from_carm(primary_deg, secondary_deg, CENTRE, 1020, 700, (200, 260), (1.2, 1.1))


def shift(x_mm=0.0, y_mm=0.0, z_mm=0.0):
    transform = np.eye(4)
    transform[:3, 3] = x_mm, y_mm, z_mm
    return transform


def turn(axis, degrees, point=CENTRE):
    transform = np.eye(4)
    transform[:3, :3] = Rotation.from_euler(axis, degrees, degrees=True).as_matrix()
    return about(point, transform)


def test_truth_has_no_error():
    views = [carm(), carm(90)]
    error = pose_error(views, views, TARGETS)
    values = [getattr(error, name) for name in type(error).__dataclass_fields__]
    np.testing.assert_allclose(values, 0, atol=1e-5)
    assert not error.gross_failure


def test_shift_across_the_frontal_view():
    """3 mm to the right and 4 mm up: all of it in the picture, none of it along the ray."""
    error = pose_error([carm().moved(shift(3, 0, 4))], [carm()], TARGETS)
    assert error.mtre_mm == pytest.approx(5)
    assert error.mpd_mm == pytest.approx(5)  # the targets lie in the plane of the isocentre
    assert error.translation_mm == pytest.approx(5)
    assert (error.along_mm, error.across_mm) == pytest.approx((0, 5), abs=1e-9)
    assert error.rotation_deg == pytest.approx(0, abs=1e-5)
    # a little less than in the plane: the line from the source meets it obliquely
    assert 4.9 < error.mrpd_mm < 5


def test_shift_along_the_view_hardly_shows_in_its_image():
    error = pose_error([carm().moved(shift(0, 7, 0))], [carm()], TARGETS)
    assert error.mtre_mm == pytest.approx(7)
    assert (error.along_mm, error.across_mm) == pytest.approx((7, 0), abs=1e-9)
    # X-ray and source moved to the front, so the anatomy is as if 7 mm nearer to the source, 35 mm off the central ray
    assert error.mpd_mm == pytest.approx(35 * 7 / 693)
    assert error.mrpd_mm == pytest.approx(error.mpd_mm, rel=0.01)


def test_two_views_average_what_each_sees():
    moved = shift(0, 7, 0)
    frontal, lateral = (pose_error([view.moved(moved)], [view], TARGETS) for view in (carm(), carm(90)))
    both = pose_error([carm().moved(moved), carm(90).moved(moved)], [carm(), carm(90)], TARGETS)
    assert both.mtre_mm == pytest.approx(7)
    assert (lateral.along_mm, lateral.across_mm) == pytest.approx((0, 7), abs=1e-9)
    for name in ("mpd_mm", "mrpd_mm", "along_mm", "across_mm"):
        assert getattr(both, name) == pytest.approx((getattr(frontal, name) + getattr(lateral, name)) / 2)


def test_rotation_about_the_targets_centre_moves_only_the_targets():
    error = pose_error([carm(20, 10).moved(turn("y", 3))], [carm(20, 10)], TARGETS)
    assert error.rotation_deg == pytest.approx(3)
    assert error.translation_mm == pytest.approx(0, abs=1e-9)
    assert error.mtre_mm == pytest.approx(2 * 35 * np.sin(np.deg2rad(1.5)))


def test_rotation_about_another_point_also_moves_their_centre():
    """Distances depend on where the targets are; the transform must act in RAS, not about the camera."""
    error = pose_error([carm().moved(turn("z", 2, CENTRE + [0, 0, 500]))], [carm()], TARGETS)
    assert error.mtre_mm == pytest.approx(2 * 20 * np.sin(np.deg2rad(1)))
    far = pose_error([carm().moved(turn("z", 2, CENTRE + [500, 0, 0]))], [carm()], TARGETS)
    assert far.translation_mm == pytest.approx(2 * 500 * np.sin(np.deg2rad(1)))
    assert far.gross_failure


def test_displacements_are_those_of_the_anatomy():
    """The estimate's picture of a target is the true camera's picture of the displaced target, sign and all."""
    estimated, true = carm(30, -10).moved(turn("x", 4) @ shift(1, 2, 3)), carm(30, -10)
    displaced = TARGETS @ (inverse := np.linalg.inv(turn("x", 4) @ shift(1, 2, 3)))[:3, :3].T + inverse[:3, 3]
    np.testing.assert_allclose(true.project(displaced), estimated.project(TARGETS))
    expected = np.linalg.norm(displaced - TARGETS, axis=1).mean()
    assert mean_target_registration_error([estimated], [true], TARGETS) == pytest.approx(expected)
    rays = (displaced - true.source_ras) / np.linalg.norm(displaced - true.source_ras, axis=1, keepdims=True)
    to_target = TARGETS - true.source_ras
    distances = np.linalg.norm(to_target - (to_target * rays).sum(1, keepdims=True) * rays, axis=1)
    assert pose_error([estimated], [true], TARGETS).mrpd_mm == pytest.approx(distances.mean())


def test_targets_behind_the_source_are_infinitely_far_off_in_the_image():
    error = pose_error([carm().moved(turn("z", 180))], [carm()], [CENTRE])
    behind = pose_error([carm().moved(shift(0, 2000, 0))], [carm()], [CENTRE])
    assert error.mpd_mm == pytest.approx(0, abs=1e-6)
    assert behind.mtre_mm == pytest.approx(2000)
    assert behind.mpd_mm == behind.mrpd_mm == np.inf


def test_bad_arguments_are_named():
    with pytest.raises(GeometryError, match="1 estimated and 2 true"):
        pose_error([carm()], [carm(), carm(90)], TARGETS)
    with pytest.raises(GeometryError, match="0 estimated and 0 true"):
        pose_error([], [], TARGETS)
    for wrong in ([], [1, 2, 3], [[1, 2]], [[1, 2, np.nan]]):
        with pytest.raises(GeometryError, match="targets_ras"):
            pose_error([carm()], [carm()], wrong)


def test_summary_of_many():
    errors = [pose_error([carm().moved(shift(mm))], [carm()], [CENTRE]) for mm in (0.5, 1.5, 5, 20)]
    together = summary(errors)
    assert together.n == 4
    assert together.success_rates == {1.0: 0.25, 2.0: 0.5, 10.0: 0.75}
    assert together.gross_failure_rate == 0.25
    expected = dict(zip((25, 50, 75, 95), np.percentile([0.5, 1.5, 5, 20], (25, 50, 75, 95)), strict=True))
    assert together.percentiles["mtre_mm"] == pytest.approx(expected)


def test_summary_of_nothing():
    nothing = summary([])
    assert nothing.n == 0
    assert np.isnan(nothing.gross_failure_rate)
    assert np.isnan(nothing.percentiles["mtre_mm"][50])


def test_percentiles_between_infinite_values():
    assert percentile([1, 2, np.inf, np.inf], 25) == 1.75
    assert percentile([1, 2, np.inf, np.inf], 95) == np.inf
    assert percentile([3], 95) == 3


def test_wilson_interval():
    """The textbook's values: 95 % interval of 8 in 10, and one-sided ends that stay within 0 and 1."""
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    low, high = wilson_interval(10, 10)
    assert (low, high) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert wilson_interval(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="11 successes in 10"):
        wilson_interval(11, 10)
