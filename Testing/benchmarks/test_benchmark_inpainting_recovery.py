"""The inpainting benchmark's rows about registrations, from trials that never took place."""

import json
from typing import get_args

import pytest

from registration_benchmark_support import error
from xray3d.benchmarks.inpainting.recovery_rows import recovery_rows
from xray3d.benchmarks.inpainting.trials import Condition, Protocol, Trial
from xray3d.benchmarks.table import to_json

NEAR, FAR = Protocol(2, "off", 0.0, 40.0, 10), Protocol(2, "auto", 40.0, 60.0, 5)
ONE_VIEW = Protocol(1, "off", 0.0, 40.0, 10)
CLEAN, OCCLUDED, TRUE_MASK, FOUND, PAINTED, BOTH = get_args(Condition)


def trials(protocol, lost):
    """Twenty starts a bin; of each condition, those from the bins at and beyond this one fail."""
    return [
        Trial(protocol, condition, error(low + 2.5), error(30.0 if low >= lost.get(condition, 35) else 0.3))
        for condition in get_args(Condition)
        for low in range(int(protocol.nearest_mm), int(protocol.farthest_mm), 5)
        for _ in range(20)
    ]


def rows_of(some):
    rows = list(recovery_rows(some))
    json.loads(to_json(rows))
    return rows


def row(rows, *words):
    """The row whose measure has these words in it and ends with the last of them, but for an interval."""
    measures = [row.measure.split(" (95 %")[0] for row in rows]
    (found,) = (
        row
        for row, measure in zip(rows, measures, strict=True)
        if measure.endswith(words[-1]) and all(word in measure for word in words)
    )
    return found


@pytest.mark.parametrize(("painted_mm", "percent", "met"), [(35, 100, True), (30, 75, False), (10, -25, False)])
def test_what_comes_back_of_what_implants_took(painted_mm, percent, met):
    rows = rows_of(trials(NEAR, {OCCLUDED: 15, PAINTED: painted_mm, BOTH: 25}))
    assert row(rows, f"capture range, {CLEAN}").value == 35
    assert row(rows, f"capture range, {OCCLUDED}").value == 15
    for of in ("capture range", "right results"):
        found = row(rows, of, f"recovered of what implants took, {PAINTED}")
        assert found.value == pytest.approx(percent)
        assert (found.goal, found.met) == (">= 85", met)


def test_masks_are_for_comparison():
    rows = rows_of(trials(NEAR, {OCCLUDED: 15, FOUND: 25}))
    found = row(rows, f"capture range: recovered of what implants took, {FOUND}")
    assert (found.value, found.goal, found.met) == (50, None, None)


def test_nothing_taken_is_said_in_words():
    rows = rows_of(trials(NEAR, {CLEAN: 30}))
    for of in ("capture range", "right results"):
        found = row(rows, of, f"recovered of what implants took, {PAINTED}")
        assert (found.value, found.met) == ("implants took nothing", None)


def test_painting_that_takes_more_than_implants_is_a_missed_goal():
    rows = rows_of(trials(NEAR, {CLEAN: 30, PAINTED: 20, BOTH: 20}))
    for of, took in (("capture range", "10 mm"), ("right results", "40 results")):
        found = row(rows, of, f"recovered of what implants took, {PAINTED}")
        assert (found.value, found.met) == (f"implants took nothing, this took {took}", False)
        assert row(rows, of, f"recovered of what implants took, {BOTH}").met is None


def test_too_few_starts_prove_no_range():
    rows = rows_of(trials(NEAR, {OCCLUDED: 15})[::2])
    found = row(rows, f"capture range: recovered of what implants took, {PAINTED}")
    assert found.value.startswith("too few starts")
    assert row(rows, "right results", f"recovered of what implants took, {PAINTED}").met is True


def test_starts_from_afar_have_shares_and_no_range():
    rows = rows_of(trials(FAR, {CLEAN: 55, OCCLUDED: 45, PAINTED: 55}))
    assert not [row for row in rows if "capture range" in row.measure]
    assert row(rows, "starts at 40 to 60 mm", f"right of 80 starts, {CLEAN}").value == 75
    assert row(rows, "right results", f"recovered of what implants took, {PAINTED}").value == 100


def test_one_view_is_right_by_its_projected_error():
    deep = [
        Trial(ONE_VIEW, condition, error(2.5), error(6.0, mpd_mm=1.9 if condition != OCCLUDED else 2.1))
        for condition in get_args(Condition)
    ]
    rows = rows_of(deep)
    assert row(rows, "one view", f"right of 1 starts, {CLEAN}").value == 100
    assert row(rows, "one view", f"right of 1 starts, {OCCLUDED}").value == 0


def test_the_median_error_is_of_right_results():
    rows = rows_of(trials(NEAR, {PAINTED: 0}))
    assert row(rows, f"median error of right results, {OCCLUDED}").value == 0.3
    assert row(rows, f"median error of right results, {PAINTED}").value == "none is right"


def test_every_protocol_has_its_own_rows():
    rows = rows_of([*trials(NEAR, {}), *trials(ONE_VIEW, {}), *trials(FAR, {})])
    assert row(rows, "two views without search", f"capture range, {CLEAN}").value == 35
    assert row(rows, "one view without search", f"capture range, {CLEAN}").value == 35
    assert row(rows, "two views with search", f"starts, {CLEAN}").value == 0
