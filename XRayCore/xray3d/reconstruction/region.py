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
    try:
        given = np.asarray(region, float)
    except (TypeError, ValueError):
        given = np.empty(0)
    if given.shape == (4, 4) and is_rigid(given):
        return given
    frame = np.eye(4)
    if given.shape == (3,) and np.isfinite(given).all():
        frame[:3, 3] = given
    elif given.shape == (2, 3) and np.isfinite(given).all() and (given[0] < given[1]).all():
        frame[:3, 3] = given.mean(axis=0)
        frame = frame_of_box(frame)
    else:
        raise GeometryError(
            "roi must be the middle of a vertebral body (3 numbers), the lowest and the highest corner of a box about "
            "the vertebra (2×3 numbers), or a rigid frame (4×4), all in RAS and mm."
        )
    return frame


def frame_of_box(box_to_ras: NDArray[np.float64]) -> NDArray[np.float64]:
    """The vertebra's frame (4, 4) in a box about all of it, of the rigid frame (4, 4) whose origin is its middle."""
    middle_of_grid = np.eye(4)
    middle_of_grid[:3, 3] = grid_about(np.eye(4))[:3, 3] + GRID_MM * (np.array(GRID_SIZE_IJK) - 1) / 2
    return np.asarray(box_to_ras @ np.linalg.inv(middle_of_grid))
