"""The networks: what metal hides, with how sure that is, and where there is metal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from monai.networks.nets import BasicUNet
from torch import Tensor, nn

from xray3d.inpainting.gradient_domain import Gradients, differences

# Metal is brighter than anything else by any amount; its edges are much steeper than what is seen through it.
_MOST_METAL, _MOST_STEEP, _LOG_OF = 4.0, 0.5, 10.0
# At first an eighth of the differences that are seen counts, each uncertain by a twentieth of the grey values' range.
_THROUGH, _CHANGE, _LOG_SIGMA, _LEAST_LOG_SIGMA, _MOST_LOG_SIGMA = -2.0, 0.1, -3.0, -7.0, 1.0
_LEVELS, _LEVELLED, _QUANTILE_PIXELS = (0.05, 0.75), (-1.0, 6.0), 250_000
# U-Nets see images folded: so many neighbours each way are channels of one pixel, which takes less than half the work.
_FOLDED = 2
MULTIPLE = 16 * _FOLDED
"""Sides of the images that networks are shown are multiples of this."""


class InpaintingNetwork(nn.Module):
    """MONAI's U-Net, shown the holes, what surrounds them led smoothly into them, and what is seen in them.

    Metal is no wall: what shines through it is worth more than all that is around it. How thick it is a network learns
    slowly; where its thickness does not change, fast. So it says how much of each difference between neighbouring
    pixels to take over, what to add, and how sure it is; `gradient_domain` makes grey values of these.

    Args:
        features: channels of the five levels, the finest first, and of the last layer.
    """

    def __init__(self, features: Sequence[int] = (32, 48, 64, 96, 128, 32)) -> None:
        super().__init__()
        self.definition = _definition(6, 6, features)
        self.unet = _unet(self.definition)
        for weights in self.unet.final_conv.parameters():
            nn.init.zeros_(weights)

    def forward(self, images: Tensor, filled: Tensor, holes: Tensor) -> Gradients:
        """How what the holes hide changes.

        Args:
            images: (n, 1, rows, cols), about 0 to 1 outside the holes.
            filled: (n, 1, rows, cols) the same with the holes filled by `smooth_fill`.
            holes: (n, 1, rows, cols) 1 in a hole, 0 elsewhere.
        """
        metal = (holes * (images - filled)).clamp(-_MOST_METAL, _MOST_METAL)
        smooth = differences(filled)
        seen = differences(images) - smooth
        steps = _LOG_OF * seen.clamp(-_MOST_STEEP, _MOST_STEEP)
        shown = torch.cat([metal, torch.log1p(_LOG_OF * metal.abs()), steps, filled, holes], dim=1)
        through, change, log_sigma = _folded_through(self.unet, shown).split(2, dim=1)
        mean = smooth + torch.sigmoid(_THROUGH + through) * seen + _CHANGE * change
        return Gradients(mean, (_LOG_SIGMA + log_sigma).clamp(_LEAST_LOG_SIGMA, _MOST_LOG_SIGMA))


def levelled(images: Tensor) -> Tensor:
    """Images (n, 1, rows, cols), attenuation bright, on the grey scale that an `ImplantNetwork` is shown.

    From what is dark to what is fairly bright in an image: how bright the metal is, which is not known yet, does not
    count.
    """
    rows, columns = images.shape[2:]
    step = max(1, round((rows * columns / _QUANTILE_PIXELS) ** 0.5))
    some = images[:, :, ::step, ::step].flatten(1)
    dark, bright = (torch.quantile(some, share, dim=1)[:, None, None, None] for share in _LEVELS)
    return ((images - dark) / (bright - dark).clamp(min=1e-6)).clamp(*_LEVELLED)


class ImplantNetwork(nn.Module):
    """MONAI's U-Net, shown X-rays that are `levelled`.

    Args:
        features: as those of `InpaintingNetwork`.
    """

    def __init__(self, features: Sequence[int] = (24, 32, 48, 64, 96, 24)) -> None:
        super().__init__()
        self.definition = _definition(1, 1, features)
        self.unet = _unet(self.definition)

    def forward(self, images: Tensor) -> Tensor:
        """(n, 1, rows, cols) logits of metal, of images (n, 1, rows, cols)."""
        return _folded_through(self.unet, images)


def _definition(shown: int, said: int, features: Sequence[int]) -> dict[str, Any]:
    """In MONAI's configuration language. Its norm is that of batches: no pixel's answer depends on those far away."""
    return {
        "_target_": "monai.networks.nets.BasicUNet",
        "spatial_dims": 2,
        "in_channels": shown * _FOLDED**2,
        "out_channels": said * _FOLDED**2,
        "features": list(features),
        "act": "relu",
        "norm": "batch",
        "upsample": "nontrainable",
    }


def _folded_through(unet: nn.Module, images: Tensor) -> Tensor:
    """(n, channels, rows, cols), folded, through a U-Net, and unfolded."""
    return F.pixel_shuffle(unet(F.pixel_unshuffle(images, _FOLDED)), _FOLDED)


def _unet(definition: dict[str, Any]) -> BasicUNet:
    return BasicUNet(**{name: value for name, value in definition.items() if name != "_target_"})


class InpaintingNetworks(nn.Module):
    """Both, which are trained together.

    Attributes:
        finder: says where there is metal.
        painter: says what it hides.
    """

    def __init__(self, finder: ImplantNetwork | None = None, painter: InpaintingNetwork | None = None) -> None:
        super().__init__()
        self.finder, self.painter = finder or ImplantNetwork(), painter or InpaintingNetwork()

    @property
    def definition(self) -> dict[str, Any]:
        """In MONAI's configuration language."""
        return {"finder": self.finder.definition, "painter": self.painter.definition}
