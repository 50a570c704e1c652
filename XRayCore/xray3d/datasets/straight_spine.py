"""The spine straightened: HU resampled in the planes across the spinal canal."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter1d, map_coordinates, uniform_filter1d
from scipy.spatial import cKDTree

from xray3d.datasets.spine_canal import SpinalCanal
from xray3d.volumes.ct import CTVolume

STEP_MM = 1.0
FRONT_MM = np.arange(-60.0, 56.0, STEP_MM)
RIGHT_MM = np.arange(-56.0, 57.0, STEP_MM)
BEYOND_MM, STRAIGHT_MM = 24.0, 35.0
OUTSIDE_HU = -2000.0
BONE_HU = 180.0
BONE_SHARE = 0.2
VERTEBRA_PLANES = 25
HOLE_MM = 8.0


@dataclass(frozen=True, eq=False)
class StraightSpine:
    """Planes across the canal, one a millimetre from the feet to the head.

    Attributes:
        hu: (S, Y, X) at `FRONT_MM` to the front of the canal's centre and `RIGHT_MM` to the right of it;
            `OUTSIDE_HU` where the CT has no voxel.
        centers_ras: (S, 3) centre of the canal, mm.
        axes_ras: (S, 3, 3) columns to the right, to the front and up along the canal; a rotation.
        front_ras: (3,) the front of the patient as a whole.
    """

    hu: NDArray[np.float32]
    centers_ras: NDArray[np.float64]
    axes_ras: NDArray[np.float64]
    front_ras: NDArray[np.float64]

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
        return tuple(slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))


def straighten(ct: CTVolume, canal: SpinalCanal) -> StraightSpine:
    """Resample a CT in the planes across its canal, and a little beyond the canal's ends.

    The canal is first moved to the middle of the hole that bone leaves when the planes of one vertebra are laid on
    top of each other: there, unlike in a single plane, the hole is closed on all sides.
    """
    return _resampled(ct, _recentred(_resampled(ct, canal)))


def _recentred(spine: StraightSpine) -> SpinalCanal:
    """The canal through the middles of the holes, without the stretches beyond its ends."""
    near_front, near_right = np.abs(FRONT_MM) <= 2 * HOLE_MM, np.abs(RIGHT_MM) <= 2 * HOLE_MM
    hu = spine.hu[:, near_front][:, :, near_right]
    bone, seen = (
        uniform_filter1d(mask.astype(np.float32), VERTEBRA_PLANES, axis=0, mode="nearest")
        for mask in (hu > BONE_HU, hu > OUTSIDE_HU)
    )
    often = bone >= np.maximum(BONE_SHARE * seen, 1e-3)
    often |= seen < 1e-3  # the canal may not leave the CT
    front, right = np.meshgrid(FRONT_MM[near_front], RIGHT_MM[near_right], indexing="ij")
    close = np.hypot(front, right) <= HOLE_MM
    shifts = np.zeros((len(often), 2))
    for plane, shift in zip(often, shifts, strict=True):
        room = np.where(close, distance_transform_edt(~plane), 0.0)
        if room.max() > 0:
            widest = room >= 0.9 * room.max()
            shift[:] = front[widest].mean(), right[widest].mean()
    shifts = gaussian_filter1d(shifts, 8.0, axis=0, mode="nearest")
    planes = np.arange(len(shifts), dtype=float)
    inner = slice(int(BEYOND_MM), -int(BEYOND_MM))
    return SpinalCanal(spine.to_ras(planes, shifts[:, 0], shifts[:, 1])[inner], spine.front_ras)


def _resampled(ct: CTVolume, canal: SpinalCanal) -> StraightSpine:
    """The straight spine around the canal as it is, a little beyond both of its ends."""
    centers = _evenly_spaced(_extended(canal.points_ras))
    up = gaussian_filter1d(np.gradient(centers, axis=0), 5.0, axis=0, mode="nearest")
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    front = canal.front_ras - (up @ canal.front_ras)[:, None] * up
    front /= np.linalg.norm(front, axis=1, keepdims=True)
    axes = np.stack([np.cross(front, up), front, up], axis=-1)
    plane = np.array([(x, y, 0.0) for y, x in product(FRONT_MM, RIGHT_MM)])
    hu = np.empty((len(centers), len(FRONT_MM), len(RIGHT_MM)), np.float32)
    for number, (center, turn) in enumerate(zip(centers, axes, strict=True)):
        kji = ct.to_ijk(plane @ turn.T + center)[:, ::-1]
        hu[number] = map_coordinates(ct.hu, kji.T, order=1, cval=OUTSIDE_HU).reshape(hu.shape[1:])
    return StraightSpine(hu, centers, axes, canal.front_ras)


def within(places_mm: NDArray[np.float64], ends_mm: tuple[float, float]) -> NDArray[np.bool_]:
    """Which places (n,) lie between two ends, the ends included."""
    low, high = ends_mm
    return (places_mm >= low) & (places_mm <= high)


def _extended(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The line carried on straight at both ends, since a canal fades out before its last vertebra does."""
    ends = []
    for end, line in ((points[0], points), (points[-1], points[::-1])):
        away_mm = np.linalg.norm(line - end, axis=1)
        inner = line[min(int(np.searchsorted(away_mm, STRAIGHT_MM)), len(line) - 1)]
        ends.append(end + BEYOND_MM * (end - inner) / np.linalg.norm(end - inner))
    return np.vstack([ends[0], points, ends[1]])


def _evenly_spaced(points: NDArray[np.float64]) -> NDArray[np.float64]:
    along = np.append(0.0, np.linalg.norm(np.diff(points, axis=0), axis=1).cumsum())
    even = np.arange(0.0, along[-1], STEP_MM)
    line = np.stack([np.interp(even, along, points[:, n]) for n in range(3)], axis=1)
    return gaussian_filter1d(line, 5.0, axis=0, mode="nearest")
