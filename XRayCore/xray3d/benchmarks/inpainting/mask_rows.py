"""Rows that say how well metal is found, and how often where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from xray3d.benchmarks.inpainting.cases import TestSet
from xray3d.benchmarks.inpainting.outcomes import CaseOutcome
from xray3d.benchmarks.shares import share_row
from xray3d.benchmarks.table import Row, against_limit

_LEAST_DICE: dict[TestSet, float] = {"DRRs": 0.95, "X-rays": 0.95, "radiographs": 0.90}
_LEAST_CLEAN_PERCENT = 98.0
_SIMULATED: tuple[TestSet, ...] = ("DRRs", "X-rays")


def mask_rows(cases: Sequence[CaseOutcome]) -> Iterator[Row]:
    """All of one test set."""
    test_set, dices = cases[0].test_set, [case.dice for case in cases]
    words = f"{test_set}, {len(cases)} X-rays: metal found, Dice's coefficient"
    mean, limit = float(np.mean(dices)), _LEAST_DICE.get(test_set)
    measure = f"{words}, mean"
    yield Row(measure, mean, "") if limit is None else against_limit(measure, mean, "", ">=", limit)
    yield Row(f"{words}, 10th percentile", float(np.percentile(dices, 10)), "")
    if test_set in _SIMULATED:  # of radiographs there are more without metal than had some added
        words = f"{test_set} without metal and noise, {len(cases)}: nothing found"
        yield share_row(words, [case.clean for case in cases], None)


def clean_row(clean: Sequence[bool]) -> Row:
    """Of real radiographs without metal, whether nothing was found on each."""
    return share_row(f"radiographs without metal, {len(clean)}: nothing found", clean, _LEAST_CLEAN_PERCENT)
