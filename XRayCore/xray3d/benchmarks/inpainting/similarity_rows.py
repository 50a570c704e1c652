"""Rows that say how alike the truth X-rays are that were painted in one way or another.

Intervals and p-values take X-rays as independent; those of one patient are not quite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.inpainting.cases import TestSet
from xray3d.benchmarks.inpainting.methods import CLASSICAL, OCCLUDED, OURS
from xray3d.benchmarks.inpainting.outcomes import CaseOutcome, Region
from xray3d.benchmarks.table import Row, against_limit
from xray3d.inpainting.paired import compare_paired
from xray3d.inpainting.similarity import MEASURES

INSIDE: Region = "in the mask"
_ELSEWHERE: tuple[Region, ...] = ("at its border", "over the image")
# What the peak signal-to-noise ratio is to be above that of the best classical method, in dB.
_LEAST_GAIN_DB: dict[TestSet, float] = {"DRRs": 6.0, "radiographs": 4.0}
_CLIPPED: TestSet = "radiographs, clipped at white"
_MOST_P = 0.01
_BETTER = f"better, p < {_MOST_P:g}"
_PSNR = "psnr_db"


def similarity_rows(cases: Sequence[CaseOutcome]) -> Iterator[Row]:
    """All of one test set: with goals in the mask, unless X-rays are clipped; elsewhere without."""
    test_set = cases[0].test_set
    with_goal = test_set != _CLIPPED
    best = best_classical(cases)
    if test_set in _LEAST_GAIN_DB:
        yield _gain_row(cases, best)
    for key in MEASURES:
        for method in (OCCLUDED, *CLASSICAL):
            row = _paired_row(cases, INSIDE, key, method)
            yield replace(row, goal=_BETTER) if with_goal else replace(row, met=None)
    for region in _ELSEWHERE if best is not None else ():
        for key in MEASURES:
            yield replace(_paired_row(cases, region, key, str(best)), met=None)


def best_classical(cases: Sequence[CaseOutcome]) -> str | None:
    """The method with the highest mean peak signal-to-noise ratio in the mask; None where none gave images."""
    means = {
        method: float(np.mean(found))
        for method in CLASSICAL
        if not isinstance(found := values(cases, INSIDE, _PSNR, method), str)
    }
    return max(means, key=means.__getitem__) if means else None


def ranked(cases: Sequence[CaseOutcome]) -> list[CaseOutcome]:
    """By how much painting raises the peak signal-to-noise ratio in the mask, the most first."""
    gains = np.subtract(*(np.asarray(values(cases, INSIDE, _PSNR, method)) for method in (OURS, OCCLUDED)))
    return [cases[number] for number in np.argsort(-gains)]


def values(cases: Sequence[CaseOutcome], region: Region, key: str, method: str) -> NDArray[np.float64] | str:
    """(n,) of one of `MEASURES` of a method's images, or why it did not give all of them."""
    found = [case.similarity[region][method] for case in cases]
    for one in found:
        if isinstance(one, str):
            return one
    return np.array([getattr(one, key) for one in found])


def _gain_row(cases: Sequence[CaseOutcome], best: str | None) -> Row:
    test_set, count = cases[0].test_set, len(cases)
    measure, limit = f"{test_set}, {count} X-rays, {INSIDE}: gain over the best classical method", _LEAST_GAIN_DB
    missing = [method for method in CLASSICAL if isinstance(values(cases, INSIDE, _PSNR, method), str)]
    if best is None or missing:
        # Without one of them nobody knows which is best.
        return Row(measure, f"no images of {', '.join(missing)}", "dB", f">= {limit[test_set]:g}")
    ours_db, theirs_db = (_mean(values(cases, INSIDE, _PSNR, method)) for method in (OURS, best))
    if isinstance(ours_db, str) or isinstance(theirs_db, str):
        return Row(measure, ours_db, "dB", f">= {limit[test_set]:g}", peer=best, peer_value=theirs_db)
    return replace(against_limit(measure, ours_db - theirs_db, "dB", ">=", limit[test_set]), peer=best)


def _paired_row(cases: Sequence[CaseOutcome], region: Region, key: str, method: str) -> Row:
    """Ours beside another method; met says whether ours is better and that this is no chance."""
    measure, ours = MEASURES[key], values(cases, region, key, OURS)
    theirs = values(cases, region, key, method)
    words = f"{cases[0].test_set}, {len(cases)} X-rays, {region}: {measure.name}"
    row = Row(words, _mean(ours), measure.unit, peer=method, peer_value=_mean(theirs))
    if isinstance(ours, str) or isinstance(theirs, str) or len(cases) < 2:
        return row
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        return row
    sign = 1.0 if measure.grows else -1.0
    compared = compare_paired(sign * ours, sign * theirs)
    words += f", better by {compared.difference:.3g} (95 % interval {compared.low:.3g} to {compared.high:.3g}"
    words += f", p = {compared.p:.1g})"
    return replace(row, measure=words, met=compared.p < _MOST_P)


def _mean(found: NDArray[np.float64] | str) -> float | str:
    if isinstance(found, str):
        return found
    mean = float(found.mean())
    return mean if np.isfinite(mean) else "without any error"
