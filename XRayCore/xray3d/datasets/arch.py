"""Vertebral arches that lie, reach and lean otherwise than their bodies would have it: what people differ in most."""

from __future__ import annotations

import numpy as np

from xray3d.datasets.shapes import Points, column_vector

# Behind the back of the body: from here to there pedicles bend and stretch, and the arch follows.
_BEGINS_MM, _BENDS_OVER_MM = -1.0, 12.0


class ArchVariety:
    """A smooth deformation of what is behind a body, about the root of the pedicles; the body stays as it is.

    Args:
        random: of how the arch differs.
        spread: standard deviations of all that differs, as multiples of what is usual: 1 or so.
        back_mm: y of the back of the body in the vertebra's frame.
    """

    _PITCH_DEG, _ROLL_DEG, _SHIFT_MM = 6.0, 2.5, 1.5
    _STRETCH = np.array([0.10, 0.12, 0.10])

    def __init__(self, random: np.random.Generator, spread: float, back_mm: float) -> None:
        pitch, roll = np.deg2rad(spread * random.normal(0.0, (self._PITCH_DEG, self._ROLL_DEG)))
        self._back_mm = back_mm
        self._stretch = np.exp(spread * random.normal(0.0, self._STRETCH))
        self._pitch, self._roll = np.float32(pitch), np.float32(roll)
        self._up_mm = np.float32(spread * random.normal(0.0, self._SHIFT_MM))

    def moved(self, points: Points) -> Points:
        """Points (3, ...) of the frame, where they were before the deformation."""
        x, y, z = points
        behind = self._back_mm + _BEGINS_MM - y
        share = np.clip(behind / _BENDS_OVER_MM, 0, 1)
        share = share * share * (3 - 2 * share)
        # Lengths behind the body only, or its back would move.
        behind = np.maximum(behind, 0)
        along = 1 + share * (1 / column_vector(self._stretch, points) - 1)
        down = z + share * (self._pitch * behind - self._roll * x - self._up_mm)
        return np.stack([x * along[0], y + behind * (1 - along[1]), down * along[2]])
