"""Features of X-rays carried back along their rays into space, by each X-ray's calibration."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def unprojected(features: Tensor, matrices: Tensor, points_ras: Tensor) -> tuple[Tensor, Tensor]:
    """What each view shows where a point would be seen.

    Args:
        features: (n, views, channels, rows, cols) of n cases.
        matrices: (n, views, 3, 4) P of these images: homogeneous RAS to homogeneous (column, row), pixel (0, 0) the
            centre of the first pixel.
        points_ras: (n, k, j, i, 3) mm.

    Returns:
        (n, views, channels, k, j, i), interpolated between pixels, and (n, views, 1, k, j, i) 1 where a view sees the
        point, 0 where it lies outside of the image or not in front of the source; there, features are 0.
    """
    cases, views, channels, rows, columns = features.shape
    grid = points_ras.shape[1:4]
    points = points_ras.reshape(cases, 1, -1, 3)
    homogeneous = points @ matrices[..., :3].transpose(2, 3) + matrices[:, :, None, :, 3]
    depth = homogeneous[..., 2:]
    in_front = depth > 0
    pixels = homogeneous[..., :2] / torch.where(in_front, depth, torch.ones_like(depth))
    last = torch.tensor([columns - 1, rows - 1], dtype=pixels.dtype, device=pixels.device)
    seen = in_front[..., 0] & (pixels >= 0).all(dim=-1) & (pixels <= last).all(dim=-1)
    where = (2 * pixels / last.clamp(min=1) - 1).reshape(cases * views, -1, 1, 2).to(features.dtype)
    sampled = F.grid_sample(features.flatten(0, 1), where, align_corners=True)[..., 0]
    sampled = sampled.reshape(cases, views, channels, -1)
    visible = seen[:, :, None].to(features.dtype)
    return (sampled * visible).reshape(cases, views, channels, *grid), visible.reshape(cases, views, 1, *grid)


def grid_points(ijk_to_ras: Tensor, size_ijk: tuple[int, int, int]) -> Tensor:
    """Centres (n, k, j, i, 3) in RAS mm of the voxels of n grids of one size.

    Args:
        ijk_to_ras: (n, 4, 4).
    """
    i, j, k = (torch.arange(n, dtype=ijk_to_ras.dtype, device=ijk_to_ras.device) for n in size_ijk)
    kji = torch.meshgrid(k, j, i, indexing="ij")
    ijk = torch.stack(kji[::-1], dim=-1)
    return torch.einsum("nab,kjib->nkjia", ijk_to_ras[:, :3, :3], ijk) + ijk_to_ras[:, None, None, None, :3, 3]
