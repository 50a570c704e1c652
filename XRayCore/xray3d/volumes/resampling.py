"""Labels on the voxels of another grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

# Index spaces that agree so well name the same voxel everywhere in a volume of any size that there is.
_SAME_GRID = 1e-5


def labels_on_grid(
    labels: NDArray,
    ijk_to_ras: NDArray[np.float64],
    grid_ijk_to_ras: NDArray[np.float64],
    grid_shape: tuple[int, ...],
) -> NDArray:
    """What a label map says at the centres of the voxels of another grid; 0 where it does not reach.

    Its voxels count up to their outer faces. Grids of any orientation will do.

    Args:
        labels: (K, J, I) of whole numbers or bool.
        ijk_to_ras: (4, 4) from its voxel indices (i, j, k) to RAS, mm.
        grid_ijk_to_ras: (4, 4) of the other grid.
        grid_shape: (K, J, I) of the other grid.

    Returns:
        Labels of `grid_shape`, of the same type; the array that was passed where both grids are the same.
    """
    if labels.size == 0:
        return np.zeros(grid_shape, labels.dtype)
    to_labels = np.linalg.solve(ijk_to_ras, grid_ijk_to_ras)
    if labels.shape == grid_shape and np.allclose(to_labels, np.eye(4), rtol=0, atol=_SAME_GRID):
        return labels
    # From (i, j, k) to the (k, j, i) of arrays.
    matrix, offset = to_labels[2::-1, 2::-1], to_labels[2::-1, 3]
    numbers = labels.astype(np.uint8) if labels.dtype == bool else labels
    # "constant" would end at the centres of the outermost voxels.
    sampled = affine_transform(numbers, matrix, offset, grid_shape, order=0, mode="grid-constant")
    return sampled.astype(labels.dtype, copy=False)
