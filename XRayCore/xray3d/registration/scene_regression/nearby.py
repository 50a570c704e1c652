"""X-rays from near where others were taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xray3d.geometry import Projection
from xray3d.geometry.poses import about, se3_exp


def displaced(
    views: Sequence[Projection], center_ras: NDArray[np.float64], turn_rad: ArrayLike, shift_mm: ArrayLike
) -> tuple[Projection, ...]:
    """X-rays of one moment after the patient turned and was shifted, the same for all of them.

    Args:
        views: where they stand.
        center_ras: (3,) mm, what the patient turns about.
        turn_rad: (3,) rotation vector along the axes of the first camera.
        shift_mm: (3,) along the same: to the right of the receptor, down it, away from the source.
    """
    first = views[0].extrinsic
    motion = about(first[:3, :3] @ center_ras + first[:3, 3], se3_exp([0, 0, 0, *np.asarray(turn_rad, float)]))
    motion[:3, 3] += np.asarray(shift_mm, float)
    motion_ras = np.linalg.inv(first) @ motion @ first
    return tuple(replace(view, extrinsic=view.extrinsic @ motion_ras) for view in views)
