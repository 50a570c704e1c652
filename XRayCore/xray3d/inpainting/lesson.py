"""What inpainting networks learn: where there is metal, and the same X-ray without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from xray3d.inpainting.gradient_domain import integrated
from xray3d.inpainting.losses import dice, false_share, finding_loss, inpainting_loss, psnr_in_holes
from xray3d.inpainting.network import InpaintingNetworks
from xray3d.inpainting.pair_source import Batch, PairSource
from xray3d.models.training.course import Course
from xray3d.models.training.plan import TrainingPlan

_HELD_OUT_SEED, _SEEDS_APART = 10**9, 10**7
# Between networks, so many dB count as much as all of Dice's coefficient.
_DB_OF_DICE = 20.0


@dataclass(frozen=True)
class InpaintingMeasured:
    """How good networks are on X-rays held out.

    Attributes:
        psnr_db: mean over images of the peak signal-to-noise ratio in the holes, the peak being the truth's range.
        dice: mean of Dice's coefficient of metal that was found.
        false_share: mean share of X-rays without metal that was taken for some.
    """

    psnr_db: float
    dice: float
    false_share: float

    @property
    def score(self) -> float:
        """The lower the better."""
        return -self.psnr_db - _DB_OF_DICE * (self.dice - self.false_share)

    @property
    def told(self) -> str:
        """In a few words."""
        return f"{self.psnr_db:.1f} dB in the holes, Dice {self.dice:.2f}"


class InpaintingLesson:
    """X-rays without end, and some that are held out.

    Args:
        source: to learn from.
        held_out: of other patients, to measure on.
        count: of these.
        plan: of the training.
        keep: given all networks that are better than those before.
    """

    def __init__(
        self,
        source: PairSource,
        held_out: PairSource,
        count: int,
        plan: TrainingPlan,
        keep: Callable[[InpaintingNetworks, InpaintingMeasured, Course], None],
    ) -> None:
        self._source, self._plan, self._keep = source, plan, keep
        self._held_out = [held_out.batch(plan.batch, _HELD_OUT_SEED + n) for n in range(-(-count // plan.batch))]

    def batch(self, step: int) -> Batch:
        """X-rays that were not shown before."""
        return self._source.batch(self._plan.batch, self._plan.seed * _SEEDS_APART + step)

    def loss(self, network: InpaintingNetworks, batch: Batch, step: int) -> Tensor:
        """Of both networks, which have nothing in common but their batches."""
        batch = batch.to(_device_of(network))
        guess = network.painter(batch.images, batch.filled, batch.holes)
        return inpainting_loss(guess, batch) + finding_loss(network.finder(batch.levelled), batch)

    def measure(self, network: InpaintingNetworks, breathe: Callable[[str], None]) -> InpaintingMeasured:
        """On the X-rays that were held out."""
        of_batches = []
        for batch in self._held_out:
            breathe("Painting X-rays that it has not seen")
            batch = batch.to(_device_of(network))
            with torch.inference_mode():
                guess = network.painter(batch.images, batch.filled, batch.holes)
                clean = integrated(batch.images, batch.holes, guess)
                logits = network.finder(batch.levelled)
            of_batches.append((psnr_in_holes(clean, batch), dice(logits, batch), false_share(logits, batch)))
        return InpaintingMeasured(*(torch.cat(of_all).mean().item() for of_all in zip(*of_batches, strict=True)))

    def is_enough(self, measured: InpaintingMeasured) -> bool:
        """It is never good enough."""
        return False

    def keep(self, network: InpaintingNetworks, measured: InpaintingMeasured, course: Course) -> None:
        """With what was measured."""
        self._keep(network, measured, course)


def _device_of(network: InpaintingNetworks) -> torch.device:
    return next(network.parameters()).device
