"""Percentiles and shares of many registrations."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm


def percentile(values: ArrayLike, percent: float) -> float:
    """The percentile between the two nearest of the values (n,), as numpy's default; infinite values are allowed."""
    ordered = np.sort(np.asarray(values, float))
    if not len(ordered):
        return float("nan")
    position = percent / 100 * (len(ordered) - 1)
    low, high = ordered[int(np.floor(position))], ordered[int(np.ceil(position))]
    # numpy's own interpolation gives NaN between infinite values
    return float(low) if low == high else float(low + (high - low) * (position % 1))


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a share, from 0 to 1, that also holds for few trials and shares near 0 and 1.

    Wilson, Journal of the American Statistical Association 22:209, 1927. Without trials it is (0, 1).

    Raises:
        ValueError: more successes than trials, or negative ones.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"There cannot be {successes} successes in {trials} trials.")
    if trials == 0:
        return 0.0, 1.0
    z = norm.ppf((1 + confidence) / 2)
    share, weight = successes / trials, z**2 / trials
    middle = (share + weight / 2) / (1 + weight)
    half = np.sqrt(share * (1 - share) * weight + weight**2 / 4) / (1 + weight)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))
