"""The pedicles along a straightened spine.

Beside the canal, bone (a pedicle) and gap (a foramen) take turns once a vertebra, in every part of the spine. Of all
places where bone is most, those count that follow each other at a pitch which changes slowly.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d
from scipy.signal import find_peaks

from xray3d.datasets.straight_spine import BONE_HU, FRONT_MM, RIGHT_MM, StraightSpine, within

PEDICLE_FRONT_MM = (-1.0, 8.0)
PEDICLE_SIDE_MM = (8.0, 18.0)
ALA_FRONT_MM = (0.0, 16.0)
ALA_SIDE_MM = (28.0, 42.0)
SACRAL_ALA = 0.3
SACRAL_PEAKS = 4
DENSE_HU = 800.0
LEAST_PROMINENCE = 0.06
PITCH_MM = (13, 48)
PITCH_CHANGE_LOSS = 1.5

Profile = NDArray[np.float64]
Range = tuple[float, float]


def find_pedicles(spine: StraightSpine) -> list[tuple[NDArray[np.intp], Profile]]:
    """Rows of pedicles above the sacrum: plane numbers (n,) upwards, and prominence (n,) 0 to 1.

    Prominence is how much more bone lies beside the canal than in the foramina next to it, of the most nearby.
    """
    dense = np.clip(spine.hu, 0, DENSE_HU)
    profile = gaussian_filter1d(_both_sides(dense, PEDICLE_FRONT_MM, PEDICLE_SIDE_MM), 2.0)
    relative = profile / (maximum_filter1d(profile, 61) + 1.0)
    peaks, found = find_peaks(relative, distance=PITCH_MM[0], prominence=LEAST_PROMINENCE)
    above = _sacral_count(spine, peaks)
    peaks, prominence = peaks[above:], np.clip(found["prominences"][above:], 0, 1)
    return [(peaks[row], prominence[row]) for row in _regular_rows(peaks, prominence)]


def _both_sides(field: NDArray, front_mm: Range, side_mm: Range) -> Profile:
    """The smaller of the means over a box on the left and on the right, in every plane."""
    strip = field[:, within(FRONT_MM, front_mm)]
    left, right = (strip[:, :, within(sign * RIGHT_MM, side_mm)].mean((1, 2)) for sign in (-1, 1))
    return np.minimum(left, right).astype(float)


def _sacral_count(spine: StraightSpine, peaks: NDArray[np.intp]) -> int:
    """How many of the lowest peaks belong to the sacrum: up to the last that has bone far to both sides of its body."""
    ala = gaussian_filter1d(_both_sides(spine.hu > BONE_HU, ALA_FRONT_MM, ALA_SIDE_MM), 2.0)
    count = 0
    for number, (low, high) in enumerate(pairwise(peaks[: SACRAL_PEAKS + 1]), 1):
        if ala[low : low + round(0.6 * (high - low))].max() > SACRAL_ALA:
            count = number
    return count


def _regular_rows(peaks: NDArray[np.intp], prominence: Profile) -> list[NDArray[np.intp]]:
    """Indices of the peaks of the most regular row, and of the rows found in the same way below and above it."""
    row = _most_regular_row(peaks, prominence)
    if len(row) < 2:
        return []
    below = _regular_rows(peaks[: row[0]], prominence[: row[0]])
    above = _regular_rows(peaks[row[-1] + 1 :], prominence[row[-1] + 1 :])
    return [*below, row, *(other + row[-1] + 1 for other in above)]


def _most_regular_row(peaks: NDArray[np.intp], prominence: Profile) -> NDArray[np.intp]:
    """The row with the largest sum of prominences less a loss for every change of pitch; by dynamic programming."""
    best: dict[tuple[int, int], tuple[float, int | None]] = {}
    for last in range(len(peaks)):
        for before in range(last):
            pitch = peaks[last] - peaks[before]
            if not PITCH_MM[0] <= pitch <= PITCH_MM[1]:
                continue
            total = float(prominence[before])
            came_from: int | None = None
            for first in range(before):
                if (first, before) in best:
                    change = np.log(pitch / (peaks[before] - peaks[first]))
                    through = best[first, before][0] - PITCH_CHANGE_LOSS * change**2
                    if through > total:
                        total, came_from = through, first
            best[before, last] = total + float(prominence[last]), came_from
    if not best:
        return np.array([], np.intp)
    pair = max(best, key=lambda key: best[key][0])
    row = [pair[1], pair[0]]
    while (earlier := best[row[-1], row[-2]][1]) is not None:
        row.append(earlier)
    return np.array(row[::-1], np.intp)
