"""The spinal canal of an unlabelled CT, as a chain of points from the feet towards the head.

In a transverse slice the canal is soft tissue with bone nearly all around it, a vertebral body in front, a spinous
process behind and the same on the left as on the right. Each slice gives every pixel a likeness to that; the canal is
the chain of pixels, one a slice, with the largest sum of likeness, which dynamic programming finds exactly.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from xray3d.volumes.ct import CTVolume
from xray3d.volumes.frames import place_image

GRID_MM = 2.0
BONE_HU = 180.0
DENSE_HU = 400.0
RAYS = 16
REACH_PX = 9
CLEARANCE_PX = 4
SMOOTH_SLICES = 15
LEAST_LIKENESS = 0.35
LEAST_GAIN = 6.0
LEAST_LENGTH_MM = 40.0
MIDLINE_MM = 60.0

Field = NDArray[np.float32]
Box = tuple[int, int, int, int]
"""First and last pixel to the front, first and last pixel to the right, seen from the canal."""

_BODY: Box = (6, 15, -5, 5)
_BESIDE_BODY: tuple[Box, Box] = ((6, 15, -20, -13), (6, 15, 13, 20))
_SPINOUS: Box = (-14, -7, -1, 1)
_BESIDE_SPINOUS: tuple[Box, Box] = ((-12, -6, -11, -6), (-12, -6, 6, 11))
_SIDES: tuple[Box, Box] = ((-12, 12, -14, -4), (-12, 12, 4, 14))


def find_canal(ct: CTVolume) -> NDArray[np.float64] | None:
    """Points (n, 3) along the canal's centre, RAS in mm, every 2 mm of height and upwards; None where there is none."""
    hu, first_ras = _upright_grid(ct)
    if not (hu > BONE_HU).any() or hu.shape[0] < LEAST_LENGTH_MM / GRID_MM:
        return None
    chain, gain = _best_chain(_likeness(hu) - LEAST_LIKENESS - _off_midline(hu))
    if gain < LEAST_GAIN or len(chain) * GRID_MM < LEAST_LENGTH_MM:
        return None
    points = chain[:, ::-1] * GRID_MM + first_ras
    points[:, :2] = gaussian_filter1d(points[:, :2], 12.0 / GRID_MM, axis=0, mode="nearest")
    return points


def _upright_grid(ct: CTVolume) -> tuple[Field, NDArray[np.float64]]:
    """HU (K, J, I) on a grid along RAS of `GRID_MM` that covers the CT, and the position of its first voxel."""
    last = np.array(ct.size_ijk) - 1
    corners = ct.to_ras(list(product(*((0, n) for n in last))))
    size = np.floor(np.ptp(corners, axis=0) / GRID_MM).astype(int) + 1
    image, grid = sitk.GetImageFromArray(ct.hu), sitk.Image(size.tolist(), sitk.sitkUInt8)
    place_image(image, ct.ijk_to_ras)
    to_ras = np.diag([GRID_MM] * 3 + [1.0])
    to_ras[:3, 3] = corners.min(0)
    place_image(grid, to_ras)
    resampled = sitk.Resample(image, grid, sitk.Transform(), sitk.sitkLinear, -1000.0, sitk.sitkFloat32)
    return sitk.GetArrayFromImage(resampled), to_ras[:3, 3]


def _likeness(hu: Field) -> Field:
    """How much every voxel looks like the middle of a spinal canal, 0 to 1."""
    enclosed, clearance = _enclosure(hu > BONE_HU)
    dense = np.clip(hu, 0, DENSE_HU) / np.float32(DENSE_HU)
    dense = uniform_filter1d(dense, SMOOTH_SLICES, axis=0, mode="nearest")
    left, right = (_box_mean(dense, box) for box in _SIDES)
    symmetry = 1 - _contrast(np.maximum(left, right), np.minimum(left, right))
    body = _contrast(_box_mean(dense, _BODY), np.maximum(*(_box_mean(dense, box) for box in _BESIDE_BODY)))
    spinous = _contrast(_box_mean(dense, _SPINOUS), np.maximum(*(_box_mean(dense, box) for box in _BESIDE_SPINOUS)))
    likeness = enclosed * (0.7 + 0.3 * clearance)
    likeness *= np.clip(3 * body, 0, 1) * np.clip(0.3 + 2 * spinous, 0, 1) * np.clip(2.5 * (symmetry - 0.4), 0, 1)
    return likeness


