"""Free-form deformation: bones bent and swollen a little at random, as no two people's are alike."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import map_coordinates

from xray3d.datasets.shapes import Points, column_vector

CONTROL_MM = 18.0
"""Between control points: half the size of a body, a little less than a process is long."""

_REACH_MM = 110.0


class FreeForm:
    """A smooth field of displacements between control points, by cubic B-splines (Sederberg and Parry, 1986).

    Args:
        random: where control points go.
        spread_mm: standard deviation of their displacements along each axis.
    """

    def __init__(self, random: np.random.Generator, spread_mm: float) -> None:
        count = 2 * round(_REACH_MM / CONTROL_MM) + 1
        # Control points of a spline without its filter are not met, so the field is as smooth as splines are.
        self._control_mm = random.normal(0.0, spread_mm, (3, count, count, count)).astype(np.float32)
        self._first_mm = -(count - 1) / 2 * CONTROL_MM

    def moved(self, points: Points) -> Points:
        """Points (3, ...) within 110 mm of the origin, displaced; those beyond move as the nearest of them."""
        where = (points - column_vector([self._first_mm] * 3, points)) / np.float32(CONTROL_MM)
        shift = [map_coordinates(axis, where, order=3, prefilter=False, mode="nearest") for axis in self._control_mm]
        return points + np.stack(shift).astype(np.float32)
