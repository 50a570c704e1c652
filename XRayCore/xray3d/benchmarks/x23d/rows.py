"""Rows that say how near reconstructed vertebrae are to the true ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from xray3d.benchmarks.table import Row, against_limit
from xray3d.benchmarks.x23d.anatomies import TestSet
from xray3d.benchmarks.x23d.measuring import USUAL, USUAL_VIEWS
from xray3d.benchmarks.x23d.outcomes import VertebraOutcome
from xray3d.benchmarks.x23d.views import VIEW_COUNTS
from xray3d.reconstruction.scenes import LEVELS
from xray3d.reconstruction.shape_scores import TOLERANCES_MM

_LEAST_F1: dict[TestSet, float] = {"synthetic": 0.90, "real": 0.85}
_LEAST_F_SCORE_1_MM, _MOST_MEAN_MM = 0.71, 1.0
_TIMES_BETTER, _PEER = 1.22, "without calibration, as Pix2Vox"


def rows_of(outcomes: Sequence[VertebraOutcome]) -> Iterator[Row]:
    """All of one test set."""
    test_set = outcomes[0].test_set
    usual = [one for one in outcomes if one.condition == USUAL and one.views == USUAL_VIEWS]
    yield from _rows_of(f"{test_set}, {USUAL_VIEWS} views", usual, with_goals=True)
    for level in LEVELS:
        of_level = [one for one in usual if one.level == level]
        if of_level:
            yield _mean_row(f"{test_set}, {level}, {USUAL_VIEWS} views: F1", [one.f1 for one in of_level])
    for count in VIEW_COUNTS:
        of_count = [one for one in outcomes if one.condition == USUAL and one.views == count]
        words = f"{test_set}, {count} view{'s' if count > 1 else ''}"
        yield _mean_row(f"{words}: F1", [one.f1 for one in of_count])
        yield _mean_row(f"{words}: mean surface distance", _surface(of_count, lambda scores: scores.mean_mm), "mm")
    for condition in dict.fromkeys(one.condition for one in outcomes if one.condition != USUAL):
        yield from _rows_of(
            f"{test_set}, {USUAL_VIEWS} views, {condition}", [one for one in outcomes if one.condition == condition]
        )


def rows_against(uncalibrated: Sequence[VertebraOutcome], outcomes: Sequence[VertebraOutcome]) -> Iterator[Row]:
    """How much better the surface of the same vertebrae is than without calibration.

    Args:
        uncalibrated: all of one test set.
        outcomes: of the network that knows calibrations, of the same.
    """
    calibrated = [one for one in outcomes if one.condition == USUAL and one.views == USUAL_VIEWS]
    for tolerance in TOLERANCES_MM:
        ours, theirs = (
            float(np.mean([0.0 if one.surface is None else one.surface.f_score[tolerance] for one in of]))
            for of in (calibrated, uncalibrated)
        )
        measure = f"{outcomes[0].test_set}, {USUAL_VIEWS} views: surface F score at {tolerance:g} mm"
        is_goal = tolerance == min(TOLERANCES_MM)
        goal = f">= {_TIMES_BETTER:g} times the peer's" if is_goal else None
        yield Row(measure, ours, "", goal, ours >= _TIMES_BETTER * theirs if is_goal else None, _PEER, theirs)
    measure = f"{outcomes[0].test_set}, {USUAL_VIEWS} views: F1"
    ours, theirs = (float(np.mean([one.f1 for one in of])) for of in (calibrated, uncalibrated))
    yield Row(measure, ours, "", None, None, _PEER, theirs)


def _rows_of(words: str, outcomes: Sequence[VertebraOutcome], with_goals: bool = False) -> Iterator[Row]:
    f1s = [one.f1 for one in outcomes]
    goal = _LEAST_F1[outcomes[0].test_set] if with_goals else None
    yield _mean_row(f"{words}, {len(outcomes)} vertebrae: F1", f1s, "", goal)
    for tolerance in TOLERANCES_MM:
        scores = [0.0 if one.surface is None else one.surface.f_score[tolerance] for one in outcomes]
        goal = _LEAST_F_SCORE_1_MM if with_goals and tolerance == min(TOLERANCES_MM) else None
        yield _mean_row(f"{words}: surface F score at {tolerance:g} mm", scores, "", goal)
    means = _surface(outcomes, lambda scores: scores.mean_mm)
    measure = f"{words}: mean surface distance{_deviation(means)}"
    mean = float(np.mean(means)) if means else "nothing was reconstructed"
    yield against_limit(measure, mean, "mm", "<=", _MOST_MEAN_MM) if with_goals else Row(measure, mean, "mm")
    yield _mean_row(f"{words}: 95 % Hausdorff distance", _surface(outcomes, lambda scores: scores.hausdorff95_mm), "mm")


def _surface(outcomes: Sequence[VertebraOutcome], of: Callable) -> list[float]:
    return [of(one.surface) for one in outcomes if one.surface is not None]


def _mean_row(measure: str, values: Sequence[float], unit: str = "", goal: float | None = None) -> Row:
    if not values:
        return Row(measure, "nothing was reconstructed", unit, None if goal is None else f">= {goal:g}")
    measure, mean = measure + _deviation(values), float(np.mean(values))
    return Row(measure, mean, unit) if goal is None else against_limit(measure, mean, unit, ">=", goal)


def _deviation(values: Sequence[float]) -> str:
    return f", mean (SD {np.std(values, ddof=1):.3f})" if len(values) > 1 else ""
