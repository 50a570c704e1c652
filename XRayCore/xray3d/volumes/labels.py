"""A label map: one whole number per voxel, placed in RAS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import VolumeError
from xray3d.volumes.grid import VoxelGrid, checked_ijk_to_ras, checked_voxels


@dataclass(frozen=True, eq=False)
class LabelVolume(VoxelGrid):
    """Labels on a regular grid of any orientation, 0 the background.

    Attributes:
        labels: (K, J, I) of an integer type, slices first as in Slicer and SimpleITK.
        ijk_to_ras: (4, 4) from voxel index (i, j, k) to RAS in mm.
        name: what messages call the label map, usually its file name.

    Raises:
        VolumeError: not a non-empty 3D array of whole numbers, or not an invertible affine.
    """

    labels: NDArray[np.integer]
    ijk_to_ras: NDArray[np.float64]
    name: str = "Label map"

    def __post_init__(self) -> None:
        labels = checked_voxels(self.labels, self.name)
        object.__setattr__(self, "labels", np.ascontiguousarray(_as_whole_numbers(labels, self.name)))
        object.__setattr__(self, "ijk_to_ras", checked_ijk_to_ras(self.ijk_to_ras, self.name))

    @property
    def _shape_kji(self) -> tuple[int, ...]:
        return self.labels.shape


def _as_whole_numbers(labels: NDArray, name: str) -> NDArray:
    if labels.dtype.kind in "iu":
        return labels
    whole = labels.astype(np.int32) if labels.dtype.kind == "b" or np.isfinite(labels).all() else None
    if whole is None or not np.array_equal(whole, labels):
        raise VolumeError(
            f"{name} has voxels that are not whole numbers; pass the label map, not the CT or a probability."
        )
    return whole
