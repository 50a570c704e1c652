"""The networks: what metal hides, with how sure that is, and where there is metal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xray3d.inpainting.gradient_domain import Beliefs, bends, differences
from xray3d.inpainting.search_scale import CHANNELS
from xray3d.models.unets import half_precision, unet_definition, unet_of

# U-Nets see images folded: so many neighbours each way are channels of one pixel, which takes less work and lets them
# see farther. What is to be found is large, what is to be painted has sharp edges.
_FOLDED_TO_FIND, _FOLDED_TO_PAINT = 4, 2
MULTIPLE = 16 * max(_FOLDED_TO_FIND, _FOLDED_TO_PAINT)
"""Sides of the images that networks are shown are multiples of this."""

# Metal is brighter than anything else by any amount.
_MOST_METAL = 4.0
# Logarithms of standard errors before anything is learnt: what is seen through metal does not count, what is usual
# counts little, and so holes are thin plates; the rim is nearly as it is seen. Bends always count somewhat, or there
# might be no answer.
_SEEN, _USUAL, _BENDS, _RIM = 5.0, 2.0, 0.0, -3.0
# And of what is made of these, by as much as grey values usually change.
_ERROR = 2.0
_LEAST_LOG, _MOST_LOG, _MOST_BEND = -7.0, 9.0, 4.0
_LEAST_DIFFERENCE, _LEAST_BEND = 2e-4, 1e-4


class Roughness(NamedTuple):
    """How much grey values usually change, a unit for what is believed of images.

    Attributes:
        difference: (n, 1, 1, 1) mean difference of neighbouring pixels outside of holes.
        bend: (n, 1, 1, 1) mean second difference there.
    """

    difference: Tensor
    bend: Tensor

    @classmethod
    def of(cls, images: Tensor, holes: Tensor) -> Roughness:
        """That of images (n, 1, rows, cols)."""
        beside = 1 - F.max_pool2d(holes, 3, stride=1, padding=1)
        first, second = (
            (values.abs() * beside).flatten(1).sum(dim=1)
            / (values.shape[1] * beside.flatten(1).sum(dim=1)).clamp(min=1)
            for values in (differences(images), bends(images)[:, :2])
        )
        return cls(
            first.clamp(min=_LEAST_DIFFERENCE)[:, None, None, None], second.clamp(min=_LEAST_BEND)[:, None, None, None]
        )


class Guess(NamedTuple):
    """What holes are thought to hide.

    Attributes:
        beliefs: of how grey values change.
        log_error: (n, 1, rows, cols) logarithm of the mean absolute error of the grey values that follow from these.
    """

    beliefs: Beliefs
    log_error: Tensor


class InpaintingNetwork(nn.Module):
    """MONAI's U-Net, shown the holes, what surrounds them led smoothly into them, and what is seen in them.

    Metal is no wall: what shines through it is worth more than all that is around it. How thick it is a network learns
    slowly; where its thickness does not change, fast. So it says of each difference between neighbouring pixels how
    sure it is that it is the anatomy's, and of what there usually is how sure it is of that; `gradient_domain` makes
    grey values of these. How wrong these are the least squares cannot tell: they take the errors of differences for
    independent, which they are not along an edge of metal. So the network tells that, too.

    Args:
        features: as those of `ImplantNetwork`.
    """

    def __init__(self, features: Sequence[int] = (32, 48, 64, 96, 128, 32)) -> None:
        super().__init__()
        self.definition = unet_definition(2, 10 * _FOLDED_TO_PAINT**2, 14 * _FOLDED_TO_PAINT**2, features)
        self.unet = unet_of(self.definition)

    def forward(self, images: Tensor, filled: Tensor, holes: Tensor, roughness: Roughness) -> Guess:
        """What the holes are thought to hide.

        Args:
            images: (n, 1, rows, cols), about 0 to 1 outside the holes.
            filled: (n, 1, rows, cols) the same with the holes filled by `smooth_fill`.
            holes: (n, 1, rows, cols) 1 in a hole, 0 elsewhere.
            roughness: of the images.
        """
        difference, bend = roughness
        metal, smooth, seen = holes * (images - filled), differences(filled), differences(images)
        everywhere = torch.ones_like(images)
        shown = [
            metal.clamp(-_MOST_METAL, _MOST_METAL),
            torch.asinh(metal / difference),
            torch.asinh((seen - smooth) / difference),
            torch.asinh(smooth / difference),
            filled,
            holes,
            difference.log() * everywhere,
            (bend / difference).log() * everywhere,
        ]
        said = _folded_through(self.unet, torch.cat(shown, dim=1), _FOLDED_TO_PAINT)
        parts = said.split([2, 3, 2, 2, 3, 1, 1], dim=1)
        of_usual, of_bends, log_seen, log_usual, log_bends, log_rim, log_error = parts
        mean = [seen, smooth + difference * of_usual, bend * of_bends, images]
        logs = [
            difference.log() + (_SEEN + log_seen).clamp(_LEAST_LOG, _MOST_LOG),
            difference.log() + (_USUAL + log_usual).clamp(_LEAST_LOG, _MOST_LOG),
            bend.log() + (_BENDS + log_bends).clamp(_LEAST_LOG, _MOST_BEND),
            bend.log() + (_RIM + log_rim).clamp(_LEAST_LOG, _MOST_LOG),
        ]
        error = difference.log() + (_ERROR + log_error).clamp(_LEAST_LOG, _MOST_LOG)
        return Guess(Beliefs(torch.cat(mean, dim=1), torch.cat(logs, dim=1)), error)


class ImplantNetwork(nn.Module):
    """MONAI's U-Net, shown X-rays whether attenuation shows bright or dark.

    Args:
        features: channels of the five levels, the finest first, and of the last layer.
    """

    def __init__(self, features: Sequence[int] = (48, 64, 96, 128, 128, 48)) -> None:
        super().__init__()
        self.definition = unet_definition(2, CHANNELS * _FOLDED_TO_FIND**2, _FOLDED_TO_FIND**2, features)
        self.unet = unet_of(self.definition)

    def forward(self, images: Tensor) -> Tensor:
        """(n, 1, rows, cols) logits of metal, of X-rays (n, 2, rows, cols) as `search_scale` shows them."""
        return _folded_through(self.unet, images, _FOLDED_TO_FIND)


def _folded_through(unet: nn.Module, images: Tensor, folded: int) -> Tensor:
    """(n, channels, rows, cols), folded, through a U-Net, and unfolded."""
    with half_precision(unet, images.device):
        said = unet(F.pixel_unshuffle(images, folded).contiguous(memory_format=torch.channels_last))
    return F.pixel_shuffle(said.float(), folded)
