"""Poses from scene coordinates as they were published: plain RANSAC on all pixels alike, for the ablation.

After Shrestha et al., "X-Ray to CT Rigid Registration Using Scene Coordinate Regression" (MICCAI 2023): OpenCV's
RANSAC of a thousand steps, in which points within 20 pixels agree, and no weights.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from xray3d.geometry import Projection
from xray3d.registration.scene_correspondences import SceneCoordinateMaps

_STEPS = 1000
# 20 pixels of images of 512; the maps have fewer.
_REACH = 20 / 512


def pose_by_plain_ransac(maps: SceneCoordinateMaps, projection: Projection) -> Projection | None:
    """The projection where the maps put it, or None where there is no pose.

    Args:
        maps: of one X-ray.
        projection: of the X-ray at the size of the maps; of its pose nothing is used.
    """
    rows, columns = np.nonzero(maps.valid)
    points = np.concatenate([maps.entry_ras[maps.valid], maps.exit_ras[maps.valid]]).astype(float)
    pixels = np.tile(np.column_stack([columns, rows]).astype(float), (2, 1))
    if len(points) < 4:
        return None
    try:
        found, turn, shift, _ = cv2.solvePnPRansac(
            points,
            pixels,
            projection.intrinsic,
            None,
            iterationsCount=_STEPS,
            reprojectionError=_REACH * max(projection.size_px),
            flags=cv2.SOLVEPNP_ITERATIVE,
        )
    except cv2.error:  # what its solvers make of points on one line
        return None
    if not found or not np.isfinite([turn, shift]).all():
        return None
    extrinsic = np.eye(4)
    extrinsic[:3, :3], extrinsic[:3, 3] = cv2.Rodrigues(turn)[0], np.ravel(shift)
    return replace(projection, extrinsic=extrinsic)
