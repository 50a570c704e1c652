"""The part of space that X-rays see together, from their geometry alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.spatial import HalfspaceIntersection

from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.volumes import XRayImage

NEAREST = 0.3
"""No patient is nearer to a source, in shares of its distance to the detector."""

# What holds no ball as large holds no vertebral body.
_LEAST_RADIUS_MM = 10.0


def box_seen_twice(xrays: Sequence[XRayImage]) -> NDArray[np.float64]:
    """Lowest and highest corner (2, 3) in RAS mm of the box about all that two X-rays see, whichever two.

    Raises:
        GeometryError: an X-ray sees nothing of what any other one sees.
    """
    fields = [field_of_view(xray.projection) for xray in xrays]
    seen: dict[tuple[int, int], NDArray[np.float64]] = {}
    for one, other in combinations(range(len(xrays)), 2):
        corners = _corners(np.concatenate([fields[one], fields[other]]))
        if len(corners):
            seen[one, other] = corners
    for number, xray in enumerate(xrays):
        if not any(number in pair for pair in seen):
            raise GeometryError(
                f"{xray.name} sees no part of the patient that another X-ray sees; check its geometry, or leave it out."
            )
    corners = np.concatenate(list(seen.values()))
    return np.stack([corners.min(axis=0), corners.max(axis=0)])


def field_of_view(projection: Projection) -> NDArray[np.float64]:
    """What an X-ray sees between its detector and `NEAREST`, as half-spaces (6, 4): n · x + d ≤ 0, n of length 1."""
    column, row, depth = projection.matrix
    rows, columns = projection.size_px
    near, far = (np.array([0.0, 0.0, 0.0, share * projection.sdd_mm]) for share in (NEAREST, 1.0))
    sides = [
        -(column + 0.5 * depth),
        column - (columns - 0.5) * depth,
        -(row + 0.5 * depth),
        row - (rows - 0.5) * depth,
        near - depth,
        depth - far,
    ]
    return np.stack([side / np.linalg.norm(side[:3]) for side in sides])


def _corners(half_spaces: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 3) of the part of space that lies in all half-spaces (m, 4); none where that is next to nothing."""
    # The middle of the largest ball in it, which is farther by its radius from each of the planes than 0.
    normals = np.column_stack([half_spaces[:, :3], np.ones(len(half_spaces))])
    at_least = [(None, None)] * 3 + [(_LEAST_RADIUS_MM, None)]
    largest = linprog([0, 0, 0, -1], normals, -half_spaces[:, 3], bounds=at_least)
    if not largest.success:
        return np.empty((0, 3))
    return np.asarray(HalfspaceIntersection(half_spaces, largest.x[:3]).intersections)
