"""The network: per pixel, where in the CT its ray enters and leaves bone, and how sure that is.

After Shrestha et al., "X-Ray to CT Rigid Registration Using Scene Coordinate Regression" (MICCAI 2023), whose U-Net has
eight channels: two points over 100 mm and the logarithm of one standard deviation each. This one tells the error
across the ray, which moves a pose, from that along it, which does not, and whether there is bone at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from monai.networks.nets import BasicUNet
from torch import Tensor, nn

from xray3d.registration.scene_regression.picture import CHANNELS

COORDINATE_MM = 100.0
STRIDE = 2
"""Pixels of the X-ray a pixel of the maps: a pose needs some thousand points, not all."""
MULTIPLE = 32
"""Sides of the X-rays are multiples of this."""
_POINTS, _SIGMAS = 6, 4


@dataclass(frozen=True)
class Prediction:
    """Maps of n X-rays, of a `STRIDE`-th of their size.

    Attributes:
        points: (n, 6, rows, cols) entry, then exit, relative to the network's centre, in units of `COORDINATE_MM`.
        log_sigma: (n, 4, rows, cols) logarithms of the standard errors of each coordinate, in those units: of the entry
            across and along the ray, then of the exit.
        bone: (n, rows, cols) logit of whether the ray meets bone where the CT shows it.
    """

    points: Tensor
    log_sigma: Tensor
    bone: Tensor


class SceneCoordinateNetwork(nn.Module):
    """MONAI's U-Net on X-rays folded to half their size.

    Not MONAI's residual U-Net: its finest level has half the resolution of the maps, and after the last upsampling
    nothing but their own channels.

    Args:
        features: channels of the five levels, the finest first, and of the last layer before the maps.
    """

    def __init__(self, features: Sequence[int] = (32, 64, 128, 192, 256, 32)) -> None:
        super().__init__()
        self.arguments: dict[str, Any] = {"features": list(features)}
        self.unet = BasicUNet(**self._of_unet())

    @property
    def definition(self) -> dict[str, Any]:
        """The U-Net, which follows on folding the pictures, in MONAI's configuration language."""
        return {"_target_": "monai.networks.nets.BasicUNet", **self._of_unet()}

    def _of_unet(self) -> dict[str, Any]:
        return {
            "spatial_dims": 2,
            "in_channels": CHANNELS * STRIDE**2,
            "out_channels": _POINTS + _SIGMAS + 1,
            "features": self.arguments["features"],
            "act": "relu",
            "norm": "batch",
        }

    def forward(self, pictures: Tensor) -> Prediction:
        """Args: pictures: (n, 3, rows, cols) of `network_input`, sides multiples of `MULTIPLE`."""
        raw = self.unet(F.pixel_unshuffle(pictures, STRIDE))
        return Prediction(raw[:, :_POINTS], raw[:, _POINTS : _POINTS + _SIGMAS].clamp(-7.0, 3.0), raw[:, -1])
