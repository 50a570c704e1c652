"""How much every plane across a straightened spine looks like the middle of a disc, and at which tilt most.

Where the CT resolves it, a disc is a dark plane between two bright end plates; where the disc is thinner than the CT's
slices, the end plates run together into one bright plane between the darker middles of two bodies.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from xray3d.datasets.straight_spine import FRONT_MM, OUTSIDE_HU, RIGHT_MM, StraightSpine

BODY_MIDDLE_MM = 21.0
BODY_FRONT_MM = np.arange(12.0, 31.0, 3.0)
BODY_RIGHT_MM = np.arange(-10.0, 11.0, 4.0)
DENSE_HU = 800.0
END_PLATE_PLANES = (2, 7)
BODY_PLANES = (7, 11)
SLOPES_FRONT = np.tan(np.deg2rad(np.arange(-25, 26, 5)))
SLOPES_RIGHT = np.tan(np.deg2rad(np.arange(-15, 16, 5)))
USUAL_SLOPE_FRONT, USUAL_SLOPE_RIGHT = 0.35, 0.25
SCALE_PLANES = 81
LEAST_SCALE_HU = 25.0

Profile = NDArray[np.float64]


@dataclass(frozen=True)
class DiscPlane:
    """The plane in the middle of a disc.

    Attributes:
        middle: plane number of the straight spine in which it meets the middle of the bodies.
        slope_front, slope_right: its rise per mm to the front and to the right.
        clearness: how much the end plates stand out from the disc, or from the bodies, as a share of the most that
            they do in the neighbourhood; at most 1.
    """

    middle: float
    slope_front: float
    slope_right: float
    clearness: float

    def at(self, front_mm: NDArray[np.float64], right_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Plane numbers (...) at places across the canal (...), mm."""
        return self.middle + self.slope_front * (front_mm - BODY_MIDDLE_MM) + self.slope_right * right_mm


def disc_planes(spine: StraightSpine) -> list[DiscPlane | None]:
    """For every plane number the tilt at which it is most disc-like; None where the CT ends before it."""
    front, right = (axis.ravel() for axis in np.meshgrid(BODY_FRONT_MM, BODY_RIGHT_MM, indexing="ij"))
    y, x = np.searchsorted(FRONT_MM, front), np.searchsorted(RIGHT_MM, right)
    columns = spine.hu[:, y, x].astype(float)
    slopes = [(float(to_front), float(to_right)) for to_front, to_right in product(SLOPES_FRONT, SLOPES_RIGHT)]
    contrast = np.empty((len(slopes), len(columns)))
    for n, (to_front, to_right) in enumerate(slopes):
        rise = np.round(to_front * (front - BODY_MIDDLE_MM) + to_right * right).astype(int)
        contrast[n] = _contrast(_mean_along_tilted_planes(columns, rise))
    contrast = np.where(np.isnan(contrast), -np.inf, contrast)
    clearness = contrast / np.maximum(maximum_filter1d(contrast.max(0), SCALE_PLANES), LEAST_SCALE_HU)
    loss = [0.5 * ((f / USUAL_SLOPE_FRONT) ** 2 + (r / USUAL_SLOPE_RIGHT) ** 2) for f, r in slopes]
    best = (clearness - np.array(loss)[:, None]).argmax(0)
    return [
        DiscPlane(float(plane), slopes[n][0], slopes[n][1], float(clearness[n, plane]))
        if np.isfinite(clearness[n, plane])
        else None
        for plane, n in enumerate(best)
    ]


def _mean_along_tilted_planes(columns: NDArray[np.float64], rise: NDArray[np.int_]) -> Profile:
    """Mean HU (S,) over columns (S, N) that are read `rise` (N,) planes higher; NaN where the CT ends."""
    planes = np.arange(len(columns))[:, None] + rise
    values = columns[np.clip(planes, 0, len(columns) - 1), np.arange(columns.shape[1])]
    outside = (planes < 0) | (planes >= len(columns)) | (values <= OUTSIDE_HU + 1)
    mean = np.clip(values, 0, DENSE_HU).mean(1)
    mean[outside.mean(1) > 0.2] = np.nan
    return mean


def _contrast(mean: Profile) -> Profile:
    """Contrast of a dark disc between bright end plates or of a bright line between bodies, whichever is more."""
    padded = np.pad(mean, BODY_PLANES[1], constant_values=np.nan)
    middle = np.mean([_shifted(padded, d) for d in (-1, 0, 1)], axis=0)
    plates = [_brightest(padded, END_PLATE_PLANES, sign) for sign in (-1, 1)]
    bodies = [_brightest(padded, BODY_PLANES, sign) for sign in (-1, 1)]
    return np.fmax(np.minimum(*plates) - middle, 0.6 * (middle - np.maximum(*bodies)))


def _brightest(padded: Profile, planes: tuple[int, int], sign: int) -> Profile:
    return np.max([_shifted(padded, sign * d) for d in range(planes[0], planes[1] + 1)], axis=0)


def _shifted(padded: Profile, by: int) -> Profile:
    margin = BODY_PLANES[1]
    return padded[margin + by : len(padded) - margin + by]
