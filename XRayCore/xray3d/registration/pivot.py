"""Where the views look, and how they moved as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from xray3d.geometry import Projection
from xray3d.volumes import CTVolume

Matrix = NDArray[np.float64]
_STEPS = 400


def middle_of_views(ct: CTVolume, projections: Sequence[Projection]) -> Matrix:
    """(3,) RAS mm: the mean over the views of the middle of the central ray's way through the CT."""
    return np.mean([_middle_of_chord(ct, projection) for projection in projections], axis=0)


def _middle_of_chord(ct: CTVolume, projection: Projection) -> Matrix:
    rows, columns = projection.size_px
    center_px = [(columns - 1) / 2, (rows - 1) / 2]
    depths_mm = np.linspace(0.0, projection.sdd_mm, _STEPS)
    points = projection.unproject(np.tile(center_px, (_STEPS, 1)), depths_mm)
    ijk = ct.to_ijk(points)
    inside = ((ijk > -0.5) & (ijk < np.array(ct.size_ijk) - 0.5)).all(axis=1)
    if inside.any():
        return points[inside].mean(axis=0)
    return points[np.argmin(np.linalg.norm(points - ct.center_ras, axis=1))]


def common_motion(initial: Sequence[Projection], registered: Sequence[Projection], pivot_ras: Matrix) -> Matrix:
    """Rigid RAS-to-RAS transform (4, 4) that carries the initial views to the registered ones; their mean motion."""
    motions = np.stack(
        [np.linalg.inv(after.extrinsic) @ before.extrinsic for before, after in zip(initial, registered, strict=True)]
    )
    motion = np.eye(4)
    motion[:3, :3] = Rotation.from_matrix(motions[:, :3, :3]).mean().as_matrix()
    # The mean of where the motions take one point, which lies where the views look.
    origin = np.linalg.inv(motions[0]) @ [*pivot_ras, 1.0]
    motion[:3, 3] = (motions @ origin).mean(axis=0)[:3] - motion[:3, :3] @ origin[:3]
    return motion
