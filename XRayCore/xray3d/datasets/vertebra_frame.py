"""One labelled vertebra put upright: its anatomical frame and its mask on a grid along that frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_fill_holes, distance_transform_edt, label, map_coordinates
from scipy.spatial.transform import Rotation

from xray3d.errors import VolumeError
from xray3d.volumes.labels import LabelVolume

GRID_MM = 1.0
BODY_CORE_MM = 6.0
PITCHES_DEG = (0, 8, -8, 16, -16)
LEAST_HEIGHT_MM = 15.0
LEAST_CANAL_MM3 = 150.0

Axes = tuple[NDArray[np.float64], ...]
GRID_AXES: Axes = (np.arange(-52.0, 53.0), np.arange(-88.0, 39.0), np.arange(-38.0, 39.0))
"""Positions (mm) of the voxels of an upright vertebra along x, y and z."""


@dataclass(frozen=True, eq=False)
class UprightVertebra:
    """A vertebra in its own frame: x to the patient's right, y to the front, z along the spinal canal to the head.

    Attributes:
        name: what messages call the vertebra.
        to_ras: rigid (4, 4), frame to RAS in mm; the origin is at the middle of the body.
        coverage: (X, Y, Z) part of every voxel of `GRID_AXES` that is bone, 0 to 1.
        canal: (X, Y, Z) mask of the spinal canal where bone surrounds it.
    """

    name: str
    to_ras: NDArray[np.float64]
    coverage: NDArray[np.float32]
    canal: NDArray[np.bool_]

    @property
    def canal_points_mm(self) -> NDArray[np.float64]:
        """Voxels (n, 3) of the canal in the frame."""
        return np.argwhere(self.canal) * GRID_MM + [axis[0] for axis in GRID_AXES]

    def coverage_at(self, points_mm: NDArray[np.float64]) -> NDArray[np.float32]:
        """Coverage (...) at points (..., 3) of the frame."""
        return sampled_at(self.coverage, points_mm)


def sampled_at(field: NDArray[np.float32], points_mm: NDArray[np.float64]) -> NDArray[np.float32]:
    """A field (X, Y, Z) on `GRID_AXES`, interpolated at points (..., 3) in mm."""
    where = (points_mm - [axis[0] for axis in GRID_AXES]) / GRID_MM
    return map_coordinates(field, np.moveaxis(where, -1, 0), order=1)


def upright_vertebra(
    labels: LabelVolume, value: int, level: str | None = None, frame: NDArray[np.float64] | None = None
) -> UprightVertebra:
    """Find the frame and the spinal canal of the vertebra with that label, on a grid of any orientation.

    The body is what remains when everything thinner than twice `BODY_CORE_MM` is worn away; its principal axis
    nearest to the head gives the way up, the end plates level it, and the arch lies behind it.

    Args:
        labels: the label map.
        value: the vertebra's number in it.
        level: what messages call the vertebra; its number when None.
        frame: (4, 4) from the vertebra's frame (mm) to RAS, where it is known, about; None to find it as above.

    Raises:
        VolumeError: the label is absent, or too incomplete: no whole body, or no closed ring around the canal.
    """
    name = f"{level or f'label {value}'} of {labels.name}"
    crop = _cropped(labels, value, name)
    upright = _anatomical_frame(*_along_ras(crop), name) if frame is None else frame
    for _ in range(2):
        upright = _levelled(crop, upright)
    _reject_cut_body(labels, crop, upright)
    for pitch_deg in PITCHES_DEG:
        to_ras = upright.copy()
        to_ras[:3, :3] = upright[:3, :3] @ Rotation.from_euler("x", pitch_deg, degrees=True).as_matrix()
        coverage = _sampled(crop, to_ras, GRID_AXES)
        canal = _canal(coverage > 0.5)
        if canal is not None:
            return UprightVertebra(name, to_ras, coverage, canal)
    raise VolumeError(f"{name} has no closed ring of bone around the canal; it is too incomplete for a pedicle screw.")


def _cropped(labels: LabelVolume, value: int, name: str) -> LabelVolume:
    """The label alone, as 0 and 1, with a margin of one voxel."""
    found = np.argwhere(labels.labels == value)
    if not len(found):
        raise VolumeError(f"{name}: no voxel has the value {value}; choose a label that is in the map.")
    first, last = found.min(0), found.max(0) + 1
    crop = labels.labels[tuple(slice(a, b) for a, b in zip(first, last, strict=True))] == value
    to_ras = labels.ijk_to_ras.copy()
    to_ras[:3, 3] = labels.to_ras(first[::-1] - 1)
    return LabelVolume(np.pad(crop, 1).astype(np.uint8), to_ras, name)


def _sampled(crop: LabelVolume, to_ras: NDArray[np.float64], axes: Axes) -> NDArray[np.float32]:
    """Coverage (X, Y, Z), 0 to 1, of a label at the grid points of a frame."""
    to_ijk = np.linalg.inv(crop.ijk_to_ras) @ to_ras
    grid = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(3, -1)
    kji = (to_ijk[:3, :3] @ grid + to_ijk[:3, 3:])[::-1]
    values = map_coordinates(crop.labels.astype(np.float32), kji, order=1)
    return values.reshape([len(axis) for axis in axes])


def _along_ras(crop: LabelVolume) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """The label on voxels (X, Y, Z) of `GRID_MM` along RAS, and the position of the first of them."""
    i, j, k = np.array(crop.size_ijk) - 1
    corners = crop.to_ras([(a, b, c) for a in (0, i) for b in (0, j) for c in (0, k)])
    axes = tuple(np.arange(low, high, GRID_MM) for low, high in zip(corners.min(0), corners.max(0), strict=True))
    return _sampled(crop, np.eye(4), axes) > 0.5, corners.min(0)


def _anatomical_frame(mask: NDArray[np.bool_], low: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    depth = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1, 1:-1] * GRID_MM
    parts, _ = label(depth > BODY_CORE_MM)
    if not parts.any():
        raise VolumeError(f"{name} has no whole vertebral body; it is too incomplete for a pedicle screw.")
    core = np.argwhere(parts == np.bincount(parts[parts > 0]).argmax()) * GRID_MM + low
    centre = core.mean(0)
    _, axes = np.linalg.eigh(np.cov((core - centre).T))
    up = axes[:, np.abs(axes[2]).argmax()]
    up = up * np.sign(up[2])
    arch = np.argwhere(mask).mean(0) * GRID_MM + low - centre
    front = -(arch - (arch @ up) * up)
    if up[2] < 0.5 or np.linalg.norm(front) < 3.0:
        raise VolumeError(
            f"{name} does not look like a whole vertebra in RAS; it is too incomplete for a pedicle screw."
        )
    front /= np.linalg.norm(front)
    frame = np.eye(4)
    frame[:3, :3] = np.stack([np.cross(front, up), front, up], axis=1)
    frame[:3, 3] = centre
    return frame


def _levelled(crop: LabelVolume, frame: NDArray[np.float64]) -> NDArray[np.float64]:
    """The frame tilted until the end plates, on average, lie level, and moved to the middle between them."""
    axes = (np.arange(-12.0, 13.0, 2.0), np.arange(-9.0, 10.0, 2.0), np.arange(-30.0, 30.1, 0.5))
    outside = _sampled(crop, frame, axes) < 0.5
    middle = len(axes[2]) // 2
    above, below = outside[:, :, middle:].argmax(2), outside[:, :, middle::-1].argmax(2)
    if np.median(above + below) * 0.5 < LEAST_HEIGHT_MM:
        height = f"only {np.median(above + below) * 0.5:.0f} mm high"
        raise VolumeError(f"The body of {crop.name} is {height}; it is too incomplete for a pedicle screw.")
    x, y = (axis.ravel() for axis in np.meshgrid(*axes[:2], indexing="ij"))
    centre_z = 0.25 * (above - below).ravel()
    (slope_x, slope_y, offset), *_ = np.linalg.lstsq(np.column_stack([x, y, np.ones_like(x)]), centre_z, rcond=None)
    tilt = Rotation.align_vectors([[-slope_x, -slope_y, 1.0]], [[0.0, 0.0, 1.0]])[0].as_matrix()
    levelled = frame.copy()
    levelled[:3, :3] = frame[:3, :3] @ tilt
    levelled[:3, 3] += frame[:3, 2] * offset
    return levelled


def _reject_cut_body(labels: LabelVolume, crop: LabelVolume, frame: NDArray[np.float64]) -> None:
    """VolumeError when an end plate of the body is the edge of the image."""
    z = GRID_AXES[2]
    inside = _sampled(crop, frame, (np.zeros(1), np.zeros(1), z))[0, 0] > 0.5
    ends = frame[:3, 3] + z[inside][[0, -1], None] * frame[:3, 2]
    ijk = labels.to_ijk(ends)
    if (ijk < 0.6).any() or (ijk > np.array(labels.size_ijk) - 1.6).any():
        raise VolumeError(f"The body of {crop.name} is cut off by the edge of the image; choose a whole vertebra.")


def _canal(bone: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """What bone surrounds in the transverse planes behind the body; slits of 3 mm count as closed."""
    disk = np.hypot(*np.mgrid[-2:3, -2:3]) < 2.3
    holes = np.zeros_like(bone)
    for k in range(bone.shape[2]):
        closed = binary_closing(bone[:, :, k], disk)
        holes[:, :, k] = binary_fill_holes(closed) & ~closed
    parts, count = label(holes)
    for part in np.argsort(np.bincount(parts.ravel(), minlength=count + 1)[1:])[::-1] + 1:
        points = np.argwhere(parts == part) * GRID_MM + [axis[0] for axis in GRID_AXES]
        if len(points) * GRID_MM**3 < LEAST_CANAL_MM3:
            return None
        if abs(points[:, 0].mean()) < 10 and points[:, 1].mean() < -8:
            return parts == part
    return None
