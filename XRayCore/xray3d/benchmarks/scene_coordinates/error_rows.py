"""Rows about the errors of poses before and after the refinement.

The peers' figures are those that they published, of X-rays of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xray3d.benchmarks.scene_coordinates.outcomes import Trial, When, mtre_mm
from xray3d.benchmarks.table import Row, against_limit
from xray3d.registration.metrics import GROSS_FAILURE_MM
from xray3d.registration.statistics import percentile

_PERCENTS = (25, 50, 95)
_MOST_DEG, _MOST_MM = 0.5, 2.0
_SHRESTHA_MM = 3.79
_SHRESTHA = (
    "Shrestha et al. 2023, published: simulated pelvis X-rays, mean of patients' medians, ± 1.67 (real X-rays, "
    "projected: 9.65 ± 4.07)"
)
_XIE = {
    "rotation": (3.96, "Xie, Tsukuba, published: 2,700 DRRs, mean ± 2.26"),
    "translation": (23.07, "Xie, Tsukuba, published: 2,700 DRRs, mean ± 19.29"),
}


@dataclass(frozen=True)
class Bar:
    """What is to be reached: at most this median mTRE (mm) and this share of gross failures (%)."""

    median_mm: float
    gross_percent: float

    def is_reached(self, errors_mm: Sequence[float]) -> bool:
        """Whether these mTREs, infinite without a pose, reach both."""
        return percentile(errors_mm, 50) <= self.median_mm and gross_percent(errors_mm) <= self.gross_percent


BARS: Mapping[When, Bar] = {"before refinement": Bar(3.0, 5.0), "after refinement": Bar(0.5, 2.0)}


def gross_percent(errors_mm: Sequence[float]) -> float:
    """How many per cent of mTREs are gross failures; where there is no pose, the error is infinite."""
    return 100.0 * float(np.mean(np.array(errors_mm) > GROSS_FAILURE_MM))


def target_rows(name: str, trials: Sequence[Trial], with_goal: bool) -> Iterator[Row]:
    """Percentiles of the mTRE and gross failures, before and after."""
    for when, bar in BARS.items():
        errors_mm = mtre_mm(trials, when)
        measure = f"{name}, {len(trials)} X-rays, {when}"
        rows = list(distribution_rows(measure, errors_mm, bar if with_goal else None))
        if with_goal and when == "before refinement":
            rows[1] = replace(rows[1], peer=_SHRESTHA, peer_value=_SHRESTHA_MM)
        yield from rows


def distribution_rows(measure: str, errors_mm: Sequence[float], bar: Bar | None) -> Iterator[Row]:
    """Three percentiles of mTREs, infinite without a pose, and the gross failures; the median comes second."""
    for percent in _PERCENTS:
        words = f"{measure}: {'median' if percent == 50 else f'{percent}th percentile of'} mTRE"
        value = percentile(errors_mm, percent)
        row = Row(words, value, "mm")
        if bar is not None and percent == 50:
            row = against_limit(words, value, "mm", "<=", bar.median_mm)
        # JSON has no infinity; a goal that it misses stays missed.
        yield row if np.isfinite(value) else replace(row, value="no pose")
    words, gross = f"{measure}: gross failures (> {GROSS_FAILURE_MM:g} mm, or no pose)", gross_percent(errors_mm)
    yield against_limit(words, gross, "%", "<=", bar.gross_percent) if bar else Row(words, gross, "%")


def mean_rows(trials: Sequence[Trial]) -> Iterator[Row]:
    """The Tsukuba protocol: mean errors of rotation and translation where there is a pose, and how often none is."""
    for when in BARS:
        errors = [error for trial in trials if (error := trial.error(when)) is not None]
        measure = f"{len(trials):,} X-rays from different directions, {when}"
        yield Row(f"{measure}: without a pose", len(trials) - len(errors), "X-rays")
        for kind, unit, most, values in (
            ("rotation", "°", _MOST_DEG, [error.rotation_deg for error in errors]),
            ("translation", "mm", _MOST_MM, [error.translation_mm for error in errors]),
        ):
            words = f"{measure}: mean {kind} error of {len(errors):,} with a pose"
            row = _mean_row(words, values, unit, most if when == "after refinement" else None)
            if when == "before refinement":
                row = replace(row, peer=_XIE[kind][1], peer_value=_XIE[kind][0])
            yield row


def _mean_row(measure: str, values: Sequence[float], unit: str, most: float | None) -> Row:
    if not values:
        return Row(measure, "no pose", unit, None if most is None else f"<= {most:g}", None if most is None else False)
    measure, mean = f"{measure} (± {np.std(values):.2f})", float(np.mean(values))
    return Row(measure, mean, unit) if most is None else against_limit(measure, mean, unit, "<=", most)
