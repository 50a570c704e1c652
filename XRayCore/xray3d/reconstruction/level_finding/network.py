"""The network: where on an X-ray the middle of each vertebral body is, and whether it is there at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xray3d.models.unets import half_precision, unet_definition, unet_of
from xray3d.reconstruction.contrast import evened
from xray3d.reconstruction.level_finding.source import PIXEL_MM
from xray3d.reconstruction.scenes import LEVELS

# X-rays are seen folded: so many neighbours each way are channels of one pixel.
_FOLDED = 2
MULTIPLE = 16 * _FOLDED
"""Sides of the images that the network is shown are multiples of this."""

_LEAKY = ("leakyrelu", {"negative_slope": 0.1})


class HeatMaps(NamedTuple):
    """Where levels are on n images, as logarithms of probabilities; those of each level add up to 1.

    Attributes:
        pixels: (n, levels, rows, cols) that the middle of its body is there.
        unseen: (n, levels) that it is not on the image.
    """

    pixels: Tensor
    unseen: Tensor


class LevelNetwork(nn.Module):
    """MONAI's U-Net: an X-ray in, also with its contrast evened, heat maps of `LEVELS` out.

    Which vertebra is which only the whole image tells, by ribs and sacrum; the network has no norm, but it is deep
    enough to see all of it. That a level is not there is the mean of what all pixels say of it.

    Args:
        features: channels of the five levels of the U-Net, the finest first, and of its last layer.
    """

    def __init__(self, features: Sequence[int] = (24, 32, 48, 64, 96, 24)) -> None:
        super().__init__()
        said = len(LEVELS) * (_FOLDED**2 + 1)
        self.definition = unet_definition(2, 2 * _FOLDED**2, said, features, _LEAKY)
        self.unet = unet_of(self.definition)

    def forward(self, images: Tensor) -> HeatMaps:
        """What images (n, 1, rows, cols) show that are `levelled`, their sides multiples of `MULTIPLE`."""
        rows, columns = images.shape[2:]
        shown = torch.cat([images, evened(images, PIXEL_MM)], dim=1)
        with half_precision(self, images.device):
            folded = F.pixel_unshuffle(shown, _FOLDED).contiguous(memory_format=torch.channels_last)
            said = self.unet(folded).float()
        of_pixels, of_absence = said.split([said.shape[1] - len(LEVELS), len(LEVELS)], dim=1)
        pixels = F.pixel_shuffle(of_pixels, _FOLDED)
        # As likely as all pixels together before anything is learnt, however many these are.
        unseen = of_absence.mean(dim=(2, 3)) + math.log(rows * columns)
        of_all = F.log_softmax(torch.cat([pixels.flatten(2), unseen[..., None]], dim=2), dim=2)
        return HeatMaps(of_all[..., :-1].reshape(pixels.shape), of_all[..., -1])
