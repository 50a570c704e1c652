"""The spinal canal of an unlabelled CT, as a chain of points from the feet towards the head.

In a transverse slice the canal is soft tissue with bone nearly all around it, a vertebral body in front, a spinous
process behind and the same on the left as on the right. Each slice gives every pixel a likeness to that; the canal is
the chain of pixels, one a slice, with the largest sum of likeness, which dynamic programming finds exactly. Where that
sum is small, fewer slices tell whether the patient is turned about the long axis of the body.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from scipy.spatial.transform import Rotation

from xray3d.volumes.ct import CTVolume
from xray3d.volumes.frames import place_image

GRID_MM = 2.0
BONE_HU = 180.0
DENSE_HU = 400.0
RAYS = 16
REACH_PX = 9
CLEARANCE_PX = 3
VERTEBRA_MM = 30.0
LEAST_LIKENESS = 0.25
LEAST_GAIN = 6.0  # a slice gains at most 0.75, so no less than 16 mm of perfect canal
LEAST_LENGTH_MM = 40.0
MIDLINE_MM, MIDLINE_LOSS = 60.0, 0.3
ASIDE_MM = 110.0
ROLLS_DEG = range(-160, 181, 20)
SCOUT_SLICE_MM = 6.0
SCOUTS_FOLLOWED = 2
SURE_GAIN = 20.0  # no less than 53 mm of it: the patient is not turned
SURELY_TURNED = 1.5

Field = NDArray[np.float32]
Steps = list[tuple[int, int, float]]
"""Pixels to the front, pixels to the right, and what a chain loses by that step."""

Box = tuple[int, int, int, int]
"""First and last pixel to the front, first and last pixel to the right, seen from the canal."""

_BODY: Box = (6, 15, -5, 5)
_BESIDE_BODY: tuple[Box, Box] = ((6, 15, -20, -13), (6, 15, 13, 20))
_WIDE_FRONT: Box = (6, 15, -8, 8)
_WIDE_BACK: Box = (-15, -6, -8, 8)
_SPINOUS: Box = (-14, -7, -1, 1)
_BESIDE_SPINOUS: tuple[Box, Box] = ((-12, -6, -11, -6), (-12, -6, 6, 11))
_SIDES: tuple[Box, Box] = ((-12, 12, -14, -4), (-12, 12, 4, 14))


@dataclass(frozen=True, eq=False)
class SpinalCanal:
    """A canal in a CT.

    Attributes:
        points_ras: (n, 3) along its centre upwards, mm.
        front_ras: unit vector (3,) to the patient's front, square to the z axis of RAS.
    """

    points_ras: NDArray[np.float64]
    front_ras: NDArray[np.float64]


def _steps(to_front: int, to_right: int) -> Steps:
    sideways = product(range(-to_front, to_front + 1), range(-to_right, to_right + 1))
    return sorted(((dy, dx, 0.05 * abs(dy) + 0.2 * abs(dx)) for dy, dx in sideways), key=lambda step: step[2])


# A step to the side costs more than one to the front, since spines bend less to the side.
STEPS, SCOUT_STEPS = _steps(2, 1), _steps(4, 2)


def find_canal(ct: CTVolume) -> SpinalCanal | None:
    """The canal of a patient who may be turned about the z axis of RAS; None where the CT shows none."""
    best = _traced(ct, 0)
    if best.gain < SURE_GAIN:
        scouts = {roll: _best_chain(_gain(_sliced(ct, roll, SCOUT_SLICE_MM)), SCOUT_STEPS)[1] for roll in ROLLS_DEG}
        likely = sorted(scouts, key=lambda roll: scouts[roll])[-SCOUTS_FOLLOWED:]
        turned = max((_traced(ct, roll) for roll in likely), key=lambda traced: traced.gain)
        best = turned if turned.gain > SURELY_TURNED * max(best.gain, LEAST_GAIN) else best
    if best.gain < LEAST_GAIN or len(best.canal.points_ras) * GRID_MM < LEAST_LENGTH_MM:
        return None
    return best.canal


@dataclass(frozen=True, eq=False)
class _Traced:
    """A canal and the likeness summed along it."""

    canal: SpinalCanal
    gain: float


def _traced(ct: CTVolume, roll_deg: float) -> _Traced:
    slices = _sliced(ct, roll_deg, GRID_MM)
    chain, gain = _best_chain(_gain(slices), STEPS)
    points = chain[:, ::-1].astype(float)
    points[:, :2] = gaussian_filter1d(points[:, :2], 6.0, axis=0, mode="nearest")
    points_ras = points @ slices.to_ras[:3, :3].T + slices.to_ras[:3, 3]
    return _Traced(SpinalCanal(points_ras, slices.to_ras[:3, 1] / GRID_MM), gain)


@dataclass(frozen=True, eq=False)
class _Slices:
    """HU (K, J, I), j to the front and k upwards, and `to_ras` (4, 4) from (i, j, k)."""

    hu: Field
    to_ras: NDArray[np.float64]

    @property
    def slice_mm(self) -> float:
        return float(self.to_ras[2, 2])


def _sliced(ct: CTVolume, roll_deg: float, slice_mm: float) -> _Slices:
    """The CT in transverse slices of `GRID_MM` pixels for a patient turned about z by some degrees."""
    to_ras = np.eye(4)
    to_ras[:3, :3] = Rotation.from_euler("z", roll_deg, degrees=True).as_matrix() * [GRID_MM, GRID_MM, slice_mm]
    corners = ct.to_ras(list(product(*((0, n - 1) for n in ct.size_ijk)))) @ np.linalg.inv(to_ras[:3, :3]).T
    size = np.floor(np.ptp(corners, axis=0)).astype(int) + 1
    to_ras[:3, 3] = to_ras[:3, :3] @ corners.min(0)
    image, grid = sitk.GetImageFromArray(ct.hu), sitk.Image(size.tolist(), sitk.sitkUInt8)
    place_image(image, ct.ijk_to_ras)
    place_image(grid, to_ras)
    resampled = sitk.Resample(image, grid, sitk.Transform(), sitk.sitkLinear, -1000.0, sitk.sitkFloat32)
    return _near_midline(_Slices(sitk.GetArrayFromImage(resampled), to_ras))


def _near_midline(slices: _Slices) -> _Slices:
    """The slices without what is too far from the middle of all bone to matter."""
    bone = np.nonzero(slices.hu > BONE_HU)[2]
    middle = int(np.median(bone)) if len(bone) else 0
    first, last = max(middle - round(ASIDE_MM / GRID_MM), 0), middle + round(ASIDE_MM / GRID_MM)
    to_ras = slices.to_ras.copy()
    to_ras[:3, 3] += first * to_ras[:3, 0]
    return _Slices(np.ascontiguousarray(slices.hu[:, :, first : last + 1]), to_ras)


def _gain(slices: _Slices) -> Field:
    """What a chain gains by every voxel: its likeness to the canal less what chance gives, and less off the midline."""
    bone = np.nonzero(slices.hu > BONE_HU)[2]
    if not len(bone):
        return np.full(slices.hu.shape, -LEAST_LIKENESS, np.float32)
    off_mm = (np.arange(slices.hu.shape[2]) - np.median(bone)) * GRID_MM
    loss = LEAST_LIKENESS + MIDLINE_LOSS * (off_mm / MIDLINE_MM) ** 2
    return _likeness(slices) - loss.astype(np.float32)


def _likeness(slices: _Slices) -> Field:
    """How much every voxel looks like the middle of a spinal canal, 0 to 1."""
    enclosed, clearance = _enclosure(slices.hu > BONE_HU)
    dense = np.clip(slices.hu, 0, DENSE_HU) / np.float32(DENSE_HU)
    dense = uniform_filter1d(dense, round(VERTEBRA_MM / slices.slice_mm), axis=0, mode="nearest")
    left, right = (_box_mean(dense, box) for box in _SIDES)
    symmetry = 1 - _contrast(np.maximum(left, right), np.minimum(left, right))
    body = _contrast(_box_mean(dense, _BODY), np.maximum(*(_box_mean(dense, box) for box in _BESIDE_BODY)))
    spinous = _contrast(_box_mean(dense, _SPINOUS), np.maximum(*(_box_mean(dense, box) for box in _BESIDE_SPINOUS)))
    thickness = _contrast(_box_mean(dense, _WIDE_FRONT), _box_mean(dense, _WIDE_BACK))
    likeness = enclosed * (0.3 + 0.7 * clearance) * np.clip(0.5 + 2 * thickness, 0, 1)
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
    near, far, left, right = box
    mean = uniform_filter1d(field, far - near + 1, axis=1, mode="nearest")
    mean = uniform_filter1d(mean, right - left + 1, axis=2, mode="nearest")
    return _seen_at(mean, (near + far) // 2, (left + right) // 2, outside=0)


def _seen_at(field: NDArray, to_front: int, to_right: int, outside: float | bool) -> NDArray:
    """At every pixel the value that lies so many pixels to the front and to the right of it in its slice."""
    moved = np.full_like(field, outside)
    (from_y, to_y), (from_x, to_x) = _overlap(field.shape[1], to_front), _overlap(field.shape[2], to_right)
    moved[:, to_y, to_x] = field[:, from_y, from_x]
    return moved


def _overlap(size: int, shift: int) -> tuple[slice, slice]:
    shift = int(np.clip(shift, -size, size))
    return slice(max(shift, 0), size + min(shift, 0)), slice(max(-shift, 0), size - max(shift, 0))


def _best_chain(gain: Field, steps: Steps) -> tuple[NDArray[np.intp], float]:
    """The chain of voxels (n, 3) as k, j, i through consecutive slices with the largest sum, and that sum.

    It may begin and end in any slice; between slices it steps sideways by one of `steps`, each at its loss.
    """
    total, came_by = np.empty_like(gain), np.full(gain.shape, -1, np.int8)
    total[0] = gain[0]
    for k in range(1, len(gain)):
        best = np.zeros_like(gain[0])
        for number, (dy, dx, loss) in enumerate(steps):
            before = _seen_at(total[k - 1 : k], dy, dx, outside=-1.0)[0] - np.float32(loss)
            came_by[k][before > best] = number
            np.maximum(best, before, out=best)
        total[k] = gain[k] + best
    end = np.unravel_index(total.argmax(), total.shape)
    chain = [tuple(int(n) for n in end)]
    while (number := came_by[chain[-1]]) >= 0:
        k, j, i = chain[-1]
        chain.append((k - 1, j + steps[number][0], i + steps[number][1]))
    return np.array(chain[::-1]), float(total[end])
