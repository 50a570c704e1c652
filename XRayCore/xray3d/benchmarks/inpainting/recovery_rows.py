"""Rows that say how much of what implants take from a registration comes back where they are masked or painted over.

Right is a final mTRE below 2 mm from two views; from one, which does not see its depth, the same of the projected
error. The intervals of shares are Wilson's, and take the trials as independent; those that share an X-ray are not
quite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from xray3d.benchmarks.inpainting.trials import BIN_MM, Condition, Protocol, Trial
from xray3d.benchmarks.shares import share_row
from xray3d.benchmarks.table import Row, Value
from xray3d.registration.capture_range import SUCCESS_MM, capture_range
from xray3d.registration.statistics import percentile

_CLEAN: Condition = "without implants"
_OCCLUDED: Condition = "with implants"
_PAINTED: Condition = "inpainted"
_TREATED: tuple[Condition, ...] = get_args(Condition)[2:]
_LEAST_RECOVERED_PERCENT = 85.0
_LEAST_STARTS = 20
_NONE = "none is right"
_TOO_FEW = f"too few starts: fewer than {_LEAST_STARTS} in a bin"


def recovery_rows(trials: Sequence[Trial]) -> Iterator[Row]:
    """All rows, protocol by protocol."""
    for protocol in dict.fromkeys(trial.protocol for trial in trials):
        yield from _protocol_rows([trial for trial in trials if trial.protocol == protocol], _in_words(protocol))


def _protocol_rows(trials: Sequence[Trial], words: str) -> Iterator[Row]:
    of_conditions = {name: [trial for trial in trials if trial.condition == name] for name in get_args(Condition)}
    if trials[0].protocol.nearest_mm == 0:
        ranges = {name: _range_mm(some) for name, some in of_conditions.items()}
        for name, range_mm in ranges.items():
            yield Row(f"{words}, capture range, {name}", range_mm, "mm")
        for name in _TREATED:
            of_three = (ranges[_CLEAN], ranges[_OCCLUDED], ranges[name])
            yield _recovered_row(f"{words}, capture range", "mm", name, *of_three)
    right = {name: [_error_mm(trial) < SUCCESS_MM for trial in some] for name, some in of_conditions.items()}
    for name, hits in right.items():
        yield share_row(f"{words}, right of {len(hits)} starts, {name}", hits, None)
    for name, some in of_conditions.items():
        errors = [_error_mm(trial) for trial in some if _error_mm(trial) < SUCCESS_MM]
        yield Row(f"{words}, median error of right results, {name}", percentile(errors, 50) if errors else _NONE, "mm")
    clean, occluded = float(sum(right[_CLEAN])), float(sum(right[_OCCLUDED]))
    of = f"{words}, right results (implants took {clean - occluded:g} of {clean:g})"
    for name in _TREATED:
        yield _recovered_row(of, "results", name, clean, occluded, float(sum(right[name])))


def _range_mm(trials: Sequence[Trial]) -> Value:
    """Up to which 95 % of each bin are right, or why that is not known."""
    found = capture_range(
        [trial.initial.mtre_mm for trial in trials], [_error_mm(trial) for trial in trials], BIN_MM, _LEAST_STARTS
    )
    return _TOO_FEW if found.too_few else found.range_mm


def _error_mm(trial: Trial) -> float:
    return trial.final.mtre_mm if trial.protocol.views > 1 else trial.final.mpd_mm


def _recovered_row(of: str, unit: str, treated: Condition, *measured: Value) -> Row:
    """Of what implants took the share that came back; with a goal where they were painted over.

    Args:
        measured: without implants, with them, and treated, in the unit.
    """
    value, met = _recovered_percent(unit, *measured)
    measure = f"{of}: recovered of what implants took, {treated}"
    if treated != _PAINTED:
        return Row(measure, value, "%")
    return Row(measure, value, "%", f">= {_LEAST_RECOVERED_PERCENT:g}", met)


def _recovered_percent(unit: str, clean: Value, occluded: Value, treated: Value) -> tuple[Value, bool | None]:
    """In per cent or in words, and whether it is enough."""
    if not (isinstance(clean, float) and isinstance(occluded, float) and isinstance(treated, float)):
        return _TOO_FEW, None
    if clean > occluded:
        percent = 100.0 * (treated - occluded) / (clean - occluded)
        return percent, percent >= _LEAST_RECOVERED_PERCENT
    if treated >= clean:
        return "implants took nothing", None
    # What takes more than implants do has not recovered anything.
    return f"implants took nothing, this took {clean - treated:g} {unit}", False


def _in_words(protocol: Protocol) -> str:
    views = "one view" if protocol.views == 1 else "two views"
    search = "without search" if protocol.search == "off" else "with search"
    return f"{views} {search}, starts at {protocol.nearest_mm:g} to {protocol.farthest_mm:g} mm"
