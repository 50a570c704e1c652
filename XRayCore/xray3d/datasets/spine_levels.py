"""Vertebral levels along a straightened spine: pedicles, and the discs between them.

Beside the canal, bone (a pedicle) and gap (a foramen) take turns once a vertebra, in every part of the spine. Between
two pedicles, a little nearer to the lower one, lies a disc. All discs are chosen together: each as disc-like as can be,
with the height of each vertebra near the pitch of the pedicles around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d
from scipy.signal import find_peaks

from xray3d.datasets.spine_discs import DiscPlane, disc_planes
from xray3d.datasets.straight_spine import FRONT_MM, RIGHT_MM, StraightSpine

PEDICLE_FRONT_MM = (-1.0, 8.0)
PEDICLE_SIDE_MM = (8.0, 18.0)
ALA_FRONT_MM = (0.0, 16.0)
ALA_SIDE_MM = (28.0, 42.0)
SACRAL_ALA = 0.3
DENSE_HU = 800.0
BONE_HU = 180.0
LEAST_PROMINENCE = 0.2
LEAST_PITCH_MM = 13
MOST_PITCH_MM = 48
MOST_CHANGE_OF_PITCH = 1.7
DISC_BETWEEN_PEDICLES = 0.28
DISC_SPREAD = 0.15
HEIGHT_SPREAD = 0.12
CLEARNESS_WEIGHT = 3.0

Profile = NDArray[np.float64]
Range = tuple[float, float]


@dataclass(frozen=True)
class Level:
    """A vertebra between the discs below and above it.

    Attributes:
        pedicle: plane number of its pedicles.
        below, above: its discs.
        prominence: 0 to 1, how much more bone lies beside the canal here than in the foramina next to it.
    """

    pedicle: float
    below: DiscPlane
    above: DiscPlane
    prominence: float

    @property
    def height(self) -> float:
        """Planes from disc to disc."""
        return self.above.middle - self.below.middle


def find_levels(spine: StraightSpine) -> list[Level]:
    """The vertebrae above the sacrum whose discs on both sides are within the CT, from the feet to the head."""
    pedicles, prominences = _pedicles(spine)
    planes = disc_planes(spine)
    levels: list[Level] = []
    for run in _regular_runs(pedicles):
        for at, below, above in _between_discs(pedicles[run], planes):
            levels.append(Level(float(pedicles[run[at]]), below, above, float(prominences[run[at]])))
    return levels


def _both_sides(field: NDArray, front_mm: Range, side_mm: Range) -> Profile:
    """The smaller of the means over a box on the left and on the right, in every plane."""
    front = (FRONT_MM >= front_mm[0]) & (FRONT_MM <= front_mm[1])
    left, right = ((sign * RIGHT_MM >= side_mm[0]) & (sign * RIGHT_MM <= side_mm[1]) for sign in (-1, 1))
    return np.minimum(field[:, front][:, :, left].mean((1, 2)), field[:, front][:, :, right].mean((1, 2))).astype(float)


def _pedicles(spine: StraightSpine) -> tuple[NDArray[np.intp], Profile]:
    """Plane numbers of the pedicles above the sacrum, upwards, and their prominence 0 to 1."""
    dense = np.clip(spine.hu, 0, DENSE_HU)
    profile = gaussian_filter1d(_both_sides(dense, PEDICLE_FRONT_MM, PEDICLE_SIDE_MM), 2.0)
    relative = profile / (maximum_filter1d(profile, 61) + 1.0)
    peaks, found = find_peaks(relative, distance=LEAST_PITCH_MM, prominence=LEAST_PROMINENCE)
    ala = gaussian_filter1d(_both_sides(spine.hu > BONE_HU, ALA_FRONT_MM, ALA_SIDE_MM), 2.0)
    first = 0
    for low, high in pairwise(peaks):
        if ala[low : low + round(0.6 * (high - low))].max() < SACRAL_ALA:
            break
        first += 1
    return peaks[first:], np.clip(found["prominences"][first:], 0, 1)


def _regular_runs(pedicles: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Indices of pedicles that follow each other at a pitch that is possible and changes slowly, in runs."""
    pitch = np.diff(pedicles)
    runs, run = [], [0]
    for n in range(1, len(pedicles)):
        change = pitch[n - 1] / pitch[n - 2] if len(run) > 1 else 1.0
        if pitch[n - 1] > MOST_PITCH_MM or not 1 / MOST_CHANGE_OF_PITCH <= change <= MOST_CHANGE_OF_PITCH:
            runs.append(run)
            run = []
        run.append(n)
    return [np.array(run) for run in [*runs, run] if len(run) > 1]


def _between_discs(
    pedicles: NDArray[np.intp], planes: list[DiscPlane | None]
) -> list[tuple[int, DiscPlane, DiscPlane]]:
    """For pedicles (by index) that have a disc below and above: these two discs, chosen jointly."""
    pitch = np.diff(pedicles).astype(float)
    pitch = gaussian_filter1d(
        np.concatenate([pitch[:1], (pitch[1:] + pitch[:-1]) / 2, pitch[-1:]]), 1.0, mode="nearest"
    )
    rungs = np.concatenate([[pedicles[0] - pitch[0]], pedicles, [pedicles[-1] + pitch[-1]]])
    choices = [_disc_choices(low, high, planes) for low, high in pairwise(rungs)]
    there = [n for n, choice in enumerate(choices) if choice]
    if not there or there != list(range(there[0], there[-1] + 1)):
        return []
    first, last = there[0], there[-1] + 1
    discs = _best_discs([choices[n] for n in there], pitch[first : last - 1])
    return [(first + n, below, above) for n, (below, above) in enumerate(pairwise(discs))]


def _disc_choices(low: float, high: float, planes: list[DiscPlane | None]) -> list[tuple[float, DiscPlane]]:
    """Every plane between two pedicles with how well it suits as their disc."""
    choices = []
    for number in range(max(round(low - 0.05 * (high - low)), 0), min(round(high - 0.3 * (high - low)), len(planes))):
        plane = planes[number]
        if plane is not None:
            off = ((number - low) / (high - low) - DISC_BETWEEN_PEDICLES) / DISC_SPREAD
            choices.append((CLEARNESS_WEIGHT * max(plane.clearness, -1.0) - 0.5 * off**2, plane))
    return choices


def _best_discs(choices: list[list[tuple[float, DiscPlane]]], heights: Profile) -> list[DiscPlane]:
    """One plane of each list: the largest sum of suitability less what the vertebrae's heights differ (Viterbi)."""
    total = np.array([suits for suits, _ in choices[0]])
    came_from = []
    for before, after, height in zip(choices, choices[1:], heights):
        gaps = np.subtract.outer([p.middle for _, p in after], [p.middle for _, p in before])
        through = total - 0.5 * ((gaps - height) / (HEIGHT_SPREAD * height)) ** 2
        came_from.append(through.argmax(1))
        total = through.max(1) + [suits for suits, _ in after]
    at = int(total.argmax())
    picked = [at]
    for back in reversed(came_from):
        picked.append(at := int(back[at]))
    return [choice[n][1] for choice, n in zip(choices, reversed(picked))]
