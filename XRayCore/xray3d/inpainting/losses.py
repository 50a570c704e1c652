"""What networks are told of their answers, and how good these are."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from monai.losses import DiceCELoss
from torch import Tensor

from xray3d.inpainting.network import Guess
from xray3d.inpainting.pair_source import LEAST_RANGE, Batch

# 60 dB are as good as no error.
_EDGES_WEIGHT, _SIGMA_WEIGHT, _LEAST_NOISE = 2.0, 0.05, 1e-6


def inpainting_loss(guess: Guess, batch: Batch) -> Tensor:
    """Of each image the noise-to-signal ratio in its holes, in nepers, so that easy ones count as much as hard ones;
    the size of the gradients of the error, which an eye sees; and the likelihood of the error as it is.
    """
    error = guess.clean - batch.truth
    squared, log_sigma = error.square(), guess.log_sigma
    of_edges = sum(F.pad(error.diff(dim=axis).abs(), at_end) for axis, at_end in ((3, (0, 1, 0, 0)), (2, (0, 0, 0, 1))))
    of_sigma = log_sigma + 0.5 * squared.detach() * torch.exp(-2 * log_sigma)
    noise = _in_holes(squared, batch) / _peak(batch).square()
    of_images = 0.5 * torch.log(noise + _LEAST_NOISE) + _in_holes(
        _EDGES_WEIGHT * of_edges + _SIGMA_WEIGHT * of_sigma, batch
    )
    has_holes = batch.holes.flatten(1).amax(dim=1)
    return (of_images * has_holes).sum() / has_holes.sum().clamp(min=1.0)


def psnr_in_holes(clean: Tensor, batch: Batch) -> Tensor:
    """(m,) dB of the images that have holes."""
    noise = _in_holes((clean - batch.truth).square(), batch) / _peak(batch).square()
    return -10 * torch.log10(noise.clamp(min=1e-12))[batch.holes.flatten(1).amax(dim=1) > 0]


def _in_holes(values: Tensor, batch: Batch) -> Tensor:
    """(n,) means."""
    holes = batch.holes.flatten(1)
    return (values.flatten(1) * holes).sum(dim=1) / holes.sum(dim=1).clamp(min=1.0)


def _peak(batch: Batch) -> Tensor:
    """(n,) ranges of the truth."""
    truth = batch.truth.flatten(1)
    return (truth.amax(dim=1) - truth.amin(dim=1)).clamp(min=LEAST_RANGE)


def finding_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy, and Dice's coefficient of the batch as a whole, in which images without metal count, too."""
    loss: Tensor = DiceCELoss(sigmoid=True, batch=True)(logits, batch.metal)
    return loss


def dice(logits: Tensor, batch: Batch) -> Tensor:
    """(m,) Dice's coefficients of the images that show metal."""
    found, metal = (logits > 0).flatten(1), (batch.metal > 0).flatten(1)
    both, all_ = (found & metal).sum(dim=1), found.sum(dim=1) + metal.sum(dim=1)
    return (2 * both / all_.clamp(min=1))[metal.any(dim=1)]


def false_share(logits: Tensor, batch: Batch) -> Tensor:
    """(k,) shares of the pixels of the images without metal that are taken for some."""
    return (logits > 0).flatten(1).float().mean(dim=1)[~(batch.metal > 0).flatten(1).any(dim=1)]
