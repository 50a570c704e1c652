"""What the network that finds metal learns: where there is some, and that there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from monai.losses import DiceCELoss
from torch import Tensor

from xray3d.inpainting.finding_source import Searched, searched
from xray3d.inpainting.instrumented import Instrumented
from xray3d.inpainting.network import ImplantNetwork
from xray3d.models.training.course import Course
from xray3d.models.training.plan import TrainingPlan

_HELD_OUT_SEED, _SEEDS_APART = 10**9, 10**7


@dataclass(frozen=True)
class FindingMeasured:
    """How good a network is on X-rays held out.

    Attributes:
        dice: mean of Dice's coefficient of the metal found.
        false_share: mean share of X-rays without metal that was taken for some.
        false_alarms: the share of X-rays without metal of which anything was taken for some.
    """

    dice: float
    false_share: float
    false_alarms: float

    @property
    def score(self) -> float:
        """The lower the better."""
        return self.false_alarms - self.dice

    @property
    def told(self) -> str:
        """In a few words."""
        return f"Dice {self.dice:.2f}, false alarms {self.false_alarms:.1%}"


class FindingLesson:
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
        source: Instrumented,
        held_out: Instrumented,
        count: int,
        plan: TrainingPlan,
        keep: Callable[[ImplantNetwork, FindingMeasured, Course], None],
    ) -> None:
        self._source, self._plan, self._keep = source, plan, keep
        self._held_out = [searched(held_out, plan.batch, _HELD_OUT_SEED + n) for n in range(-(-count // plan.batch))]

    def batch(self, step: int) -> Searched:
        """X-rays that were not shown before."""
        return searched(self._source, self._plan.batch, self._plan.seed * _SEEDS_APART + step)

    def loss(self, network: ImplantNetwork, batch: Searched, step: int) -> Tensor:
        """See `finding_loss`."""
        batch = batch.to(_device_of(network))
        return finding_loss(network(batch.images), batch)

    def measure(self, network: ImplantNetwork, breathe: Callable[[str], None]) -> FindingMeasured:
        """On the X-rays that were held out."""
        of_batches = []
        for batch in self._held_out:
            breathe("Looking for metal on X-rays that it has not seen")
            batch = batch.to(_device_of(network))
            with torch.inference_mode():
                logits = network(batch.images)
            share = false_share(logits, batch)
            of_batches.append((dice(logits, batch), share, (share > 0).float()))
        return FindingMeasured(*(torch.cat(of_all).mean().item() for of_all in zip(*of_batches, strict=True)))

    def is_enough(self, measured: FindingMeasured) -> bool:
        """It is never good enough."""
        return False

    def keep(self, network: ImplantNetwork, measured: FindingMeasured, course: Course) -> None:
        """With what was measured."""
        self._keep(network, measured, course)


def finding_loss(logits: Tensor, batch: Searched) -> Tensor:
    """Cross-entropy, and Dice's coefficient of the batch as a whole, in which images without metal count, too."""
    loss: Tensor = DiceCELoss(sigmoid=True, batch=True)(logits, batch.metal)
    return loss


def dice(logits: Tensor, batch: Searched) -> Tensor:
    """(m,) Dice's coefficients of the images that show metal."""
    found, metal = (logits > 0).flatten(1), (batch.metal > 0).flatten(1)
    both, all_ = (found & metal).sum(dim=1), found.sum(dim=1) + metal.sum(dim=1)
    return (2 * both / all_.clamp(min=1))[metal.any(dim=1)]


def false_share(logits: Tensor, batch: Searched) -> Tensor:
    """(k,) shares of the pixels of the images without metal that are taken for some."""
    return (logits > 0).flatten(1).float().mean(dim=1)[~(batch.metal > 0).flatten(1).any(dim=1)]


def _device_of(network: ImplantNetwork) -> torch.device:
    return next(network.parameters()).device
