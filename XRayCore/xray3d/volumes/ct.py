"""A CT volume in Hounsfield units, placed in RAS."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import VolumeError
from xray3d.volumes.attenuation import REFERENCE_ENERGY_KEV, hu_to_attenuation
from xray3d.volumes.grid import VoxelGrid, checked_ijk_to_ras, checked_voxels


@dataclass(frozen=True, eq=False)
class CTVolume(VoxelGrid):
    """Hounsfield units on a regular grid of any orientation.

    Attributes:
        hu: (K, J, I) float32, slices first as in Slicer and SimpleITK.
        ijk_to_ras: (4, 4) from voxel index (i, j, k) to RAS in mm; may be oblique, flipped or anisotropic.
        name: what messages call the volume, usually its file name.

    Raises:
        VolumeError: not a finite, non-empty 3D array, or not an invertible affine.
    """

    hu: NDArray[np.float32]
    ijk_to_ras: NDArray[np.float64]
    name: str = "CT"

    def __post_init__(self) -> None:
        hu = np.ascontiguousarray(checked_voxels(self.hu, self.name), np.float32)
        if not np.isfinite(hu).all():
            raise VolumeError(f"{self.name} has NaN or infinite voxels; replace them (for example by -1000 HU) first.")
        object.__setattr__(self, "hu", hu)
        object.__setattr__(self, "ijk_to_ras", checked_ijk_to_ras(self.ijk_to_ras, self.name))

    @property
    def _shape_kji(self) -> tuple[int, ...]:
        return self.hu.shape

    @cached_property
    def attenuation(self) -> NDArray[np.float32]:
        """Linear attenuation (K, J, I) in 1/mm at `REFERENCE_ENERGY_KEV`; never negative."""
        return hu_to_attenuation(self.hu, REFERENCE_ENERGY_KEV)
