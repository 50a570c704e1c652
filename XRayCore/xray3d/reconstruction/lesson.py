"""What the reconstruction network is told, and how it is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from monai.losses import DiceCELoss
from torch import Tensor

from xray3d.models.training.drawn import DrawnLesson
from xray3d.reconstruction.grid import GRID_SIZE_IJK
from xray3d.reconstruction.network import ReconstructionNetwork
from xray3d.reconstruction.scenes import FRONTAL, LATERAL, OBLIQUE, SpineViews
from xray3d.reconstruction.source import Seen, seen

FOUR_VIEWS = (FRONTAL[0], LATERAL[1], *OBLIQUE[:2])
"""Numbers of a frontal, a lateral and two oblique views."""

# Anything from one view to eight may be at hand, four most often.
_VIEW_COUNTS = (1, 2, 2, 3, 3, 4, 4, 4, 5, 6, 8)


@dataclass(frozen=True)
class ReconstructionMeasured:
    """How good a network is on spines held out, from four views.

    Attributes:
        f1: mean F1 score of voxels.
        lowest_f1: of a tenth of the vertebrae F1 is lower than this.
    """

    f1: float
    lowest_f1: float

    @property
    def score(self) -> float:
        """The lower the better."""
        return -self.f1

    @property
    def told(self) -> str:
        """In a few words."""
        return f"F1 {self.f1:.3f}"


class ReconstructionLesson(DrawnLesson[Sequence[SpineViews], ReconstructionNetwork, Seen, ReconstructionMeasured]):
    """Vertebrae without end; see `DrawnLesson`."""

    measuring = "Reconstructing vertebrae that it has not seen"

    @staticmethod
    def drawn(source: Sequence[SpineViews], count: int, seed: int) -> Seen:
        """Vertebrae in views that were not shown before, all in as many."""
        views = int(np.random.default_rng(seed).choice(_VIEW_COUNTS))
        return seen(source, count, views, seed)

    def drawn_to_measure(self, held_out: Sequence[SpineViews], count: int) -> list[Seen]:
        """One by one in the same four views."""
        return [seen(held_out, 1, FOUR_VIEWS, self.held_out_seed + number) for number in range(count)]

    def loss_of(self, network: ReconstructionNetwork, batch: Seen) -> Tensor:
        """Cross-entropy, and Dice's coefficient of each vertebra."""
        loss: Tensor = DiceCELoss(sigmoid=True)(_logits(network, batch), batch.inside)
        return loss

    def scores(self, network: ReconstructionNetwork, batch: Seen) -> tuple[Tensor]:
        """See `f1`."""
        return (f1(_logits(network, batch), batch.inside),)

    def measured(self, scores: Sequence[Tensor]) -> ReconstructionMeasured:
        """The mean, and what is low."""
        return ReconstructionMeasured(scores[0].mean().item(), scores[0].quantile(0.1).item())


def f1(logits: Tensor, inside: Tensor) -> Tensor:
    """(n,) F1 scores of voxels."""
    found, true = (logits > 0).flatten(1), (inside > 0).flatten(1)
    both, all_ = (found & true).sum(dim=1), found.sum(dim=1) + true.sum(dim=1)
    return 2 * both / all_.clamp(min=1)


def _logits(network: ReconstructionNetwork, batch: Seen) -> Tensor:
    logits: Tensor = network(batch.views, batch.matrices, batch.ijk_to_ras, GRID_SIZE_IJK)
    return logits
