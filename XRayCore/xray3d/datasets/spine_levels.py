"""Vertebral levels along a straightened spine: pedicles, and the discs between them.

Between two pedicles, a little nearer to the lower one, lies a disc. All discs are chosen together: each as disc-like as
can be, with the height of each vertebra near the pitch of the pedicles around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from xray3d.datasets.spine_discs import DiscPlane, disc_planes
from xray3d.datasets.spine_pedicles import find_pedicles
from xray3d.datasets.straight_spine import StraightSpine

DISC_BETWEEN_PEDICLES = 0.28
DISC_SPREAD = 0.15
HEIGHT_SPREAD = 0.12
CLEARNESS_WEIGHT = 3.0

Profile = NDArray[np.float64]


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
    planes = disc_planes(spine)
    levels: list[Level] = []
    for pedicles, prominences in find_pedicles(spine):
        for at, below, above in _between_discs(pedicles, planes):
            levels.append(Level(float(pedicles[at]), below, above, float(prominences[at])))
    return levels


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
    for before, after, height in zip(choices[:-1], choices[1:], heights, strict=True):
        gaps = np.subtract.outer([p.middle for _, p in after], [p.middle for _, p in before])
        through = total - 0.5 * ((gaps - height) / (HEIGHT_SPREAD * height)) ** 2
        came_from.append(through.argmax(1))
        total = through.max(1) + [suits for suits, _ in after]
    at = int(total.argmax())
    picked = [at]
    for back in reversed(came_from):
        picked.append(at := int(back[at]))
    return [choice[n][1] for choice, n in zip(choices, reversed(picked), strict=True)]
