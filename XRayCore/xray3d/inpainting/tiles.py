"""Networks on images of any size: in tiles that are blended where they overlap, so that none of them shows."""

from __future__ import annotations

from collections.abc import Callable

import torch
from monai.inferers import sliding_window_inference
from torch import Tensor

from xray3d.inpainting.network import MULTIPLE

# The longest side of a tile bounds the memory that a network takes.
_TILE_PX, _OVERLAP = 768, 0.25


def in_tiles(network: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """What a network makes of images (n, channels, rows, cols), with as many rows and columns."""
    size = [min(_TILE_PX, side + -side % MULTIPLE) for side in images.shape[2:]]
    with torch.inference_mode():
        said = sliding_window_inference(
            images, size, len(images), network, overlap=_OVERLAP, mode="gaussian", padding_mode="replicate"
        )
    return torch.as_tensor(said)
