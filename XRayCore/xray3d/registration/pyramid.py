"""A CT at a coarser resolution."""

from __future__ import annotations

import numpy as np

from xray3d.volumes import CTVolume


def coarser(ct: CTVolume, spacing_mm: float) -> CTVolume:
    """The CT averaged over whole numbers of voxels, to voxels no larger than `spacing_mm` along each axis."""
    i, j, k = (max(1, int(spacing_mm / spacing + 1e-6)) for spacing in ct.spacing_mm)
    if (i, j, k) == (1, 1, 1):
        return ct
    filled = [(0, -size % factor) for size, factor in zip(ct.hu.shape, (k, j, i), strict=True)]
    # With copies of the last voxels: half air, they would not look like body that the CT cuts.
    hu = np.pad(ct.hu, filled, mode="edge")
    blocks = hu.reshape(hu.shape[0] // k, k, hu.shape[1] // j, j, hu.shape[2] // i, i)
    to_fine = np.diag([i, j, k, 1.0])
    to_fine[:3, 3] = (np.array([i, j, k]) - 1) / 2
    return CTVolume(blocks.mean(axis=(1, 3, 5), dtype=np.float32), ct.ijk_to_ras @ to_fine, ct.name)
