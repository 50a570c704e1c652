"""An X-ray in the scene: a one-slice image on the receptor, from whose placement the projection follows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from xray3d.errors import GeometryError
from xray3d.geometry.projection import Projection


def principal_point_px(projection: Projection) -> tuple[float, float]:
    """Where the receptor's normal through the source meets the image, (column, row)."""
    return float(projection.intrinsic[0, 2]), float(projection.intrinsic[1, 2])


def projection_from_placement(
    image_to_ras: ArrayLike, sdd_mm: float, principal_point: tuple[float, float], size_px: tuple[int, int]
) -> Projection:
    """Inverse of `Projection.image_to_ras`.

    Args:
        image_to_ras: (4, 4) IJKToRAS of the one-slice image: columns, rows, and away from the source.
        sdd_mm: distance from the source to the receptor.
        principal_point: (column, row) of the point of the receptor nearest to the source, px.
        size_px: (rows, columns).

    Raises:
        GeometryError: the placement is mirrored, sheared out of its plane or not finite, or `sdd_mm` is no distance.
    """
    placement = np.asarray(image_to_ras, float)
    if placement.shape != (4, 4) or not np.isfinite(placement).all():
        raise GeometryError("The placement of an X-ray must be a 4×4 matrix of finite numbers.")
    if not (np.isfinite(sdd_mm) and sdd_mm > 0):
        raise GeometryError(f"The source to detector distance must be a positive number of mm, not {sdd_mm}.")
    along_row, along_column, away = placement[:3, :3].T
    normal = np.cross(along_row, along_column)
    if np.linalg.norm(normal) == 0 or np.linalg.norm(away) == 0:
        raise GeometryError("The placement of an X-ray must have three axes that are not zero or parallel.")
    normal /= np.linalg.norm(normal)
    if normal @ away / np.linalg.norm(away) < 1 - 1e-6:
        raise GeometryError(
            "The placement of an X-ray must be right handed, its third axis normal to the image and away from the "
            "source; a mirrored image has no rigid camera: reverse its columns."
        )
    right = along_row / np.linalg.norm(along_row)
    rotation = np.stack([right, np.cross(normal, right), normal])
    column, row = principal_point
    source = placement[:3] @ np.array([column, row, 0, 1]) - sdd_mm * normal
    pixel_to_camera = rotation @ np.column_stack([along_row, along_column, placement[:3, 3] - source])
    intrinsic = np.triu(np.linalg.inv(pixel_to_camera / sdd_mm))
    extrinsic = np.eye(4)
    extrinsic[:3, :3] = rotation
    extrinsic[:3, 3] = -rotation @ source
    pixel_mm = (float(pixel_to_camera[1, 1]), float(pixel_to_camera[0, 0]))
    return Projection(intrinsic / intrinsic[2, 2], extrinsic, size_px, pixel_mm)
