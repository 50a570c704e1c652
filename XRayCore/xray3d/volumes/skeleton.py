"""The patient's bones, without the table and whatever else is as dense."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from xray3d.errors import VolumeError
from xray3d.volumes.ct import CTVolume

_AIR_HU = -1024.0
# Joints, discs and slices that are far apart leave gaps in one skeleton; skin keeps a table farther from it.
_GAP_MM = 8.0
_GRID_MM = 3.0


def skeleton(ct: CTVolume, bone_hu: float) -> CTVolume:
    """The CT with air instead of everything but the largest connected piece of bone and what is next to it.

    Raises:
        VolumeError: no bone above the threshold.
    """
    step = np.maximum(1, np.rint(_GRID_MM / ct.spacing_mm[::-1])).astype(int)
    bone = ct.hu > bone_hu
    if not bone.any():
        raise VolumeError(f"{ct.name} has no bone above {bone_hu:g} HU; lower the threshold.")
    coarse = bone
    for axis, factor in enumerate(step):
        coarse = np.logical_or.reduceat(coarse, np.arange(0, coarse.shape[axis], factor), axis=axis)
    from_bone_mm = ndimage.distance_transform_edt(~coarse, sampling=ct.spacing_mm[::-1] * step)
    pieces, count = ndimage.label(from_bone_mm <= _GAP_MM / 2)
    sizes = ndimage.sum_labels(coarse, pieces, np.arange(1, count + 1))
    # One voxel more on every side, however thick the slices: between it and bone is where the bone's surface lies.
    near = ndimage.binary_dilation(pieces == 1 + int(np.argmax(sizes)), np.ones((3, 3, 3), bool))
    for axis, factor in enumerate(step):
        near = np.repeat(near, factor, axis=axis)
    near = near[tuple(slice(size) for size in ct.hu.shape)]
    return CTVolume(np.where(near, ct.hu, np.float32(_AIR_HU)), ct.ijk_to_ras, ct.name)


def middle_of_bones(ct: CTVolume, bone_hu: float) -> tuple[float, float, float]:
    """RAS, mm: the middle of the box around the skeleton.

    Raises:
        VolumeError: no bone above the threshold.
    """
    bone = np.argwhere(skeleton(ct, bone_hu).hu > bone_hu)[:, ::-1]
    x, y, z = ct.to_ras((bone.min(axis=0) + bone.max(axis=0)) / 2)
    return float(x), float(y), float(z)
