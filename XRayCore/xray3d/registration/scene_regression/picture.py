"""X-rays as the networks see them: what training draws and what is registered look alike only because of this."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

CHANNELS = 3
# Windows of local normalisation, in pixels: a vertebra's width.
_WINDOW_PX = 17
_MOST = 4.0


def network_input(images: Tensor, usable: Tensor) -> Tensor:
    """(n, 3, rows, cols): grey values normalised over the image, over a window about each pixel, and what counts.

    Args:
        images: (n, rows, cols) of any gain and offset; bone bright.
        usable: (n, rows, cols) 1 where a pixel counts, 0 elsewhere.
    """
    weight = usable.sum(dim=(1, 2), keepdim=True).clamp(min=1.0)
    centred = images - (images * usable).sum(dim=(1, 2), keepdim=True) / weight
    deviation = ((centred.square() * usable).sum(dim=(1, 2), keepdim=True) / weight).sqrt()
    whole = (centred / (deviation + 1e-6)).clamp(-_MOST, _MOST) * usable
    return torch.stack([whole, 0.5 * local_contrast(whole, usable), usable], dim=1)


def local_contrast(whole: Tensor, usable: Tensor) -> Tensor:
    """Images (n, rows, cols) of deviation 1 normalised over a window about each pixel, of those that count."""
    seen = _mean(usable).clamp(min=1e-3)
    mean = _mean(whole * usable) / seen
    variance = (_mean(whole.square() * usable) / seen - mean.square()).clamp(min=0.0)
    # Where next to nothing changes, noise is not blown up to be structure.
    return ((whole - mean) / (variance + 0.05**2).sqrt()).clamp(-_MOST, _MOST) * usable


def _mean(images: Tensor) -> Tensor:
    reach = _WINDOW_PX // 2
    along = F.avg_pool2d(images[:, None], (1, _WINDOW_PX), stride=1, padding=(0, reach))
    return F.avg_pool2d(along, (_WINDOW_PX, 1), stride=1, padding=(reach, 0))[:, 0]
