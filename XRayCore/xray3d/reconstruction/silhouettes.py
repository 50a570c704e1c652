"""A bone's outline as an X-ray would show it, by which a person judges its shape and its place."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from xray3d.geometry import Projection

Polyline = NDArray[np.float64]

# OpenCV draws to so many binary places of a pixel.
_SHIFT_BITS = 4


def silhouette(
    vertices_ras: NDArray[np.floating], triangles: NDArray[np.integer], projection: Projection
) -> NDArray[np.bool_]:
    """The pixels (rows, cols) whose rays meet a surface.

    Args:
        vertices_ras: (n, 3) mm.
        triangles: (m, 3); those that are not wholly in front of the source are left out.
        projection: of the X-ray.
    """
    covered = np.zeros(projection.size_px, np.uint8)
    corners = projection.project(vertices_ras)[triangles]
    rows, cols = projection.size_px
    low, high = corners.min(axis=1), corners.max(axis=1)
    # Comparisons with NaN, which is behind the source, are false.
    shown = (high >= -0.5).all(axis=1) & (low <= [cols - 0.5, rows - 0.5]).all(axis=1)
    for triangle in np.round(corners[shown] * 2**_SHIFT_BITS).astype(np.int32):
        cv2.fillConvexPoly(covered, triangle, 1, shift=_SHIFT_BITS)
    return covered.astype(bool)


def outlines(covered: NDArray[np.bool_]) -> list[Polyline]:
    """The closed lines about what a mask (rows, cols) covers and about its holes: (n, 2) each, column and row, px."""
    found, _ = cv2.findContours(covered.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return [np.concatenate([line, line[:1]])[:, 0].astype(float) for line in found]
