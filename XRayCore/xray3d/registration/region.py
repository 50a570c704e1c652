"""A piece of bone cut out of a CT, to be registered by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from xray3d.errors import VolumeError
from xray3d.volumes import CTVolume, LabelVolume
from xray3d.volumes.resampling import labels_on_grid

_AIR_HU, _SOFT_TISSUE_HU = -1000.0, 60.0
_RIM_MM = 2.0
_FEWEST_VOXELS = 50


def bone_of_region(ct: CTVolume, region: LabelVolume) -> CTVolume:
    """The CT with nothing left but what the bone of the region attenuates more than soft tissue.

    A cut through soft tissue would show as an edge that no X-ray has; with soft tissue subtracted, bone ends where it
    ends in the patient. A rim of 2 mm is left around the region, for segmentations that are a little too small.

    Raises:
        VolumeError: a region outside the CT, or without bone in it.
    """
    inside = labels_on_grid(region.labels > 0, region.ijk_to_ras, ct.ijk_to_ras, ct.hu.shape)
    if inside.any():
        inside = distance_transform_edt(~inside, sampling=ct.spacing_mm[::-1]) <= _RIM_MM
    bone = inside & (ct.hu > _SOFT_TISSUE_HU)
    if bone.sum() < _FEWEST_VOXELS:
        raise VolumeError(
            f"There is no bone of {ct.name} in the region {region.name}; segment the bone on this CT and choose it."
        )
    # Attenuation grows evenly with HU from -1000 on, so that subtracting water's is a shift.
    hu = np.where(bone, ct.hu - _SOFT_TISSUE_HU + _AIR_HU, _AIR_HU)
    return CTVolume(hu.astype(np.float32), ct.ijk_to_ras, f"{region.name} of {ct.name}")


def center_of_bone(ct: CTVolume) -> NDArray[np.float64]:
    """(3,) RAS mm: the middle of what a CT from `bone_of_region` shows."""
    return ct.to_ras(np.argwhere(ct.hu > _AIR_HU)[:, ::-1].mean(axis=0))
