"""The rendering job that every engine is given: a 256³ volume of 0.8 mm voxels to a 256×256 view of 1.2 mm pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.phantoms import HARD_ELLIPSOIDS, SMOOTH_BLOBS, Shape
from xray3d.geometry import Projection

THREADS = 2
BATCH = 16
VOLUME_SIZE = (256, 256, 256)
VOXEL_MM = 0.8
SDD_MM, SOD_MM = 1020.0, 700.0
VIEW_ANGLES_DEG = {"AP": (0.0, 0.0), "oblique": (30.0, 20.0)}
PHANTOMS: dict[str, Sequence[Shape]] = {"hard ellipsoids": HARD_ELLIPSOIDS, "smooth blobs": SMOOTH_BLOBS}


def ijk_to_ras() -> NDArray[np.float64]:
    """The volume's affine (4, 4): axes along RAS, centred on the isocentre at the origin."""
    affine = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    affine[:3, 3] = -VOXEL_MM * (np.array(VOLUME_SIZE) - 1) / 2
    return affine


def projection(view: str, size_px: int = 256, width_mm: float = 256 * 1.2) -> Projection:
    """The C-arm geometry of a view in `VIEW_ANGLES_DEG` on a square receptor of `width_mm`."""
    pixel_mm = width_mm / size_px
    primary_deg, secondary_deg = VIEW_ANGLES_DEG[view]
    size, spacing = (size_px, size_px), (pixel_mm, pixel_mm)
    return Projection.from_carm(primary_deg, secondary_deg, (0.0, 0.0, 0.0), SDD_MM, SOD_MM, size, spacing)


def batch_of_views(view: Projection) -> list[Projection]:
    """`BATCH` views, a degree apart about the receptor's column axis, beginning with `view`."""
    return [view.perturbed((0, 0, 0, 0, np.deg2rad(step), 0)) for step in range(BATCH)]


def rmse_percent(image: NDArray[np.floating], truth: NDArray[np.float64]) -> float:
    """Root mean square error of an image in per cent of the truth's maximum."""
    return float(100.0 * np.sqrt(np.mean((image - truth) ** 2)) / truth.max())
