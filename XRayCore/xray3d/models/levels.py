"""One grey scale for X-rays of any."""

from __future__ import annotations

import torch
from torch import Tensor

_LEVELS, _MOST_LEVELLED, _QUANTILE_PIXELS = (0.25, 0.75), 6.0, 20_000


def levelled(images: Tensor) -> Tensor:
    """Images (n, 1, rows, cols) on the grey scale that networks are shown whose images may be of any.

    From what is fairly dark to what is fairly bright in an image, whichever attenuation is: how bright or dark metal or
    what is beside the patient is does not count.
    """
    rows, columns = images.shape[2:]
    step = max(1, round((rows * columns / _QUANTILE_PIXELS) ** 0.5))
    some = images[:, :, ::step, ::step].flatten(1)
    dark, bright = (torch.quantile(some, share, dim=1)[:, None, None, None] for share in _LEVELS)
    return ((images - dark) / (bright - dark).clamp(min=1e-6) - 0.5).clamp(-_MOST_LEVELLED, _MOST_LEVELLED)
