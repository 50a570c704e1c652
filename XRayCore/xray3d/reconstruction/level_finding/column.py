"""Vertebrae make a column: what is said of all of them together names each better than what is said of it alone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from xray3d.datasets.morphometry import MEAN_SHAPES
from xray3d.reconstruction.scenes import LEVELS

_SHAPES = [next(shape for shape in MEAN_SHAPES if shape.level == level) for level in LEVELS]
_APART_MM = [upper.height_mm / 2 + upper.disc_height_mm + lower.height_mm / 2 for upper, lower in pairwise(_SHAPES)]
# People differ in size, spines in what is left of their discs: one standard deviation of the logarithm.
_APART_SPREAD = 0.12
# Of the way from one to the next, the share that goes up: at least that of 53° of tilt, in lordosis and scoliosis.
_LEAST_UPRIGHT = 0.6
_IMPOSSIBLE = -1e9
# Places that are nearer are of the same vertebra: neighbours of adults are farther from each other.
_SAME_MM = 20.0
# What is wrong about one vertebra or on one X-ray is wrong about others and on others, too; so much less all of them
# together are worth than if they were not.
_ALIKE = 4.0

Array = NDArray[np.float64]


def likeliest_column(places_ras: Array, says: Array, absent: Array) -> dict[str, tuple[int, float]]:
    """Where each level most likely is, if those that there are follow each other from head to foot.

    The best of all columns is found by dynamic programming, and of it how likely each part is, by the forward-backward
    algorithm (Rabiner, Proceedings of the IEEE 77:257, 1989).

    Args:
        places_ras: (m, 3) mm, where vertebrae may be.
        says: (levels, m) logarithm of how likely it is, up to a constant, that a level is at a place.
        absent: (levels,) the same that it is nowhere.

    Returns:
        Of each level of the column the number of its place, and how likely it is about there; of none where
        no column is likelier than none.
    """
    steps = _steps(places_ras)
    before, after = _said(says, absent, steps, np.max)
    best = before + after
    if best.max() <= absent.sum():
        return {}
    tempered_before, tempered_after = _said(says / _ALIKE, absent / _ALIKE, steps, logsumexp)
    without_lower = (absent.sum() - np.cumsum(absent))[:, None] / _ALIKE
    of_all = logsumexp(np.append((tempered_before + without_lower).ravel(), absent.sum() / _ALIKE))
    shares = np.exp(tempered_before + tempered_after - of_all)
    column = {}
    for number, level in enumerate(LEVELS):
        place = int(best[number].argmax())
        # Every part of the best column is passed by it, and by no better one.
        if best[number, place] > best.max() - 1e-6:
            near = np.linalg.norm(places_ras - places_ras[place], axis=1) < _SAME_MM
            column[level] = place, float(shares[number, near].sum())
    return column


def _steps(places_ras: Array) -> Array:
    """(levels - 1, m, m) logarithm of how likely a level is at the second place if the one above is at the first."""
    down = places_ras[:, None] - places_ras[None]
    apart = np.linalg.norm(down, axis=2)
    possible = (apart > 0) & (down[..., 2] >= _LEAST_UPRIGHT * apart)
    logarithm = np.log(np.where(possible, apart, 1.0))
    return np.stack(
        [
            np.where(possible, -(((logarithm - np.log(usual)) / _APART_SPREAD) ** 2) / 2, _IMPOSSIBLE)
            for usual in _APART_MM
        ]
    )


def _said(says: Array, absent: Array, steps: Array, put_together: Callable[..., Array]) -> tuple[Array, Array]:
    """(levels, m) each: what columns say that reach down to a level at a place, it included; and what is below it.

    Args:
        put_together: of what several columns say, `np.max` or `logsumexp`.
    """
    none_above, none_below = np.cumsum(absent) - absent, absent.sum() - np.cumsum(absent)
    before, after = np.array(says, float), np.zeros_like(says, float)
    for number in range(len(says)):
        begins = np.full(says.shape[1], none_above[number])
        if number:
            goes_on = put_together(before[number - 1][:, None] + steps[number - 1], axis=0)
            begins = put_together(np.stack([begins, goes_on]), axis=0)
        before[number] += begins
    for number in reversed(range(len(says))):
        after[number] = none_below[number]
        if number + 1 < len(says):
            goes_on = put_together(steps[number] + says[number + 1] + after[number + 1], axis=1)
            after[number] = put_together(np.stack([after[number], goes_on]), axis=0)
    return before, after
