"""Capture range: starts at known distances, and the protocol on made-up outcomes."""

import numpy as np
import pytest

from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.geometry.poses import rotation_angle
from xray3d.registration.capture_range import capture_range, random_starts, starts_at_mtre
from xray3d.registration.metrics import mean_target_registration_error, pose_error

CENTRE = np.array([12.0, -30.0, 250.0])
TARGETS = CENTRE + np.random.default_rng(1).normal(0, 30, (14, 3))
VIEWS = [Projection.from_carm(angle, 0, CENTRE, 1020, 700, (64, 64), (4, 4)) for angle in (0, 90)]


@pytest.mark.parametrize("mtre_mm", [0.5, 10.0, 120.0])
def test_starts_are_exactly_as_far_as_asked(mtre_mm):
    rng = np.random.default_rng(2)
    for _ in range(20):
        start = starts_at_mtre(VIEWS, TARGETS, mtre_mm, rng)
        assert mean_target_registration_error(start, VIEWS, TARGETS) == pytest.approx(mtre_mm, abs=1e-6)


def test_starts_turn_and_shift_in_all_directions():
    rng = np.random.default_rng(3)
    starts = [starts_at_mtre(VIEWS, TARGETS, 10, rng) for _ in range(200)]
    errors = [pose_error(start, VIEWS, TARGETS) for start in starts]
    rotations, shifts = [e.rotation_deg for e in errors], [e.translation_mm for e in errors]
    assert min(rotations) < 2
    assert max(rotations) > 8
    assert min(shifts) < 8
    assert max(shifts) > 9.9
    transforms = np.array([np.linalg.inv(start[0].extrinsic) @ VIEWS[0].extrinsic for start in starts])
    centre = TARGETS.mean(axis=0)
    shift = transforms[:, :3, :3] @ centre + transforms[:, :3, 3] - centre
    assert (np.abs(shift.mean(axis=0)) < 3 * shift.std(axis=0) / np.sqrt(200)).all()


def test_views_of_a_start_stay_together():
    first, second = starts_at_mtre(VIEWS, TARGETS, 15, np.random.default_rng(4))
    relative = first.extrinsic @ np.linalg.inv(second.extrinsic)
    np.testing.assert_allclose(relative, VIEWS[0].extrinsic @ np.linalg.inv(VIEWS[1].extrinsic), atol=1e-9)


def test_single_target_and_no_distance():
    start = starts_at_mtre(VIEWS, [CENTRE], 3, np.random.default_rng(5))
    assert mean_target_registration_error(start, VIEWS, [CENTRE]) == pytest.approx(3)
    same = starts_at_mtre(VIEWS, TARGETS, 0, np.random.default_rng(5))
    assert mean_target_registration_error(same, VIEWS, TARGETS) == pytest.approx(0, abs=1e-9)


def test_random_starts_keep_within_their_bounds():
    transforms = random_starts(300, 10, 20, seed=6, center_ras=CENTRE)
    shifts = np.linalg.norm(transforms[:, :3, :3] @ CENTRE + transforms[:, :3, 3] - CENTRE, axis=1)
    angles = np.rad2deg([rotation_angle(transform) for transform in transforms])
    for values, largest in ((shifts, 20), (angles, 10)):
        assert values.max() <= largest + 1e-6
        np.testing.assert_allclose(np.percentile(values, [25, 50, 75]) / largest, [0.25, 0.5, 0.75], atol=0.08)
    np.testing.assert_array_equal(transforms, random_starts(300, 10, 20, seed=6, center_ras=CENTRE))
    assert not np.allclose(transforms, random_starts(300, 10, 20, seed=7, center_ras=CENTRE))
    VIEWS[0].moved(transforms[0])  # rigid, or it would not be accepted


def outcome(successes_per_bin, starts=40):
    """Starts in bins of 2 mm, of which so many succeed."""
    initial, final = [], []
    for n, successes in enumerate(successes_per_bin):
        initial += list(np.linspace(2 * n, 2 * n + 1.9, starts))
        final += [0.3] * successes + [9.0] * (starts - successes)
    return np.array(initial), np.array(final)


def test_range_ends_before_the_first_bin_that_fails():
    result = capture_range(*outcome([40, 39, 38, 37, 40]), bin_mm=2)
    assert result.range_mm == 6  # 38 of 40 is 95 %, 37 is less; that a later bin passes does not count
    assert [b.successes for b in result.bins] == [40, 39, 38, 37, 40]
    assert not result.too_few


def test_failure_from_the_start_and_success_to_the_end():
    assert capture_range(*outcome([10, 40]), bin_mm=2).range_mm == 0
    assert capture_range(*outcome([40, 40]), bin_mm=2).range_mm == 4


def test_bins_with_too_few_starts_end_the_range_and_are_named():
    initial, final = outcome([40, 40, 40])
    keep = (initial < 2) | (initial >= 4) | (np.arange(len(initial)) % 4 == 0)
    result = capture_range(initial[keep], final[keep], bin_mm=2)
    assert result.range_mm == 2
    assert [(b.low_mm, b.starts) for b in result.too_few] == [(2, 10)]
    empty = capture_range(initial[initial >= 2], final[initial >= 2], bin_mm=2)
    assert (empty.range_mm, empty.bins[0].starts) == (0, 0)
    assert np.isnan(empty.bins[0].share)


def test_success_means_below_two_mm_and_no_answer_is_no_success():
    result = capture_range([1] * 5, [1.999, 2.0, np.nan, np.inf, 0], bin_mm=2, least_starts=1)
    assert result.bins[0].successes == 2


def test_starts_on_an_edge_belong_to_the_bin_above():
    rng = np.random.default_rng(8)
    starts = (starts_at_mtre(VIEWS, TARGETS, mm, rng) for mm in [3.0] * 10)
    initial = [mean_target_registration_error(start, VIEWS, TARGETS) for start in starts]
    assert [b.starts for b in capture_range(initial, [0] * 10, bin_mm=3).bins] == [0, 10]


@pytest.mark.parametrize(
    ("initial", "final", "bin_mm", "names"),
    [
        ([1, 2], [1], 2, "for every start"),
        ([], [], 2, "at least one"),
        ([1, np.nan], [1, 1], 2, "initial mTRE"),
        ([1], [1], 0, "bin_mm"),
    ],
)
def test_bad_arguments_are_named(initial, final, bin_mm, names):
    with pytest.raises(GeometryError, match=names):
        capture_range(initial, final, bin_mm)
