"""Whether one method is better than another on the same cases, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import bootstrap, wilcoxon

_RESAMPLES = 2000


@dataclass(frozen=True)
class PairedComparison:
    """Of two methods on n cases.

    Attributes:
        difference: mean of the one's values less the other's.
        low, high: its 95 % confidence interval, from the cases resampled (BCa bootstrap).
        p: of the Wilcoxon signed-rank test that the one's values are not larger: small where they are.
    """

    difference: float
    low: float
    high: float
    p: float


def compare_paired(one: ArrayLike, other: ArrayLike, seed: int = 0) -> PairedComparison:
    """Compare the values (n,) of two methods, each pair of the same case.

    Raises:
        ValueError: not the same number of values, fewer than two, or values that are not finite.
    """
    differences = np.asarray(one, float) - np.asarray(other, float)
    if differences.ndim != 1 or len(differences) < 2 or not np.isfinite(differences).all():
        raise ValueError("A paired comparison takes two or more finite values of each method, of the same cases.")
    mean = float(differences.mean())
    if np.ptp(differences) == 0:  # there is nothing to resample, and ranks are all ties
        return PairedComparison(mean, mean, mean, 2.0 ** -len(differences) if mean > 0 else 1.0)
    interval = bootstrap(
        (differences,), np.mean, n_resamples=_RESAMPLES, rng=np.random.default_rng(seed)
    ).confidence_interval
    p = float(wilcoxon(differences, alternative="greater").pvalue)
    return PairedComparison(mean, float(interval.low), float(interval.high), p)