def _contrast(one: Field, other: Field) -> Field:
    """Difference relative to the sum; the constant keeps it small where both are nearly air."""
    return (one - other) / (one + other + np.float32(0.05))


def _enclosure(bone: NDArray[np.bool_]) -> tuple[Field, Field]:
    """Share of rays in the slice that meet bone within `REACH_PX`, 0 in bone; distance from bone, cut off at 1."""
    hits = np.zeros(bone.shape, np.uint8)
    touched = np.zeros((CLEARANCE_PX, *bone.shape), bool)
    for angle in np.arange(RAYS) * 2 * np.pi / RAYS:
        hit = np.zeros_like(bone)
        for radius in range(1, REACH_PX + 1):
            hit |= _seen_at(bone, round(radius * np.sin(angle)), round(radius * np.cos(angle)), outside=False)
            if radius <= CLEARANCE_PX:
                touched[radius - 1] |= hit
        hits += hit
    hits[bone] = 0
    return hits / np.float32(RAYS), 1 - touched.mean(0, dtype=np.float32)


def _box_mean(field: Field, box: Box) -> Field:
    """Mean over the box that lies at the given place from every pixel of its slice."""
    front, behind, left, right = box[0], box[1], box[2], box[3]
    mean = uniform_filter1d(field, behind - front + 1, axis=1, mode="nearest")
    mean = uniform_filter1d(mean, right - left + 1, axis=2, mode="nearest")
    return _seen_at(mean, (front + behind) // 2, (left + right) // 2, outside=0)


def _seen_at(field: NDArray, to_front: int, to_right: int, outside: float | bool) -> NDArray:
    """At every pixel the value that lies so many pixels to the front and to the right of it in its slice."""
    moved = np.full_like(field, outside)
    (from_y, to_y), (from_x, to_x) = (_overlap(n, shift) for n, shift in zip(field.shape[1:], (to_front, to_right)))
    moved[:, to_y, to_x] = field[:, from_y, from_x]
    return moved


def _overlap(size: int, shift: int) -> tuple[slice, slice]:
    shift = int(np.clip(shift, -size, size))
    return slice(max(shift, 0), size + min(shift, 0)), slice(max(-shift, 0), size - max(shift, 0))


def _off_midline(hu: Field) -> Field:
    """What a pixel (I,) loses by its distance from the bones' median sagittal plane."""
    middle = np.median(np.nonzero(hu > BONE_HU)[2])
    off_mm = (np.arange(hu.shape[2], dtype=np.float32) - np.float32(middle)) * np.float32(GRID_MM)
    return np.float32(0.3) * (off_mm / np.float32(MIDLINE_MM)) ** 2


def _best_chain(gain: Field) -> tuple[NDArray[np.intp], float]:
    """The chain of voxels (n, 3) as k, j, i through consecutive slices with the largest sum, and that sum.

    It may begin and end in any slice, and step by two pixels to the front or back and one to the side.
    """
    steps = sorted(product(range(-2, 3), range(-1, 2)), key=lambda step: abs(step[0]) + abs(step[1]))
    total, came_by = np.empty_like(gain), np.full(gain.shape, -1, np.int8)
    total[0] = gain[0]
    for k in range(1, len(gain)):
        best = np.zeros_like(gain[0])
        for number, (dy, dx) in enumerate(steps):
            before = _seen_at(total[k - 1 : k], dy, dx, outside=-1.0)[0] - np.float32(0.05 * abs(dy) + 0.2 * abs(dx))
            came_by[k][before > best] = number
            np.maximum(best, before, out=best)
        total[k] = gain[k] + best
    end = np.unravel_index(total.argmax(), total.shape)
    chain = [tuple(int(n) for n in end)]
    while (number := came_by[chain[-1]]) >= 0:
        k, j, i = chain[-1]
        chain.append((k - 1, j + steps[number][0], i + steps[number][1]))
    return np.array(chain[::-1]), float(total[end])
