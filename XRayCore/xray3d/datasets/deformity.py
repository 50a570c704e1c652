"""Spines that are not straight: scoliosis with its rotation, and vertebrae that have slipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# Of patients who come to be X-rayed, the share that has each.
_SCOLIOTIC, _SLIPPED = 0.4, 0.2
_COBB_DEG, _REACH_LEVELS = (5.0, 35.0), (1.2, 2.2)
# Bodies turn into the convexity, by less than half the Cobb angle (Stokes et al., J. Orthop. Res. 1986).
_ROTATION = (0.15, 0.45)
# Grades 1 and 2 of Meyerding: up to a half of the depth of a body, mostly less.
_SLIP_MM, _SLIPPING = (3.0, 12.0), ("L3", "L4", "L4", "L5", "L5")


@dataclass(frozen=True)
class Deformity:
    """What is wrong with a column.

    Attributes:
        cobb_deg: angle between the ends of a lateral curve, positive with its convexity to the right.
        apex: number of the vertebra that is farthest aside, from 0 for the lowest; it need not be whole.
        reach: levels from there over which most of the curve goes.
        rotation_deg: of the apex about the long axis, positive with its front to the right.
        slip_mm: how far vertebrae lie in front of the one below.
    """

    cobb_deg: float = 0.0
    apex: float = 3.0
    reach: float = 1.5
    rotation_deg: float = 0.0
    slip_mm: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def sample(cls, random: np.random.Generator) -> Deformity:
        """One of a patient; most have none."""
        slipped = {}
        if random.random() < _SLIPPED:
            slipped[str(random.choice(_SLIPPING))] = float(random.uniform(*_SLIP_MM))
        if random.random() >= _SCOLIOTIC:
            return cls(slip_mm=slipped)
        cobb = float(random.uniform(*_COBB_DEG) * random.choice([-1, 1]))
        apex, reach = float(random.uniform(1.0, 5.0)), float(random.uniform(*_REACH_LEVELS))
        return cls(cobb, apex, reach, float(random.uniform(*_ROTATION)) * cobb, slipped)

    def bends_deg(self, count: int) -> NDArray[np.float64]:
        """(count, 2) how much each of so many vertebrae, from below, bends sideways and turns against what is below it.

        The lowest makes up for half of the curve, so that it stays upright as a whole.
        """
        nearness = np.exp(-((np.arange(count) - self.apex) ** 2) / (2 * self.reach**2))
        sideways = -self.cobb_deg * nearness / nearness.sum()
        sideways[0] += self.cobb_deg / 2
        return np.stack([sideways, -np.diff(self.rotation_deg * nearness, prepend=0.0)], axis=1)
