"""A CT volume in Hounsfield units, placed in RAS."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xray3d.errors import VolumeError
from xray3d.volumes.attenuation import REFERENCE_ENERGY_KEV, hu_to_attenuation


@dataclass(frozen=True, eq=False)
class CTVolume:
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
        hu = np.asarray(self.hu)
        if hu.ndim != 3:
            raise VolumeError(f"{self.name} has {hu.ndim} dimensions; a CT is one scalar 3D volume: choose a single frame or channel.")
        if min(hu.shape) == 0:
            raise VolumeError(f"{self.name} is empty (size {hu.shape}); load the series again.")
        hu = np.ascontiguousarray(hu, np.float32)
        if not np.isfinite(hu).all():
            raise VolumeError(f"{self.name} has NaN or infinite voxels; replace them (for example by -1000 HU) first.")
        object.__setattr__(self, "hu", hu)
        object.__setattr__(self, "ijk_to_ras", checked_ijk_to_ras(self.ijk_to_ras, self.name))

    @cached_property
    def attenuation(self) -> NDArray[np.float32]:
        """Linear attenuation (K, J, I) in 1/mm at `REFERENCE_ENERGY_KEV`; never negative."""
        return hu_to_attenuation(self.hu, REFERENCE_ENERGY_KEV)

    @property
    def size_ijk(self) -> tuple[int, int, int]:
        """Number of voxels along i, j and k."""
        k, j, i = self.hu.shape
        return i, j, k

    @property
    def spacing_mm(self) -> NDArray[np.float64]:
        """Voxel spacing (3,) along i, j and k."""
        return np.linalg.norm(self.ijk_to_ras[:3, :3], axis=0)

    @property
    def center_ras(self) -> NDArray[np.float64]:
        """Centre (3,) of the grid."""
        return self.to_ras((np.array(self.size_ijk) - 1) / 2)

    def to_ras(self, ijk: ArrayLike) -> NDArray[np.float64]:
        """RAS positions (..., 3) of voxel indices (..., 3) in the order i, j, k."""
        return np.asarray(ijk, float) @ self.ijk_to_ras[:3, :3].T + self.ijk_to_ras[:3, 3]

    def to_ijk(self, points_ras: ArrayLike) -> NDArray[np.float64]:
        """Voxel indices (..., 3) in the order i, j, k, not rounded, of RAS positions (..., 3)."""
        ras_to_ijk = np.linalg.inv(self.ijk_to_ras)
        return np.asarray(points_ras, float) @ ras_to_ijk[:3, :3].T + ras_to_ijk[:3, 3]


def checked_ijk_to_ras(ijk_to_ras: ArrayLike, name: str) -> NDArray[np.float64]:
    """The affine as a read-only float64 (4, 4); VolumeError when it is not finite, affine and invertible."""
    affine = np.array(ijk_to_ras, float)
    if affine.shape != (4, 4) or not np.isfinite(affine).all() or not np.allclose(affine[3], [0, 0, 0, 1]):
        raise VolumeError(f"{name}: IJKToRAS must be a 4×4 affine matrix of finite numbers.")
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if spacing.min() <= 0:
        raise VolumeError(f"{name} has a voxel spacing of zero; correct the spacing in its header.")
    if abs(np.linalg.det(affine[:3, :3] / spacing)) < 1e-3:
        raise VolumeError(f"{name} has a singular direction matrix; correct the directions in its header.")
    affine.setflags(write=False)
    return affine
