"""The registration benchmark's table from trials whose outcome is known."""

import json
from dataclasses import replace

import pytest

from registration_benchmark_support import PLACE, REFUSED, RIGHT, WRONG, error
from xray3d.benchmarks.registration.rows import CONDITIONS, trial_rows
from xray3d.benchmarks.table import to_json


def range_trials(farthest_mm, failing_mm=()):
    """Twenty right starts a bin up to a distance; in the bins that begin at `failing_mm`, two of them fail."""
    return [
        replace(RIGHT, purpose="range", condition=condition, initial=error(low + 2.5), final=error(final_mm))
        for condition in CONDITIONS[:3]
        for low in range(0, farthest_mm, 5)
        for number in range(20)
        for final_mm in [30.0 if low in failing_mm and number < 2 else 0.3]
    ]


def rows_of(trials):
    """All rows; the capture range is there unless the test is about it."""
    rows = trial_rows([*trials, *([] if any(t.purpose == "range" for t in trials) else range_trials(45))])
    json.loads(to_json(rows))
    return rows


def row(rows, *words):
    (found,) = (row for row in rows if all(word in row.measure for word in words))
    return found


@pytest.mark.parametrize(("wrong", "share", "met"), [(1, 95.0, True), (2, 90.0, False)])
def test_two_views_are_right_by_their_mtre(wrong, share, met):
    found = row(rows_of([RIGHT] * (20 - wrong) + [WRONG] * wrong), "two views, mTRE < 1 mm", "20 starts")
    assert found.value == pytest.approx(share)
    assert found.met is met


def test_one_view_is_right_by_its_projected_error():
    deep = replace(RIGHT, views=1, final=error(6.0, mpd_mm=1.9))
    beside = replace(RIGHT, views=1, final=error(6.0, mpd_mm=2.1))
    found = row(rows_of([RIGHT, deep, deep, deep, beside]), "one view, mPD < 2 mm", "4 starts")
    assert found.value == pytest.approx(75.0)
    assert found.met is False


@pytest.mark.parametrize("bad", [WRONG, REFUSED])
def test_a_start_that_was_refused_counts_like_one_that_failed(bad):
    rows = rows_of([RIGHT, bad, bad, bad])
    assert row(rows, "two views, mTRE < 1 mm").value == pytest.approx(25.0)
    assert row(rows, "gross failures").value == pytest.approx(75.0)
    assert row(rows, "two views, median mTRE").met is False


def test_a_share_comes_with_its_interval():
    found = row(rows_of([RIGHT] * 8 + [WRONG] * 2), "two views, mTRE < 1 mm")
    assert "(95 % interval 49.0–94.3 %)" in found.measure


def test_only_conditions_that_should_succeed_have_goals():
    rows = rows_of([replace(RIGHT, condition=condition) for condition in CONDITIONS])
    goals = {condition: row(rows, f"{PLACE.name}, {condition}: two views, mTRE").goal for condition in CONDITIONS}
    assert goals == dict(zip(CONDITIONS, [">= 95", ">= 95", None, None], strict=True))


def test_every_place_has_its_own_rows():
    rows = rows_of([RIGHT, replace(WRONG, place="elsewhere")])
    assert row(rows, PLACE.name, "mTRE < 1 mm").value == 100
    assert row(rows, "elsewhere", "mTRE < 1 mm").value == 0


def test_precision_and_recall_of_the_verdict():
    both = range_trials(45)
    falsely, missed = replace(WRONG, verdict="accepted"), replace(RIGHT, verdict="doubtful")
    rows = rows_of([*both, *[falsely] * 60, *[missed] * 135, REFUSED])
    precision, recall = row(rows, "accepted results that are right"), row(rows, "right results that are accepted")
    assert len(both) == 540
    assert precision.value == pytest.approx(100 * 540 / 600)
    assert recall.value == pytest.approx(100 * 540 / 675)
    assert (precision.met, recall.met) == (False, False)
    assert "of 600" in precision.measure
    assert "of 675" in recall.measure


def test_the_verdicts_rows_say_what_its_thresholds_were_chosen_on():
    for found in (row(rows_of([RIGHT]), words) for words in ("accepted results that", "results that are accepted")):
        assert "thresholds were chosen on other X-rays of the same CTs" in found.measure
        assert found.met is True


def test_nothing_accepted_is_no_precision():
    trials = [replace(trial, verdict="doubtful", final=error(5.0)) for trial in [WRONG, *range_trials(5)]]
    found = row(rows_of(trials), "accepted results that are right")
    assert found.value == "there is none"
    assert found.met is None


@pytest.mark.parametrize(
    ("farthest_mm", "failing_mm", "range_mm", "met"),
    [(45, (), 45, True), (45, (40,), 40, True), (45, (35,), 35, False), (30, (), 30, False)],
)
def test_capture_range_ends_before_the_first_bin_that_fails(farthest_mm, failing_mm, range_mm, met):
    rows = rows_of([RIGHT, *range_trials(farthest_mm, failing_mm)])
    for condition, expected in zip(CONDITIONS[:3], (met, met, None), strict=True):
        found = row(rows, f"capture range, two views, {condition}")
        assert found.value == range_mm
        assert found.met is expected
    for low in failing_mm:
        assert row(rows, "screws, masked", f"from {low} to", "(95 % interval 69.9–97.2 %)").value == pytest.approx(90.0)


def test_too_few_starts_prove_no_range():
    found = row(rows_of([RIGHT, *range_trials(45)[::2]]), "capture range, two views, as in the CT")
    assert found.value.startswith("too few starts")
    assert found.met is None


def test_predicted_errors_are_compared_where_results_are_accepted_and_right():
    trial = replace(RIGHT, final=error(0.2), predicted_mm=(0.1, 0.4))
    misleading = replace(WRONG, verdict="accepted", predicted_mm=(1e-3, 1e-3))
    rows = rows_of([trial, misleading, REFUSED])
    assert row(rows, "2 views, true over predicted", "along").value == pytest.approx(2.0)
    assert row(rows, "2 views, true over predicted", "across").value == pytest.approx(0.5)
    assert not [row for row in rows if row.measure.startswith("1 view,")]
