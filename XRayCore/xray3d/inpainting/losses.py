"""What networks are told of their answers, and how good these are."""

from __future__ import annotations

import torch
from monai.losses import DiceCELoss
from torch import Tensor

from xray3d.inpainting.gradient_domain import Gradients, about_holes, differences
from xray3d.inpainting.pair_source import LEAST_RANGE, Batch


def inpainting_loss(guess: Gradients, batch: Batch) -> Tensor:
    """Of each image the negative logarithm of a Laplace likelihood of the differences about its holes.

    An image of half the contrast has the same gradient: hard ones count as much as easy ones.
    """
    error = (guess.mean - differences(batch.truth)).abs()
    unlikely = error * torch.exp(-guess.log_sigma) + guess.log_sigma
    of_images = _mean_of(unlikely, about_holes(batch.holes))
    has_holes = batch.holes.flatten(1).amax(dim=1)
    return (of_images * has_holes).sum() / has_holes.sum().clamp(min=1.0)


def psnr_in_holes(clean: Tensor, batch: Batch) -> Tensor:
    """(m,) dB of the images that have holes."""
    noise = _mean_of((clean - batch.truth).square(), batch.holes) / _peak(batch).square()
    return -10 * torch.log10(noise.clamp(min=1e-12))[batch.holes.flatten(1).amax(dim=1) > 0]


def _mean_of(values: Tensor, chosen: Tensor) -> Tensor:
    """(n,) means where something is chosen."""
    chosen = chosen.flatten(1)
    return (values.flatten(1) * chosen).sum(dim=1) / chosen.sum(dim=1).clamp(min=1.0)


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
