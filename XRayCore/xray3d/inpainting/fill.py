"""What surrounds a hole, led smoothly into it: where a network begins."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_LEAST_COVER = 1e-3


def smooth_fill(images: Tensor, holes: Tensor) -> Tensor:
    """The images with their holes filled, from coarse to fine.

    The pull-push algorithm of Gortler et al. ("The Lumigraph", SIGGRAPH 1996): averages of what is known, over areas
    twice as wide each time, fill what is not known at half that width.

    Args:
        images: (n, 1, rows, cols); what is in the holes does not matter.
        holes: (n, 1, rows, cols) 1 in a hole, 0 elsewhere.
    """
    known = 1 - holes
    # Without what lies in the hole, which may be anything, infinity too.
    return _filled(torch.where(known > 0, images, torch.zeros_like(images)) * known, known)


def _filled(weighted: Tensor, cover: Tensor) -> Tensor:
    """Of images times how much of each pixel is known (0 to 1), the images with the rest filled."""
    own = weighted / cover.clamp(min=_LEAST_COVER)
    rows, columns = weighted.shape[2:]
    if max(rows, columns) == 1:
        return own
    # Beyond the edge nothing is known.
    padded = [F.pad(one, (0, columns % 2, 0, rows % 2)) for one in (weighted, cover)]
    pulled, covered = (4 * F.avg_pool2d(one, 2) for one in padded)
    full = covered.clamp(min=1.0)
    coarse = _filled(pulled / full, covered / full)
    size = [2 * side for side in coarse.shape[2:]]
    pushed = F.interpolate(coarse, size=size, mode="bilinear", align_corners=False)[:, :, :rows, :columns]
    return cover * own + (1 - cover) * pushed
