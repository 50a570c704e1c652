"""Voxel grids of any orientation in RAS: what CT volumes and label maps have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xray3d.errors import VolumeError


class VoxelGrid:
    """Geometry of a regular grid whose voxels are stored slices first, (K, J, I)."""

    ijk_to_ras: NDArray[np.float64]

    @property
    def _shape_kji(self) -> tuple[int, ...]:
        raise NotImplementedError

    @property
    def size_ijk(self) -> tuple[int, int, int]:
        """Number of voxels along i, j and k."""
        k, j, i = self._shape_kji
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


def checked_voxels(voxels: ArrayLike, name: str) -> NDArray[np.generic]:
    """The voxels as a non-empty 3D array; VolumeError when they are not."""
    array = np.asarray(voxels)
    if array.ndim != 3:
        raise VolumeError(f"{name} has {array.ndim} dimensions instead of 3; choose a single frame or channel.")
    if min(array.shape) == 0:
        raise VolumeError(f"{name} is empty (size {array.shape}); load or export it again.")
    return array
