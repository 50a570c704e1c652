"""Means over windows of images."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor


def window_means(images: Tensor, cells: Sequence[int], window_px: int) -> Tensor:
    """Images (…, rows, cols) averaged over a square window about the centre of each of (rows, cols) cells.

    What lies beyond the image counts as zero. Products with band matrices give the same as pooling, which takes a
    processor many times as long.
    """
    down, across = (
        _band(samples, count, window_px, images.device).to(images.dtype)
        for samples, count in zip(images.shape[-2:], cells, strict=True)
    )
    return down @ (images @ across.T)


@lru_cache(maxsize=64)
@torch.inference_mode(False)
def _band(samples: int, cells: int, window_px: int, device: torch.device) -> Tensor:
    """(cells, samples): what each sample of a line counts in the mean of each cell."""
    centre = (torch.arange(cells, dtype=torch.float64) + 0.5) * samples / cells - 0.5
    first = torch.floor(centre - (window_px - 1) / 2 + 0.5)[:, None]
    sample = torch.arange(samples, dtype=torch.float64)
    within = (sample >= first) & (sample < first + window_px)
    return (within.float() / window_px).to(device)
