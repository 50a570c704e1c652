"""Where the ray of each pixel passes a grid, as channels of an image: an encoder that sees them knows its view."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

CHANNELS = 6

_UNIT_MM = 50.0


def ray_maps(matrices: Tensor, ijk_to_ras: Tensor, middle_ras: Tensor, rows: int, columns: int) -> Tensor:
    """Of each pixel, its ray's direction along the grid's axes, and of the ray what is nearest to the grid's middle.

    Args:
        matrices: (n, views, 3, 4) P of these images.
        ijk_to_ras: (n, 4, 4) of the grids.
        middle_ras: (n, 3) of the grids.

    Returns:
        (n, views, 6, rows, columns): a unit vector, and a place relative to the middle in units of 50 mm.
    """
    axes = F.normalize(ijk_to_ras[:, :3, :3], dim=1)
    to_rays = torch.linalg.inv(matrices[..., :3])
    sources = -(to_rays @ matrices[..., 3:])[..., 0]
    down, along = (torch.arange(side, dtype=matrices.dtype, device=matrices.device) for side in (rows, columns))
    v, u = torch.meshgrid(down, along, indexing="ij")
    pixels = torch.stack([u, v, torch.ones_like(u)])
    directions = F.normalize(torch.einsum("nvab,brc->nvarc", axes.transpose(1, 2)[:, None] @ to_rays, pixels), dim=2)
    source = ((sources - middle_ras[:, None]) @ axes)[..., None, None]
    nearest = source - (source * directions).sum(dim=2, keepdim=True) * directions
    return torch.cat([directions, nearest / _UNIT_MM], dim=2)
