"""Rays of X-rays, and where they meet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xray3d.geometry.projection import Projection

Matrix = NDArray[np.float64]

# Of views five degrees apart.
_LEAST_INFORMATION = 1 - np.cos(np.deg2rad(5.0))


def nearest_to_rays(sources: Matrix, directions: Matrix) -> tuple[Matrix, Matrix]:
    """The point (3,) with the least sum of squared distances to rays, and the information (3, 3) they hold on it.

    Args:
        sources: (n, 3) where the rays start.
        directions: (n, 3) unit vectors.
    """
    across = np.eye(3) - directions[:, :, None] * directions[:, None, :]
    information = across.sum(axis=0)
    return np.linalg.lstsq(information, np.einsum("nij,nj->i", across, sources), rcond=1e-9)[0], information


def are_of_one_direction(information: Matrix) -> bool:
    """Whether the information (3, 3) that rays hold on a point does not tell how far along them it is."""
    return bool(np.linalg.eigvalsh(information)[0] < _LEAST_INFORMATION)


def rays_of(projection: Projection, pixels: Matrix) -> Matrix:
    """Unit directions (n, 3) in RAS of the rays to pixels (n, 2)."""
    directions = np.column_stack([pixels, np.ones(len(pixels))]) @ projection.pixel_to_ras_direction.T
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)
