"""Voxels laid out for rays: a zero border, and two memory orders so that no ray runs along contiguous memory.

A ray that runs along the contiguous axis finds one cache line after the other and waits for each of them; one that
crosses it has many on the way at once. With i contiguous, rays along j and k are fast (18 against 40 ms a 256² view
of 256³ voxels on two cores); rays along i read a second copy with j contiguous, made when the first of them comes.
"""

from __future__ import annotations

import numpy as np
import warp as wp
from numpy.typing import ArrayLike, NDArray

from xray3d.drr.device import to_device
from xray3d.errors import VolumeError


@wp.struct
class Grid:
    """Voxels as a kernel sees them, in border coordinates: the voxel index plus one along every axis."""

    voxels: wp.array(dtype=wp.float32)
    """Flat, strided by `stride`: i contiguous."""
    voxels_along_i: wp.array(dtype=wp.float32)
    """Flat, strided by `stride_along_i`: j contiguous, i slowest; for rays whose major axis is i."""
    stride: wp.vec3i
    stride_along_i: wp.vec3i
    size: wp.vec3i
    """Number of voxels along i, j, k, border included."""


class BorderedGrid:
    """A (K, J, I) array on a device, bordered by zeros.

    Args:
        voxels: (K, J, I) float32, on the host or already on the device.
        ijk_to_ras: (4, 4).
        device: where the kernels run.
    """

    def __init__(self, voxels: NDArray[np.float32] | wp.array, ijk_to_ras: ArrayLike, device: wp.Device) -> None:
        self.shape = tuple(voxels.shape)
        self.device = device
        ras_to_ijk = np.linalg.inv(np.asarray(ijk_to_ras, float))
        self.ras_to_border = ras_to_ijk + np.array([[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]])
        self._voxels = voxels
        self.struct = Grid()
        self.struct.size = wp.vec3i(*(n + 2 for n in reversed(self.shape)))
        self.struct.voxels, (k, j, i) = _bordered(voxels, (0, 1, 2), device)
        self.struct.stride = wp.vec3i(i, j, k)
        self.struct.voxels_along_i, self.struct.stride_along_i = self.struct.voxels, self.struct.stride
        self._has_both_orders = False

    def serve(self, border_directions: NDArray[np.float64]) -> Grid:
        """The kernel's struct, with the second memory order if rays among these may need it.

        Args:
            border_directions: (n, 4, 3) directions of the corner rays of n views in voxel units.
        """
        if not self._has_both_orders and _any_ray_along_i(border_directions):
            self.struct.voxels_along_i, (i, k, j) = _bordered(self._voxels, (2, 0, 1), self.device)
            self.struct.stride_along_i = wp.vec3i(i, j, k)
            self._has_both_orders = True
        return self.struct


def bordered_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Shape in memory of an array with its border: the fastest pitch is odd, so that rows do not share cache banks."""
    slow, middle, fast = (n + 2 for n in shape)
    return slow, middle, fast | 1


def _bordered(
    voxels: NDArray[np.float32] | wp.array, order: tuple[int, int, int], device: wp.Device
) -> tuple[wp.array, tuple[int, int, int]]:
    """Flat device array of the voxels with their axes in `order` and a border, and its strides in elements."""
    slow, middle, fast = (voxels.shape[axis] for axis in order)
    shape = bordered_shape((slow, middle, fast))
    if np.prod(shape, dtype=np.int64) > np.iinfo(np.int32).max:
        raise VolumeError(
            f"{voxels.size / 1e9:.1f} billion voxels are too many to render; crop or resample the volume."
        )
    interior = (slice(1, slow + 1), slice(1, middle + 1), slice(1, fast + 1))
    if device.is_cuda:
        flat = wp.zeros(int(np.prod(shape)), dtype=wp.float32, device=device)
        source = voxels if isinstance(voxels, wp.array) else wp.array(voxels, dtype=wp.float32, device=device)
        wp.copy(flat.reshape(shape)[interior], source.transpose(order))
    else:
        padded = np.zeros(shape, np.float32)
        padded[interior] = (voxels.numpy() if isinstance(voxels, wp.array) else voxels).transpose(order)
        flat = to_device(padded.ravel(), wp.float32, device)
    return flat, (shape[1] * shape[2], shape[2], 1)


def _any_ray_along_i(border_directions: NDArray[np.float64]) -> bool:
    """Whether any ray between a view's corner rays may run mostly along i.

    None does when one and the same other axis dominates i, in the same sense, at all four corners: such directions
    form a convex cone, which holds all rays between the corners.
    """
    i, others = border_directions[..., 0], border_directions[..., 1:]
    dominated = (np.abs(others) > np.abs(i)[..., None]) & (np.sign(others) == np.sign(others[:, :1]))
    return not bool(dominated.all(axis=1).any(axis=-1).all())
