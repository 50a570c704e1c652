"""Rows that say how many of many, and between which limits that is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xray3d.benchmarks.table import Row, against_limit
from xray3d.registration.statistics import wilson_interval


def share_row(measure: str, hits: Sequence[bool], goal: float | None) -> Row:
    """How many per cent are hits, with the interval in the words and perhaps a least share as the goal."""
    if not hits:
        return Row(measure, "there is none", "%", None if goal is None else f">= {goal:g}")
    share, measure = 100.0 * float(np.mean(hits)), f"{measure}{interval_in_words(sum(hits), len(hits))}"
    return Row(measure, share, "%") if goal is None else against_limit(measure, share, "%", ">=", goal)


def interval_in_words(successes: int, trials: int) -> str:
    """Wilson's interval of a share, to follow the name of what is measured."""
    low, high = wilson_interval(successes, trials)
    return f" (95 % interval {100 * low:.1f}–{100 * high:.1f} %)"
