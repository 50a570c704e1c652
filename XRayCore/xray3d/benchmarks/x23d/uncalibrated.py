"""The counterpart that is not told where X-rays were taken from, after Pix2Vox (Xie et al., ICCV 2019).

It is shown the same parts of the X-rays and learns from the same vertebrae, so it knows where the vertebra is in each;
how far calibration in the network takes one is the difference.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from monai.networks.blocks import Convolution
from torch import Tensor, nn

from xray3d.models.channels_last import layout, with_channels_last
from xray3d.models.unets import half_precision, unet_definition, unet_of
from xray3d.reconstruction.contrast import evened
from xray3d.reconstruction.lesson import ReconstructionLesson
from xray3d.reconstruction.model import ReconstructionReport, load_weights, save_weights
from xray3d.reconstruction.network import FOLDED, unfolded
from xray3d.reconstruction.training import Trainee

KIND = "uncalibrated"
FOLDER = Path(__file__).parent / "uncalibrated_model"

_ACT, _NORM = ("leakyrelu", {"negative_slope": 0.1}), ("instance", {"affine": True})
_VIEW_FEATURES, _LIFTED, _DEPTHS, _FEATURES = (24, 32, 48, 64), 32, 6, (32, 32, 24)


class UncalibratedNetwork(nn.Module):
    """X-rays in, occupancy out.

    An encoder makes of every view a few channels that are taken for depths, and of these a coarse volume; where several
    views say something, a score tells how much each counts there, and a U-Net refines what they say together.
    """

    def __init__(self, refiner_features: tuple[int, ...] = (16, 24, 32, 48, 48, 16)) -> None:
        super().__init__()
        shown = [2 * FOLDED**2, *_VIEW_FEATURES]
        views = [_convolution(2, one, other, 2) for one, other in pairwise(shown)]
        views.append(_convolution(2, _VIEW_FEATURES[-1], _LIFTED * _DEPTHS, 1))
        steps = [_LIFTED, *_FEATURES]
        volumes = [_convolution(3, one, other, 1) for one, other in pairwise(steps)]
        self.encoder = with_channels_last(nn.Sequential(*views), 2)
        self.decoder = nn.ModuleList(with_channels_last(step, 3) for step in volumes)
        self.score = nn.Conv3d(_FEATURES[-1], 1, kernel_size=1)
        self.definitions = {
            "refiner": unet_definition(3, _FEATURES[-1], FOLDED**3, refiner_features, _ACT, _NORM),
        }
        self.refiner = with_channels_last(unet_of(self.definitions["refiner"]), 3)

    def forward(self, views: Tensor, matrices: Tensor, ijk_to_ras: Tensor, size_ijk: tuple[int, int, int]) -> Tensor:
        """Logits (n, 1, k, j, i) as `ReconstructionNetwork` gives them; of where views are from, nothing is used."""
        kji = tuple(side // FOLDED for side in size_ijk[::-1])
        images = views.flatten(0, 1)[:, None]
        folded = F.pixel_unshuffle(torch.cat([images, evened(images)], dim=1), FOLDED)
        with half_precision(self, views.device):
            seen = self.encoder(folded.contiguous(memory_format=layout(2)))
        # Not in half precision: of small volumes, PyTorch 2.13 on processors has gradients that are no numbers in it.
        volume = seen.float().unflatten(1, (_LIFTED, _DEPTHS))
        # The last step is made of what all views say, or it would take most of the time.
        for halved, step in zip((8, 4, 2), self.decoder, strict=True):
            volume = F.interpolate(volume, [-(-side // halved) for side in kji], mode="trilinear")
            volume = step(volume.contiguous(memory_format=layout(3)))
        weights = torch.softmax(self.score(volume).unflatten(0, views.shape[:2]), dim=1)
        fused = F.interpolate((volume.unflatten(0, views.shape[:2]) * weights).sum(dim=1), kji, mode="trilinear")
        with half_precision(self, views.device):
            logits = self.refiner(fused.contiguous(memory_format=layout(3)))
        return unfolded(logits.float())


def load_network(folder: str | Path, device: str = "cpu") -> tuple[UncalibratedNetwork, ReconstructionReport]:
    """Read a model, in evaluation mode.

    Raises:
        ModelError: no model, a damaged one, or one for something else.
        DeviceError: the device is not there.
    """
    return load_weights(folder, KIND, _new, device)


def save_model(
    folder: str | Path, network: UncalibratedNetwork, report: ReconstructionReport, overwrite: bool = False
) -> None:
    """Write a model.

    Raises:
        OutputExistsError: there is one already, or it cannot be written.
    """
    save_weights(folder, KIND, network, report, _card(report), overwrite)


UNCALIBRATED = Trainee(
    KIND,
    UncalibratedNetwork,
    ReconstructionLesson,
    ReconstructionReport,
    load_network,
    save_model,
    held_out=24,
    batch=2,
    learning_rate=3e-3,
)


def _card(report: ReconstructionReport) -> str:
    return f"""# Vertebrae from X-rays that nobody says where they were taken from

The counterpart that `xray3d benchmark x23d` compares with, after Pix2Vox (Xie et al., ICCV 2019); for nothing else.

Trained in {report.seconds / 60:.0f} min on {report.device} from {report.started_from}: {report.steps} steps of \
{report.batch} vertebrae of {len(report.cts)} synthetic spines, seed {report.seed}. On vertebrae of other spines, from
four views: F1 {report.measured.f1:.2f} on average.
"""


def _new(definitions: dict[str, Any]) -> UncalibratedNetwork:
    return UncalibratedNetwork(tuple(definitions["refiner"]["features"]))


def _convolution(dimensions: int, shown: int, said: int, stride: int) -> nn.Module:
    return Convolution(dimensions, shown, said, strides=stride, act=_ACT, norm=_NORM)
