"""Where a vertebra is said to be."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xray3d.errors import GeometryError
from xray3d.geometry.poses import is_rigid
from xray3d.reconstruction.grid import GRID_MM, GRID_SIZE_IJK, grid_about


def frame_of(region: ArrayLike) -> NDArray[np.float64]:
    """Frame (4, 4) of a vertebra, x to its right, y to its front, z to its head, origin in the middle of its body.

    Args:
        region: the middle of the body (3,), or the lowest and the highest corner (2, 3) of a box about the whole
            vertebra, of a patient along the axes of RAS; or the frame.

    Raises:
        GeometryError: none of these.
    """
    given = np.asarray(region, float)
    if given.shape == (4, 4) and is_rigid(given):
        return given
    frame = np.eye(4)
    if given.shape == (3,) and np.isfinite(given).all():
        frame[:3, 3] = given
    elif given.shape == (2, 3) and np.isfinite(given).all() and (given[0] < given[1]).all():
        to_ras = grid_about(frame)
        frame[:3, 3] = given.mean(axis=0) - to_ras[:3, 3] - GRID_MM * (np.array(GRID_SIZE_IJK) - 1) / 2
    else:
        raise GeometryError(
            "roi must be the middle of a vertebral body (3 numbers), the lowest and the highest corner of a box about "
            "the vertebra (2×3 numbers), or a rigid frame (4×4), all in RAS and mm."
        )
    return frame
