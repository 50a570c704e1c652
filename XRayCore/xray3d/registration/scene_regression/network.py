"""The networks: per pixel, where in the CT its ray enters and leaves bone, and how sure that is.

After Shrestha et al., "X-Ray to CT Rigid Registration Using Scene Coordinate Regression" (MICCAI 2023), whose U-Net has
eight channels: two points over 100 mm and the logarithm of one standard deviation each. These tell the error across
the ray, which moves a pose, from that along it, which does not, and whether there is bone at all.

The first recognises the patient, and what it says is as good as what it remembers. The second is shown the CT from
where the first puts the X-ray, as by Li et al., "DeepIM: Deep Iterative Matching for 6D Pose Estimation" (ECCV 2018),
and sees by how much that is off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    """Both networks; called, it recognises.

    Args:
        recognition, comparison: features of each: channels of the five levels, the finest first, and of the last layer
            before the maps. None of the second: there is only the first.

    Attributes:
        compares: whether there is a second.
    """

    def __init__(
        self,
        recognition: Sequence[int] = (64, 96, 160, 224, 256, 64),
        comparison: Sequence[int] = (48, 64, 96, 128, 160, 48),
    ) -> None:
        super().__init__()
        self.arguments: dict[str, Any] = {"recognition": list(recognition), "comparison": list(comparison)}
        self.recognition = RecognitionNetwork(recognition)
        self.compares = len(comparison) > 0
        if self.compares:
            self.comparison = ComparisonNetwork(comparison)

    @property
    def definition(self) -> dict[str, Any]:
        """The U-Net of each, which follows on folding what it is shown, in MONAI's configuration language."""
        recognition = {"network_def": self.recognition.definition}
        return {**recognition, "comparison_def": self.comparison.definition} if self.compares else recognition

    def forward(self, pictures: Tensor) -> Prediction:
        """Args: pictures: (n, 3, rows, cols) of `network_input`, sides multiples of `MULTIPLE`."""
        prediction: Prediction = self.recognition(pictures)
        return prediction

    def compare(self, pictures: Tensor, guessed: Guess) -> Prediction:
        """The same, knowing about from where they were taken."""
        prediction: Prediction = self.comparison(pictures, guessed)
        return prediction


class RecognitionNetwork(nn.Module):
    """MONAI's U-Net on X-rays folded to a quarter of their size.

    Not MONAI's residual U-Net: its finest level has half the resolution of the maps, and after the last upsampling
    nothing but their own channels.
    """

    def __init__(self, features: Sequence[int]) -> None:
        super().__init__()
        self.definition = _unet(picture.CHANNELS * STRIDE**2, features)
        self.unet = _built(self.definition)

    def forward(self, pictures: Tensor) -> Prediction:
        return _prediction(self.unet(F.pixel_unshuffle(pictures, STRIDE)))


class ComparisonNetwork(nn.Module):
    """The same on the X-rays, the guesses, and how well these match.

    Its points are relative to the guess: to the depth of its bones along its rays, and aside along the axes of its
    camera. Right is right whatever the patient and the direction, and an error of the depth, which a pose hardly feels,
    leads no point aside.
    """

    def __init__(self, features: Sequence[int]) -> None:
        super().__init__()
        self.matches = nn.Sequential(nn.Conv2d(VOLUMES, features[0], 1), nn.ReLU())
        shown = (picture.CHANNELS + guess.CHANNELS) * STRIDE**2 + guess.DEPTHS + BEST + features[0]
        self.definition = _unet(shown, features)
        self.unet = _built(self.definition)

    def forward(self, pictures: Tensor, guessed: Guess) -> Prediction:
        volumes = correlation_volumes(pictures, guessed.images)
        folded = F.pixel_unshuffle(torch.cat([pictures, guessed.images], dim=1), STRIDE)
        shown = [folded, guessed.depths, best_displacements(volumes), self.matches(volumes)]
        raw = _prediction(self.unet(torch.cat(shown, dim=1)))
        aside, deeper = raw.points.unflatten(1, (2, 3)).split([2, 1], dim=2)
        depth = guessed.depths[:, :2, None] + deeper
        aside = _ASIDE * torch.einsum("njk,nekhw->nejhw", guessed.to_ras[:, :, :2], aside)
        points = guessed.plane[:, None] + guessed.rays[:, None] * depth + aside
        return Prediction(points.flatten(1, 2), raw.log_sigma, raw.bone)


def _unet(channels: int, features: Sequence[int]) -> dict[str, Any]:
    return {
        "_target_": "monai.networks.nets.BasicUNet",
        "spatial_dims": 2,
        "in_channels": channels,
        "out_channels": _POINTS + _SIGMAS + 1,
        "features": list(features),
        "act": "relu",
        "norm": "batch",
    }


def _built(definition: dict[str, Any]) -> BasicUNet:
    return BasicUNet(**{name: value for name, value in definition.items() if name != "_target_"})


def _prediction(raw: Tensor) -> Prediction:
    return Prediction(raw[:, :_POINTS], raw[:, _POINTS : _POINTS + _SIGMAS].clamp(-7.0, 3.0), raw[:, -1])
