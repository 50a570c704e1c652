"""The spine straightened: HU resampled in the planes across the spinal canal."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, map_coordinates
from scipy.spatial import cKDTree

from xray3d.volumes.ct import CTVolume

STEP_MM = 1.0
FRONT_MM = np.arange(-60.0, 56.0, STEP_MM)
RIGHT_MM = np.arange(-56.0, 57.0, STEP_MM)
BEYOND_MM = 24.0
OUTSIDE_HU = -2000.0


@dataclass(frozen=True, eq=False)
class StraightSpine:
    """Planes across the canal, one a millimetre from the feet to the head.

    Attributes:
        hu: (S, Y, X) at `FRONT_MM` to the front of the canal's centre and `RIGHT_MM` to the right of it; slightly
            smoothed, `OUTSIDE_HU` where the CT has no voxel.
        centers_ras: (S, 3) centre of the canal, mm.
        axes_ras: (S, 3, 3) columns to the right, to the front and up along the canal; a rotation.
    """

    hu: NDArray[np.float32]
    centers_ras: NDArray[np.float64]
    axes_ras: NDArray[np.float64]

    def to_ras(self, planes: NDArray[np.float64], front_mm: NDArray, right_mm: NDArray) -> NDArray[np.float64]:
        """RAS positions (n, 3) of points given by plane number (n,), and mm to the front and to the right (n,)."""
        whole = np.clip(np.round(planes).astype(int), 0, len(self.hu) - 1)
        local = np.stack([right_mm, front_mm, (planes - whole) * STEP_MM], axis=-1)
        return self.centers_ras[whole] + np.einsum("nij,nj->ni", self.axes_ras[whole], local)

    def labels_on(self, ct: CTVolume, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Labels (S, Y, X) of the straight spine carried to the voxels of the CT, (K, J, I)."""
        onto = np.zeros(ct.hu.shape, np.uint8)
        region = self._region(ct, labels)
        kji = np.stack(np.meshgrid(*(np.arange(r.start, r.stop) for r in region), indexing="ij"), -1).reshape(-1, 3)
        points = ct.to_ras(kji[:, ::-1])
        away_mm, nearest = cKDTree(self.centers_ras).query(points, workers=-1)
        close = away_mm < np.hypot(FRONT_MM[0], RIGHT_MM[0])
        kji, points, nearest = kji[close], points[close], nearest[close]
        local = np.einsum("nij,ni->nj", self.axes_ras[nearest], points - self.centers_ras[nearest])
        where = [nearest + local[:, 2], (local[:, 1] - FRONT_MM[0]) / STEP_MM, (local[:, 0] - RIGHT_MM[0]) / STEP_MM]
        onto[tuple(kji.T)] = map_coordinates(labels, where, order=0)
        return onto

    def _region(self, ct: CTVolume, labels: NDArray[np.uint8]) -> tuple[slice, ...]:
        """The box of the CT that holds all labels."""
        s, y, x = np.nonzero(labels)
        ijk = ct.to_ijk(self.to_ras(s.astype(float), FRONT_MM[y], RIGHT_MM[x]))
        low = np.clip(np.floor(ijk.min(0)).astype(int) - 1, 0, ct.size_ijk)
        high = np.clip(np.ceil(ijk.max(0)).astype(int) + 2, 0, ct.size_ijk)
        return tuple(slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1]))


def straighten(ct: CTVolume, canal_ras: NDArray[np.float64]) -> StraightSpine:
    """Resample a CT in the planes across its canal, and a little beyond the canal's ends.

    Args:
        ct: the CT.
        canal_ras: points (n, 3) along the canal upwards, RAS in mm.
    """
    centers = _evenly_spaced(_extended(canal_ras))
    up = gaussian_filter1d(np.gradient(centers, axis=0), 5.0, axis=0, mode="nearest")
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    front = np.array([0.0, 1.0, 0.0]) - up[:, 1:2] * up
    front /= np.linalg.norm(front, axis=1, keepdims=True)
    axes = np.stack([np.cross(front, up), front, up], axis=-1)
    plane = np.array([(x, y, 0.0) for y, x in product(FRONT_MM, RIGHT_MM)])
    hu = np.empty((len(centers), len(FRONT_MM), len(RIGHT_MM)), np.float32)
    for number, (center, turn) in enumerate(zip(centers, axes)):
        kji = ct.to_ijk(plane @ turn.T + center)[:, ::-1]
        hu[number] = map_coordinates(ct.hu, kji.T, order=1, cval=OUTSIDE_HU).reshape(hu.shape[1:])
    return StraightSpine(hu, centers, axes)


def _extended(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The line carried on straight at both ends, since a canal fades out before its last vertebra does."""
    few = min(8, len(points) - 1)
    down, up = points[0] - points[few], points[-1] - points[-1 - few]
    below, above = (way / np.linalg.norm(way) * BEYOND_MM for way in (down, up))
    return np.vstack([points[0] + below, points, points[-1] + above])


def _evenly_spaced(points: NDArray[np.float64]) -> NDArray[np.float64]:
    along = np.append(0.0, np.linalg.norm(np.diff(points, axis=0), axis=1).cumsum())
    even = np.arange(0.0, along[-1], STEP_MM)
    line = np.stack([np.interp(even, along, points[:, n]) for n in range(3)], axis=1)
    return gaussian_filter1d(line, 5.0, axis=0, mode="nearest")
