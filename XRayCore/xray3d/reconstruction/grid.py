"""The grid about a vertebra on which it is reconstructed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GRID_MM = 1.0
GRID_SIZE_IJK = (104, 128, 80)
"""Voxels along x, y and z of a vertebra: to its right, to its front, to its head."""

# Of the middle of the body: spinous processes reach far behind it.
_MIDDLE_IJK = np.array([51.5, 87.0, 43.0])


def grid_about(frame_to_ras: NDArray[np.float64]) -> NDArray[np.float64]:
    """IJKToRAS (4, 4) of the grid about a vertebra.

    Args:
        frame_to_ras: rigid (4, 4), its frame (mm) to RAS: x to the right, y to the front, z to the head, origin in the
            middle of the body.
    """
    to_frame = np.diag([GRID_MM, GRID_MM, GRID_MM, 1.0])
    to_frame[:3, 3] = -GRID_MM * _MIDDLE_IJK
    return np.asarray(frame_to_ras, float) @ to_frame
