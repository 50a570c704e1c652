"""The networks: per pixel, where in the CT its ray enters and leaves bone, and how sure that is.

After Shrestha et al., "X-Ray to CT Rigid Registration Using Scene Coordinate Regression" (MICCAI 2023), whose U-Net has
eight channels: two points over 100 mm and the logarithm of one standard deviation each. These tell the error across
the ray, which moves a pose, from that along it, which does not, and whether there is bone at all.

One compares: it is shown the CT from where the X-ray may have been taken, too, as by Li et al., "DeepIM: Deep
Iterative Matching for 6D Pose Estimation" (ECCV 2018), and sees by how much that is off, whoever the patient is. The
published one recognises: it is shown nothing but the X-ray, and what it says is as good as what it remembers of the
patient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from monai.networks.nets import BasicUNet
from torch import Tensor, nn

from xray3d.registration.scene_regression import guess, picture
from xray3d.registration.scene_regression.conventions import STRIDE
from xray3d.registration.scene_regression.correlation import BEST, VOLUMES, best_displacements, correlation_volumes
from xray3d.registration.scene_regression.guess import Guess

_POINTS, _SIGMAS = 6, 4
# How far aside, in units of the coordinates: guesses are off by centimetres, bones are decimetres deep.
_ASIDE = 0.1


@dataclass(frozen=True)
class Prediction:
    """Maps of n X-rays, of a `STRIDE`-th of their size.

    Attributes:
        points: (n, 6, rows, cols) entry, then exit, relative to the networks' centre, in units of `COORDINATE_MM`.
        log_sigma: (n, 4, rows, cols) logarithms of the standard errors of each coordinate, in those units: of the entry
            across and along the ray, then of the exit.
        bone: (n, rows, cols) logit of whether the ray meets bone where the CT shows it.
    """

    points: Tensor
    log_sigma: Tensor
    bone: Tensor


class SceneCoordinateNetwork(nn.Module):
    """MONAI's U-Net on what it is shown, folded to a quarter of its size.

    Not MONAI's residual U-Net: its finest level has half the resolution of the maps, and after the last upsampling
    nothing but their own channels.

    Args:
        channels: of what it is shown, folded.
        features: channels of the five levels, the finest first, and of the last layer before the maps.

    Attributes:
        compares: whether it is shown the CT, too.
        features: as given.
        definition: of the U-Net, in MONAI's configuration language.
    """

    compares: bool

    def __init__(self, channels: int, features: Sequence[int]) -> None:
        super().__init__()
        self.features = list(features)
        self.definition: dict[str, Any] = {
            "_target_": "monai.networks.nets.BasicUNet",
            "spatial_dims": 2,
            "in_channels": channels,
            "out_channels": _POINTS + _SIGMAS + 1,
            "features": self.features,
            "act": "relu",
            "norm": "batch",
        }
        self.unet = BasicUNet(**{name: value for name, value in self.definition.items() if name != "_target_"})

    def _predict(self, shown: Tensor) -> Prediction:
        raw = self.unet(shown)
        return Prediction(raw[:, :_POINTS], raw[:, _POINTS : _POINTS + _SIGMAS].clamp(-7.0, 3.0), raw[:, -1])


class RecognitionNetwork(SceneCoordinateNetwork):
    """The published one, which knows one patient."""

    compares = False

    def __init__(self, features: Sequence[int] = (64, 96, 160, 224, 256, 64)) -> None:
        super().__init__(picture.CHANNELS * STRIDE**2, features)

    def forward(self, pictures: Tensor, guessed: Guess | None = None) -> Prediction:
        """Args: pictures: (n, 3, rows, cols) of `network_input`, sides multiples of `MULTIPLE`; guessed: not used."""
        return self._predict(F.pixel_unshuffle(pictures, STRIDE))


class ComparisonNetwork(SceneCoordinateNetwork):
    """The one that is shown X-rays, guesses of them, and how well these match.

    Its points are relative to the guess: to the depth of its bones along its rays, and aside along the axes of its
    camera. Right is right whatever the patient and the direction, and an error of the depth, which a pose hardly feels,
    leads no point aside.
    """

    compares = True

    def __init__(self, features: Sequence[int] = (48, 64, 96, 128, 160, 48)) -> None:
        shown = (picture.CHANNELS + guess.CHANNELS) * STRIDE**2 + guess.DEPTHS + BEST + features[0]
        super().__init__(shown, features)
        self.matches = nn.Sequential(nn.Conv2d(VOLUMES, features[0], 1), nn.ReLU())

    def forward(self, pictures: Tensor, guessed: Guess) -> Prediction:
        """Args: pictures: (n, 3, rows, cols) of `network_input`, sides multiples of `MULTIPLE`."""
        volumes = correlation_volumes(pictures, guessed.images)
        folded = F.pixel_unshuffle(torch.cat([pictures, guessed.images], dim=1), STRIDE)
        shown = [folded, guessed.depths, best_displacements(volumes), self.matches(volumes)]
        raw = self._predict(torch.cat(shown, dim=1))
        aside, deeper = raw.points.unflatten(1, (2, 3)).split([2, 1], dim=2)
        depth = guessed.depths[:, :2, None] + deeper
        aside = _ASIDE * torch.einsum("njk,nekhw->nejhw", guessed.to_ras[:, :, :2], aside)
        points = guessed.plane[:, None] + guessed.rays[:, None] * depth + aside
        return replace(raw, points=points.flatten(1, 2))


NETWORKS: Mapping[bool, Callable[..., SceneCoordinateNetwork]] = {False: RecognitionNetwork, True: ComparisonNetwork}
"""By whether they compare."""
