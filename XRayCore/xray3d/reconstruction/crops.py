"""X-rays of any size as the network is shown them: the part about a vertebra, on pixels that it knows."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.reconstruction.scenes import OBJECT_PIXEL_MM


def crop_about(
    pixels: NDArray[np.floating], projection: Projection, point_ras: NDArray[np.float64], size_px: int
) -> tuple[NDArray[np.float32], Projection]:
    """A square part of an X-ray with a point in its middle, and its geometry.

    Pixels are made as large as they were in training, where the point is. What lies beyond the image is its edge,
    carried on.

    Args:
        pixels: (rows, cols).
        point_ras: (3,) mm.
        size_px: of a side.

    Raises:
        GeometryError: the point is behind the source, or is not seen.
    """
    if not projection.sees(point_ras):
        raise GeometryError("An X-ray does not see the middle of what is to be reconstructed; leave it out.")
    depth_mm = float(projection.extrinsic[2, :3] @ point_ras + projection.extrinsic[2, 3])
    resized, onto = resized_at(pixels, projection, depth_mm, OBJECT_PIXEL_MM)
    first = np.round(onto.project(point_ras) - (size_px - 1) / 2).astype(int)
    before = np.maximum(-first, 0)
    after = np.maximum(first + size_px - np.array(resized.shape[::-1]), 0)
    padded = np.pad(resized, [(before[1], after[1]), (before[0], after[0])], mode="edge")
    left, top = first + before
    part = padded[top : top + size_px, left : left + size_px].astype(np.float32)
    intrinsic = onto.intrinsic.copy()
    intrinsic[:2, 2] -= first
    return part, replace(onto, intrinsic=intrinsic, size_px=(size_px, size_px))


def resized_at(
    pixels: NDArray[np.floating], projection: Projection, depth_mm: float, object_pixel_mm: float
) -> tuple[NDArray[np.float32], Projection]:
    """An X-ray on pixels that measure about so much in a depth of its camera, and its geometry."""
    rows, columns = projection.size_px
    # Of a pixel, in that depth: down the columns and along the rows.
    object_mm = np.array(projection.pixel_mm) * depth_mm / projection.sdd_mm
    down, along = (
        max(1, round(side * mm / object_pixel_mm)) for side, mm in zip((rows, columns), object_mm, strict=True)
    )
    kernel = cv2.INTER_AREA if down < rows else cv2.INTER_LINEAR
    resized = cv2.resize(np.ascontiguousarray(pixels, np.float32), (along, down), interpolation=kernel)
    return np.asarray(resized, np.float32), projection.resampled((down, along))
