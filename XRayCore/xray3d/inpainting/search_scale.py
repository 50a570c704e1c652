"""What the network that finds metal is shown of X-rays: on which grey scale, and how large."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from xray3d.models.levels import levelled

CHANNELS = 2
MOST_ENLARGED = 2.0
"""Screws on X-rays of a whole spine are few pixels wide: what is drawn between pixels helps to find their edges."""

# The side of a square of as many pixels: smaller X-rays are enlarged, larger ones reduced to save time.
_LEAST_SIDE_PX, _MOST_SIDE_PX = 640, 1280
# Of the range of grey values, what is as good as its end: one of 256.
_AT_THE_END = 0.004


def shown(images: Tensor) -> Tensor:
    """(n, 2, rows, cols): images (n, 1, rows, cols) `levelled`, and where their grey values end.

    Many displays end before metal does. Where it is as white as bone beside it, it still is all of one grey value: 1
    where an image is as bright as it gets, -1 where it is as dark, 0 elsewhere.
    """
    dark, bright = (extreme(images, dim=(2, 3), keepdim=True) for extreme in (torch.amin, torch.amax))
    near = _AT_THE_END * (bright - dark)
    ends = (images >= bright - near).to(images.dtype) - (images <= dark + near).to(images.dtype)
    return torch.cat([levelled(images), ends], dim=1)


def searched_size(size_px: Sequence[int]) -> tuple[int, int]:
    """Rows and columns with which an X-ray is shown that has so many."""
    rows, columns = size_px
    side = (rows * columns) ** 0.5
    factor = min(float(np.clip(side, _LEAST_SIDE_PX, _MOST_SIDE_PX)) / side, MOST_ENLARGED)
    return max(1, round(factor * rows)), max(1, round(factor * columns))


def resized(images: Tensor, size_px: Sequence[int]) -> Tensor:
    """Images (n, channels, rows, cols) with other numbers of rows and columns; smaller ones are averages."""
    return F.interpolate(images, size=tuple(size_px), mode="bilinear", antialias=True)
