"""What the network that finds levels is told, and how it is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from xray3d.models.training.drawn import DrawnLesson
from xray3d.reconstruction.level_finding.network import HeatMaps, LevelNetwork
from xray3d.reconstruction.level_finding.source import PIXEL_MM, Marked, marked
from xray3d.reconstruction.scenes import SpineViews

NEAR_MM = 15.0
"""What is nearer is the same vertebra: middles of neighbours are twice as far from each other, about."""

# Nobody marks a middle more exactly; and without, pixels beside the right one would be as wrong as those far away.
_SIGMA_PX = 2.0


@dataclass(frozen=True)
class LevelsMeasured:
    """How good a network is on X-rays held out.

    Attributes:
        found: the share of the vertebrae on them that are said to be there, and nearer than `NEAR_MM` to the truth.
        error_mm: median distance from the truth of all those on them, where the patient is, about.
        false_alarms: the share of the vertebrae that are not on them that are said to be.
    """

    found: float
    error_mm: float
    false_alarms: float

    @property
    def score(self) -> float:
        """The lower the better."""
        return self.false_alarms - self.found

    @property
    def told(self) -> str:
        """In a few words."""
        return f"{self.found:.1%} of the vertebrae found, {self.false_alarms:.1%} false alarms"


class LevelLesson(DrawnLesson[Sequence[SpineViews], LevelNetwork, Marked, LevelsMeasured]):
    """X-rays of spines without end; see `DrawnLesson`."""

    measuring = "Looking for vertebrae on X-rays that it has not seen"
    drawn = staticmethod(marked)

    def loss_of(self, network: LevelNetwork, batch: Marked) -> Tensor:
        """See `surprise`."""
        return surprise(network(batch.images), batch)

    def scores(self, network: LevelNetwork, batch: Marked) -> tuple[Tensor, Tensor, Tensor]:
        """See `errors_mm` and `said_to_be_there`, the latter of those on the image and of those that are not."""
        maps = network(batch.images)
        on_image, elsewhere = (batch.known * batch.seen) > 0, (batch.known * (1 - batch.seen)) > 0
        error_mm, there = errors_mm(maps, batch), said_to_be_there(maps)
        found = there & (error_mm < NEAR_MM)
        return found[on_image].float(), error_mm[on_image], there[elsewhere].float()

    def measured(self, scores: Sequence[Tensor]) -> LevelsMeasured:
        """Shares and a median."""
        found, error_mm, alarms = scores
        return LevelsMeasured(_mean(found), error_mm.median().item() if len(error_mm) else 0.0, _mean(alarms))


def surprise(maps: HeatMaps, batch: Marked) -> Tensor:
    """Mean cross-entropy of where levels are: about their middles, or not on the image."""
    columns, rows = (_about(batch.pixels[..., axis], maps.pixels.shape[3 - axis], batch.seen > 0) for axis in range(2))
    at_middles = torch.einsum("nlrc,nlr,nlc->nl", maps.pixels, rows, columns)
    of_levels = -torch.where(batch.seen > 0, at_middles, maps.unseen)
    return (of_levels * batch.known).sum() / batch.known.sum().clamp(min=1.0)


def errors_mm(maps: HeatMaps, batch: Marked) -> Tensor:
    """(n, levels) how far from the middle the likeliest pixel is; whatever where none is on the image."""
    best = maps.pixels.flatten(2).argmax(dim=2)
    columns = maps.pixels.shape[3]
    at = torch.stack([best % columns, best // columns], dim=-1)
    away: Tensor = torch.linalg.vector_norm(at - batch.pixels, dim=-1)
    return PIXEL_MM * away


def said_to_be_there(maps: HeatMaps) -> Tensor:
    """(n, levels) whether it is likelier that a level is on the image than that it is not."""
    return maps.unseen < torch.log(torch.tensor(0.5))


def _about(positions: Tensor, side: int, usable: Tensor) -> Tensor:
    """(n, levels, side) the shares of a Gaussian about positions (n, levels) along an axis; any that are not usable."""
    away = torch.arange(side, device=positions.device) - torch.where(usable, positions, 0.0)[..., None]
    return torch.softmax(-away.square() / (2 * _SIGMA_PX**2), dim=-1)


def _mean(values: Tensor) -> float:
    """0 of none."""
    return values.mean().item() if len(values) else 0.0
