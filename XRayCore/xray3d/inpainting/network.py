"""The networks: what metal hides, with how sure that is, and where there is metal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from monai.networks.nets import BasicUNet
from torch import Tensor, nn

# Metal is brighter than anything else by any amount; its shape is as wide as a screw.
_MOST_METAL, _MEAN_OVER_PX = 4.0, 13
_LEVELS, _LEVELLED, _QUANTILE_PIXELS = (0.05, 0.75), (-1.0, 6.0), 250_000
# U-Nets see images folded: so many neighbours each way are channels of one pixel, which takes less than half the work.
_FOLDED = 2
MULTIPLE = 16 * _FOLDED
"""Sides of the images that networks are shown are multiples of this."""


class Guess(NamedTuple):
    """What a network makes of holes.

    Attributes:
        clean: (n, 1, rows, cols) the images as they would be without metal, as they were outside the holes.
        log_sigma: (n, 1, rows, cols) logarithm of the standard error of each pixel in a hole.
    """

    clean: Tensor
    log_sigma: Tensor


class InpaintingNetwork(nn.Module):
    """MONAI's U-Net, shown the holes, what surrounds them led smoothly into them, and what is seen in them.

    Metal is no wall: what shines through it is worth more than all that is around it. What is seen is split into its
    local mean, most of which is metal, and its details. The network says how much of the details to take over, and
    what to add; at first nothing of either.

    Args:
        features: channels of the five levels, the finest first, and of the last layer.
    """

    def __init__(self, features: Sequence[int] = (32, 48, 64, 96, 128, 32)) -> None:
        super().__init__()
        self.definition = _definition(4, 3, features)
        self.unet = _unet(self.definition)
        for weights in self.unet.final_conv.parameters():
            nn.init.zeros_(weights)

    def forward(self, images: Tensor, filled: Tensor, holes: Tensor) -> Guess:
        """What the holes hide.

        Args:
            images: (n, 1, rows, cols), about 0 to 1 outside the holes.
            filled: (n, 1, rows, cols) the same with the holes filled by `smooth_fill`.
            holes: (n, 1, rows, cols) 1 in a hole, 0 elsewhere.
        """
        mean = _mean_within(images, holes)
        details = holes * (images - mean)
        metal = (holes * (mean - filled)).clamp(-_MOST_METAL, _MOST_METAL)
        shown = torch.cat([details, metal, filled, holes], dim=1)
        through, change, log_sigma = _folded_through(self.unet, shown).split(1, dim=1)
        return Guess(filled + holes * (through * details + change), log_sigma.clamp(-8.0, 1.0))


def _mean_within(images: Tensor, holes: Tensor) -> Tensor:
    """Local means over what is in the same hole."""
    of_window, cover = (
        F.avg_pool2d(one, _MEAN_OVER_PX, stride=1, padding=_MEAN_OVER_PX // 2) for one in (images * holes, holes)
    )
    return of_window / cover.clamp(min=1e-6)


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
