"""Features of X-rays carried back along their rays into space, by each X-ray's calibration."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_OUTSIDE = 3.0


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
    where, visible = _looked_up(features, matrices, points_ras)
    shown = torch.stack(
        [_sampled(of_view, at) for of_view, at in zip(features.unbind(1), where.unbind(1), strict=True)], dim=1
    )
    grid = points_ras.shape[1:4]
    return shown.unflatten(-1, grid), visible.unflatten(-1, grid)


def mean_unprojected(features: Tensor, matrices: Tensor, points_ras: Tensor) -> tuple[Tensor, Tensor]:
    """What those views show on average that see a point; 0 where none does.

    Args:
        features, matrices, points_ras: as those of `unprojected`, which needs several times the memory.

    Returns:
        (n, channels, k, j, i), and (n, 1, k, j, i) how many views see the point.
    """
    where, visible = _looked_up(features, matrices, points_ras)
    total = torch.zeros_like(visible[:, 0])
    for view in range(features.shape[1]):
        total = total + _sampled(features[:, view], where[:, view])
    count, grid = visible.sum(dim=1), points_ras.shape[1:4]
    return (total / count.clamp(min=1)).unflatten(-1, grid), count.unflatten(-1, grid)


def _looked_up(features: Tensor, matrices: Tensor, points_ras: Tensor) -> tuple[Tensor, Tensor]:
    """(n, views, points, 2) where to sample, as `grid_sample` counts, and (n, views, 1, points) 1 or 0: who sees it."""
    rows, columns = features.shape[-2:]
    points = points_ras.reshape(len(points_ras), 1, -1, 3)
    homogeneous = points @ matrices[..., :3].transpose(2, 3) + matrices[:, :, None, :, 3]
    depth = homogeneous[..., 2:]
    in_front = depth > 0
    pixels = homogeneous[..., :2] / torch.where(in_front, depth, torch.ones_like(depth))
    last = torch.tensor([columns - 1, rows - 1], dtype=pixels.dtype, device=pixels.device)
    seen = in_front[..., 0] & (pixels >= 0).all(dim=-1) & (pixels <= last).all(dim=-1)
    # Far outside of the image there is nothing, and it costs nothing to make that of what is not seen.
    where = torch.where(seen[..., None], 2 * pixels / last.clamp(min=1) - 1, _OUTSIDE)
    return where.to(features.dtype), seen[:, :, None].to(features.dtype)


def _sampled(images: Tensor, where: Tensor) -> Tensor:
    """(n, channels, points) of (n, channels, rows, cols)."""
    return F.grid_sample(images, where[:, :, None], align_corners=True)[..., 0]


def grid_points(ijk_to_ras: Tensor, size_ijk: tuple[int, int, int]) -> Tensor:
    """Centres (n, k, j, i, 3) in RAS mm of the voxels of n grids of one size.

    Args:
        ijk_to_ras: (n, 4, 4).
    """
    i, j, k = (torch.arange(n, dtype=ijk_to_ras.dtype, device=ijk_to_ras.device) for n in size_ijk)
    kji = torch.meshgrid(k, j, i, indexing="ij")
    ijk = torch.stack(kji[::-1], dim=-1)
    return torch.einsum("nab,kjib->nkjia", ijk_to_ras[:, :3, :3], ijk) + ijk_to_ras[:, None, None, None, :3, 3]
