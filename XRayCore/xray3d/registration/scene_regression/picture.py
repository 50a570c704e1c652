"""X-rays as the networks see them: what training draws and what is registered look alike only because of this."""

from __future__ import annotations

import torch
from torch import Tensor

from xray3d.registration.scene_regression.windows import window_means

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
    seen, mean, square = window_means(
        torch.stack([usable, whole * usable, whole.square() * usable]), whole.shape[1:], _WINDOW_PX
    )
    seen = seen.clamp(min=1e-3)
    mean = mean / seen
    variance = (square / seen - mean.square()).clamp(min=0.0)
    # Where next to nothing changes, noise is not blown up to be structure.
    return ((whole - mean) / (variance + 0.05**2).sqrt()).clamp(-_MOST, _MOST) * usable
