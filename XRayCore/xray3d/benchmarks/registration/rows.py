"""The table of the registration benchmark from its trials.

The intervals of shares are Wilson's, and take the trials as independent; those that share an X-ray are not quite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from xray3d.benchmarks.registration.trials import BIN_MM, MAX_DEG, MAX_MM, Condition, Trial
from xray3d.benchmarks.shares import interval_in_words, share_row
from xray3d.benchmarks.table import Row, against_limit
from xray3d.registration.capture_range import capture_range
from xray3d.registration.metrics import GROSS_FAILURE_MM

RIGHT_TWO_VIEWS_MM, RIGHT_ONE_VIEW_MM = 1.0, 2.0
CONDITIONS: tuple[Condition, ...] = ("as in the CT", "screws, masked", "screws, not masked", "soft tissue moved")
# Screws that nobody masks, and soft tissue that moved, are there to be seen; the goals are for the others.
_WITH_GOAL = CONDITIONS[:2]
_CAPTURE_LIMIT_MM, _LEAST_STARTS = 40.0, 20
_TUNED = "the verdict's thresholds were chosen on other X-rays of the same CTs"


def trial_rows(trials: Sequence[Trial]) -> list[Row]:
    """All rows that follow from the trials."""
    accuracy = [trial for trial in trials if trial.purpose == "accuracy"]
    rows: list[Row] = []
    for condition in CONDITIONS:
        of_condition = [trial for trial in accuracy if trial.condition == condition]
        for place in dict.fromkeys(trial.place for trial in of_condition):
            of_place = [trial for trial in of_condition if trial.place == place]
            rows += _accuracy_rows(of_place, f"{place}, {condition}", condition in _WITH_GOAL)
    for condition in CONDITIONS[:3]:
        rows += _range_rows([t for t in trials if t.purpose == "range" and t.condition == condition], condition)
    return [*rows, *_verdict_rows(trials), *_predicted_rows(accuracy)]


def is_right(trial: Trial) -> bool:
    """Under 1 mm mTRE from two views; under 2 mm projected error from one, which does not see its depth."""
    if trial.views > 1:
        return trial.final.mtre_mm < RIGHT_TWO_VIEWS_MM
    return trial.final.mpd_mm < RIGHT_ONE_VIEW_MM


def _accuracy_rows(trials: Sequence[Trial], name: str, with_goal: bool) -> Iterator[Row]:
    two, one = ([trial for trial in trials if trial.views == views] for views in (2, 1))
    rates = (("two views, mTRE < 1 mm", two), ("one view, mPD < 2 mm", one))
    for words, some in rates:
        if not some:
            continue
        measure = f"{name}: {words}, {len(some)} starts to {MAX_DEG:g}° and {MAX_MM:g} mm"
        yield share_row(measure, [is_right(trial) for trial in some], 95.0 if with_goal else None)
    median = float(np.median([trial.final.mtre_mm for trial in two]))
    measure = f"{name}: two views, median mTRE"
    yield against_limit(measure, median, "mm", "<=", 0.3) if with_goal else Row(measure, median, "mm")
    worse = float(np.percentile([trial.final.mtre_mm for trial in two], 95))
    yield Row(f"{name}: two views, 95th percentile of mTRE", worse, "mm")
    if one:
        yield Row(f"{name}: one view, median mPD", float(np.median([trial.final.mpd_mm for trial in one])), "mm")
        yield Row(f"{name}: one view, median mTRE", float(np.median([trial.final.mtre_mm for trial in one])), "mm")
    gross = 100.0 * float(np.mean([trial.final.mtre_mm > GROSS_FAILURE_MM for trial in two]))
    yield Row(f"{name}: two views, gross failures (> {GROSS_FAILURE_MM:g} mm)", gross, "%")


def _range_rows(trials: Sequence[Trial], name: str) -> Iterator[Row]:
    measure = f"capture range, two views, {name} (95 % < 2 mm mTRE in bins of {BIN_MM:g} mm, {len(trials)} starts)"
    initial, final = ([getattr(trial, when).mtre_mm for trial in trials] for when in ("initial", "final"))
    found = capture_range(initial, final, BIN_MM, _LEAST_STARTS)
    if found.too_few:
        yield Row(measure, f"too few starts: fewer than {_LEAST_STARTS} in a bin", "mm")
        return
    goal = name in _WITH_GOAL
    yield (
        against_limit(measure, found.range_mm, "mm", ">=", _CAPTURE_LIMIT_MM)
        if goal
        else Row(measure, found.range_mm, "mm")
    )
    for part in found.bins[-6:]:
        words = f"capture range, {name}: success from {part.low_mm:g} to {part.high_mm:g} mm"
        yield Row(f"{words}{interval_in_words(part.successes, part.starts)}", 100.0 * part.share, "%")


def _verdict_rows(trials: Sequence[Trial]) -> Iterator[Row]:
    """Precision and recall of the verdict "accepted"."""
    accepted = [is_right(trial) for trial in trials if trial.verdict == "accepted"]
    right = [trial.verdict == "accepted" for trial in trials if is_right(trial)]
    for words, hits, goal in (
        ("accepted results that are right", accepted, 98.0),
        ("right results that are accepted", right, 85.0),
    ):
        yield share_row(f"{words}, of {len(hits)}; {_TUNED}", hits, goal)


def _predicted_rows(trials: Sequence[Trial]) -> Iterator[Row]:
    """Whether the predicted error is about as large as the true one: their ratio, in the median of accepted results."""
    for views in (2, 1):
        some = [trial for trial in trials if trial.views == views and trial.verdict == "accepted" and is_right(trial)]
        if some:
            along = np.median([trial.final.along_mm / trial.predicted_mm[0] for trial in some])
            across = np.median([trial.final.across_mm / trial.predicted_mm[1] for trial in some])
            words = f"{views} view{'s' if views > 1 else ''}, true over predicted error (median)"
            yield Row(f"{words}, along the view", float(along), "ratio")
            yield Row(f"{words}, across the view", float(across), "ratio")
