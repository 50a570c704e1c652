"""Vertebrae that were found, and which of them can be true together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from xray3d.reconstruction.scenes import LEVELS

# Middles of neighbours are so far from each other, in children and in tall people.
_LEAST_APART_MM, _MOST_APART_MM = 15.0, 60.0
# Of the way from one to another, the share that goes up: at least that of 53° of tilt, in lordosis and scoliosis.
_LEAST_UPRIGHT = 0.6


@dataclass(frozen=True, eq=False)
class Found:
    """A vertebra.

    Attributes:
        level: one of `LEVELS`.
        middle_ras: (3,) mm, of its body.
        sigma_mm: root mean square distance of the middle from the truth, as heat maps tell it that are known to be of
            this vertebra; no larger than about 15 mm, which is half way to the next one.
        confidence: from 0 to 1, how likely the vertebra is there and not elsewhere, if X-rays are not wrong together.
        seen_by: how many X-rays show it there.
    """

    level: str
    middle_ras: NDArray[np.float64]
    sigma_mm: float
    confidence: float
    seen_by: int


def in_order(found: Sequence[Found]) -> list[Found]:
    """From head to foot, the surest of those that do not contradict each other.

    Upper ones lie above lower ones, no more than 53° aslant, and neighbours 15 to 60 mm from each other, so many times
    more where levels between them are missing.
    """
    ordered = sorted(found, key=lambda one: LEVELS.index(one.level))
    subsets = (subset for size in range(len(ordered) + 1) for subset in combinations(ordered, size))
    possible = (subset for subset in subsets if all(_fit(*pair) for pair in combinations(subset, 2)))
    return list(max(possible, key=lambda subset: sum(one.seen_by * one.confidence for one in subset)))


def _fit(upper: Found, lower: Found) -> bool:
    apart = upper.middle_ras - lower.middle_ras
    apart_mm = float(np.linalg.norm(apart))
    mm_a_step = apart_mm / (LEVELS.index(lower.level) - LEVELS.index(upper.level))
    return bool(apart[2] >= _LEAST_UPRIGHT * apart_mm and _LEAST_APART_MM <= mm_a_step <= _MOST_APART_MM)
