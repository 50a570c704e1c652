"""What the network that paints learns: the same X-ray without metal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from xray3d.inpainting.gradient_domain import (
    Beliefs,
    about_holes,
    bends,
    differences,
    integrated,
    rims,
)
from xray3d.inpainting.lesson import InpaintingLesson
from xray3d.inpainting.network import Guess, InpaintingNetwork, Roughness
from xray3d.inpainting.painting_source import LEAST_RANGE, Occluded, occluded

# Nobody needs to be nearer to the truth than this share of its range.
_NEAR_ENOUGH = 1e-3
# What there usually is is told directly, too: where it counts little, it would not be learnt.
_LIKELIHOOD_COUNTS = 0.05
# What the errors are is told of the errors as they are; it is not to change them.
_ERRORS_COUNT = 0.1


@dataclass(frozen=True)
class PaintingMeasured:
    """How good a network is on X-rays held out.

    Attributes:
        psnr_db: mean over images of the peak signal-to-noise ratio in the holes, the peak being the truth's range.
        error_in_sigmas: root mean square over images of errors in the unit of the standard errors that are told.
    """

    psnr_db: float
    error_in_sigmas: float

    @property
    def score(self) -> float:
        """The lower the better."""
        return -self.psnr_db

    @property
    def told(self) -> str:
        """In a few words."""
        return f"{self.psnr_db:.2f} dB in the holes"


class PaintingLesson(InpaintingLesson[InpaintingNetwork, Occluded, PaintingMeasured]):
    """X-rays, what is told of a network's answers, and how these are measured."""

    held_out_seed = 2 * 10**9
    measuring = "Painting X-rays that it has not seen"
    drawn = staticmethod(occluded)

    def loss_of(self, network: InpaintingNetwork, batch: Occluded) -> Tensor:
        """See `painting_loss`."""
        return painting_loss(_guessed(network, batch), batch)

    def scores(self, network: InpaintingNetwork, batch: Occluded) -> tuple[Tensor, Tensor]:
        """See `psnr_in_holes` and `errors_in_sigmas`."""
        beliefs, log_error = _guessed(network, batch)
        clean = integrated(batch.images, batch.holes, beliefs)
        return psnr_in_holes(clean, batch), errors_in_sigmas(clean, log_error, batch)

    def measured(self, scores: Sequence[Tensor]) -> PaintingMeasured:
        """A mean, and a root mean square."""
        decibels, sigmas = scores
        return PaintingMeasured(decibels.mean().item(), sigmas.square().mean().sqrt().item())


def painting_loss(guess: Guess, batch: Occluded) -> Tensor:
    """Of the mean over images: the logarithm of the error in the holes, and a little of how likely the truth is.

    The logarithm makes hard images and easy ones, those of little contrast and those of much, count alike.
    """
    beliefs, log_error = guess
    error = integrated(batch.images, batch.holes, beliefs) - batch.truth
    noise = _mean_of(error.square(), batch.holes)
    of_images = torch.log(noise / _peak(batch).square() + _NEAR_ENOUGH**2) / 2
    of_images = of_images + _LIKELIHOOD_COUNTS * _unlikely(beliefs, batch)
    of_images = of_images + _ERRORS_COUNT * _mean_of(_laplace(error.detach(), log_error), batch.holes)
    has_holes = batch.holes.flatten(1).amax(dim=1)
    return (of_images * has_holes).sum() / has_holes.sum().clamp(min=1.0)


def psnr_in_holes(clean: Tensor, batch: Occluded) -> Tensor:
    """(m,) dB of the images that have holes."""
    noise = _mean_of((clean - batch.truth).square(), batch.holes) / _peak(batch).square()
    return -10 * torch.log10(noise.clamp(min=1e-12))[batch.holes.flatten(1).amax(dim=1) > 0]


def _unlikely(beliefs: Beliefs, batch: Occluded) -> Tensor:
    """(n,) negative logarithm of a Laplace likelihood of what is usual, and of the rims.

    Of what is seen through metal nothing is said: its errors are alike along a whole edge, and so count for more than
    each of them says.
    """
    truth, holes = batch.truth, batch.holes
    true = [differences(truth), bends(truth), truth]
    where = [about_holes(holes), holes.expand(-1, 3, -1, -1), rims(holes)]
    parts = zip(*(of.split([2, 2, 3, 1], dim=1)[1:] for of in beliefs), true, where, strict=True)
    of_parts = [_mean_of(_laplace(mean - of_truth, log), at) for mean, log, of_truth, at in parts]
    return torch.stack(of_parts).sum(dim=0)


def errors_in_sigmas(clean: Tensor, log_error: Tensor, batch: Occluded) -> Tensor:
    """(m,) of the images that have holes, roots of the mean square error over the mean square standard error."""
    error = _mean_of((clean - batch.truth).square(), batch.holes)
    told = _mean_of(2 * torch.exp(2 * log_error), batch.holes)
    return (error / told.clamp(min=1e-12)).sqrt()[batch.holes.flatten(1).amax(dim=1) > 0]


def _laplace(error: Tensor, log: Tensor) -> Tensor:
    """Negative logarithm of how likely errors are, but for a constant, of the logarithm of their usual size."""
    return error.abs() * torch.exp(-log) + log


def _guessed(network: InpaintingNetwork, batch: Occluded) -> Guess:
    guess: Guess = network(batch.images, batch.filled, batch.holes, Roughness.of(batch.images, batch.holes))
    return guess


def _mean_of(values: Tensor, chosen: Tensor) -> Tensor:
    """(n,) means where something is chosen."""
    chosen = chosen.flatten(1)
    return (values.flatten(1) * chosen).sum(dim=1) / chosen.sum(dim=1).clamp(min=1.0)


def _peak(batch: Occluded) -> Tensor:
    """(n,) ranges of the truth."""
    truth = batch.truth.flatten(1)
    return (truth.amax(dim=1) - truth.amin(dim=1)).clamp(min=LEAST_RANGE)
