"""What the network that finds metal learns: where there is some, and that there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch.nn.functional as F
from monai.losses import DiceCELoss
from torch import Tensor

from xray3d.inpainting.finding_source import Searched, searched
from xray3d.inpainting.lesson import InpaintingLesson
from xray3d.inpainting.network import ImplantNetwork

# The smallest piece that is taken for metal, about; and what one on an image without any counts.
_ALARMING_PX, _ALARMS_COUNT = 24, 0.6


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


class FindingLesson(InpaintingLesson[ImplantNetwork, Searched, FindingMeasured]):
    """X-rays, what is told of a network's answers, and how these are measured."""

    held_out_count = 512  # false alarms are few
    measuring = "Looking for metal on X-rays that it has not seen"
    clipped = 0.4  # white metal is found last
    drawn = staticmethod(searched)

    def loss_of(self, network: ImplantNetwork, batch: Searched) -> Tensor:
        """See `finding_loss`."""
        return finding_loss(network(batch.images), batch)

    def scores(self, network: ImplantNetwork, batch: Searched) -> tuple[Tensor, Tensor, Tensor]:
        """The fields of `FindingMeasured`."""
        logits = network(batch.images)
        share = false_share(logits, batch)
        return dice(logits, batch), share, (share > 0).float()

    def measured(self, scores: Sequence[Tensor]) -> FindingMeasured:
        """Means."""
        return FindingMeasured(*(of_all.mean().item() for of_all in scores))


def finding_loss(logits: Tensor, batch: Searched) -> Tensor:
    """Cross-entropy, and Dice's coefficient of the batch as a whole, in which images without metal count, too.

    Of these the pixels count once more that are most like metal: a single piece of it makes a false alarm.
    """
    loss: Tensor = DiceCELoss(sigmoid=True, batch=True)(logits, batch.metal)
    clean = logits.flatten(1)[~_shows_metal(batch)]
    if not len(clean):
        return loss
    most = clean.topk(min(_ALARMING_PX, clean.shape[1]), dim=1).values.mean(dim=1)
    return loss + _ALARMS_COUNT * F.softplus(most).mean()


def dice(logits: Tensor, batch: Searched) -> Tensor:
    """(m,) Dice's coefficients of the images that show metal."""
    found, metal = (logits > 0).flatten(1), (batch.metal > 0).flatten(1)
    both, all_ = (found & metal).sum(dim=1), found.sum(dim=1) + metal.sum(dim=1)
    return (2 * both / all_.clamp(min=1))[_shows_metal(batch)]


def false_share(logits: Tensor, batch: Searched) -> Tensor:
    """(k,) shares of the pixels of the images without metal that are taken for some."""
    return (logits > 0).flatten(1).float().mean(dim=1)[~_shows_metal(batch)]


def _shows_metal(batch: Searched) -> Tensor:
    return (batch.metal > 0).flatten(1).any(dim=1)
