"""Which parts of a volume a ray may leap over: blocks of cells, each with its distance to the nearest occupied one.

After Zuiderveld, Koning and Viergever, "Acceleration of Ray-Casting Using 3D Distance Transforms" (Visualization in
Biomedical Computing, 1992), with a distance a block instead of a voxel, so that the distances stay in the cache.
"""

from __future__ import annotations

import numpy as np
import warp as wp
from numpy.typing import NDArray
from scipy import ndimage

from xray3d.drr.device import MODULE_OPTIONS, to_device

wp.set_module_options(MODULE_OPTIONS)

# Small blocks lie closer to the bone, large ones are fewer: 2 and 8 mm are a tenth slower. Cubes in mm, whatever the
# slice distance, let oblique rays leap furthest: a seventh faster than cubes of cells on slices 4 mm apart.
_BLOCK_MM = 4.0
_LARGEST_SHIFT = 4
# More samples than any ray has; a ray across an axis would otherwise have more to its next block than an integer holds.
_ALL_SAMPLES = wp.constant(1.0e6)


@wp.struct
class EmptySpace:
    """Blocks of cells as a kernel sees them. A cell lies between eight voxels and is occupied if one of them is."""

    distances: wp.array(dtype=wp.uint8)
    """Flat, i contiguous. 0: the block is occupied; d: so are none of those less than d blocks away on every axis."""
    blocks_j: wp.uint32
    """Elements of `distances` from one block to the next along j."""
    blocks_k: wp.uint32
    shift: wp.vec3ui
    """Cell index to block index, in bits, along i, j, k."""
    size: wp.vec3
    """Cells a block along i, j, k."""


def empty_space(occupied: NDArray[np.bool_], spacing_ijk_mm: NDArray[np.float64], device: wp.Device) -> EmptySpace:
    """What rays may leap over between the voxels `occupied` (K, J, I), border included, at least one of them True."""
    shift = block_shift(spacing_ijk_mm)
    distances = block_distances(occupied_cells(occupied), shift)
    space = EmptySpace()
    space.distances = to_device(distances.ravel(), wp.uint8, device)
    space.blocks_k, space.blocks_j = distances.shape[1] * distances.shape[2], distances.shape[2]
    space.shift = wp.vec3ui(*(int(n) for n in shift))
    space.size = wp.vec3(*(float(1 << n) for n in shift))
    return space


def block_shift(spacing_ijk_mm: NDArray[np.float64]) -> NDArray[np.int64]:
    """(3,) powers of two along i, j, k: the number of cells a block that comes nearest to a cube."""
    return np.clip(np.rint(np.log2(_BLOCK_MM / spacing_ijk_mm)), 0, _LARGEST_SHIFT).astype(np.int64)


def occupied_cells(occupied: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(K-1, J-1, I-1): whether any of the eight voxels (K, J, I) around a cell is True."""
    cells = occupied[1:] | occupied[:-1]
    cells = cells[:, 1:] | cells[:, :-1]
    return cells[:, :, 1:] | cells[:, :, :-1]


def block_distances(cells: NDArray[np.bool_], shift_ijk: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(K, J, I) distances in blocks, the largest along any axis, to the nearest block with a cell that is True."""
    blocks = cells
    for axis, shift in enumerate(shift_ijk[::-1]):
        if shift > 0:
            blocks = np.logical_or.reduceat(blocks, np.arange(0, blocks.shape[axis], 1 << shift), axis=axis)
    distances = ndimage.distance_transform_cdt(~blocks, "chessboard")
    return np.minimum(distances, np.iinfo(np.uint8).max).astype(np.uint8)


@wp.func
def samples_a_voxel(stride: wp.vec3):
    """Samples per voxel along each axis, signed, of a ray that goes on by `stride` voxels a sample."""
    result = wp.vec3()
    for axis in range(3):
        result[axis] = wp.where(wp.abs(stride[axis]) > 1.0e-9, 1.0 / stride[axis], 1.0e9)
    return result


@wp.func
def samples_in_empty_space(space: EmptySpace, point: wp.vec3, per_voxel: wp.vec3):
    """How many samples, from that at `point` on, lie in empty space; 0 in an occupied block.

    `per_voxel` comes from `samples_a_voxel`. What is counted lies in empty blocks or on their faces, to rounding.
    """
    i = wp.uint32(point[0]) >> space.shift[0]
    j = wp.uint32(point[1]) >> space.shift[1]
    k = wp.uint32(point[2]) >> space.shift[2]
    distance = float(space.distances[k * space.blocks_k + j * space.blocks_j + i])
    if distance == 0.0:
        return 0
    block = wp.vec3(float(i), float(j), float(k))
    samples = float(_ALL_SAMPLES)
    for axis in range(3):
        ahead = wp.where(per_voxel[axis] > 0.0, block[axis] + distance, block[axis] - distance + 1.0)
        samples = wp.min(samples, (ahead * space.size[axis] - point[axis]) * per_voxel[axis])
    return int(samples) + 1
