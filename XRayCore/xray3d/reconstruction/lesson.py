"""What the reconstruction network is told, and how it is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from monai.losses import DiceCELoss
from torch import Tensor

from xray3d.models.training.course import Course
from xray3d.models.training.plan import TrainingPlan
from xray3d.reconstruction.grid import GRID_SIZE_IJK
from xray3d.reconstruction.network import ReconstructionNetwork
from xray3d.reconstruction.scenes import FRONTAL, LATERAL, OBLIQUE, SpineViews
from xray3d.reconstruction.source import Seen, seen

FOUR_VIEWS = (FRONTAL[0], LATERAL[1], *OBLIQUE[:2])
"""Numbers of a frontal, a lateral and two oblique views."""

# Anything from one view to eight may be at hand, four most often.
_VIEW_COUNTS = (1, 2, 2, 3, 3, 4, 4, 4, 5, 6, 8)
_SEEDS_APART, _HELD_OUT_SEED = 10**7, 10**9


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


class ReconstructionLesson:
    """Vertebrae without end.

    Args:
        spines: to learn from.
        held_out: other ones, to measure on.
        count: of vertebrae of these.
        plan: of the training.
        keep: given all networks that are better than those before.
    """

    def __init__(
        self,
        spines: Sequence[SpineViews],
        held_out: Sequence[SpineViews],
        count: int,
        plan: TrainingPlan,
        keep: Callable[[ReconstructionNetwork, ReconstructionMeasured, Course], None],
    ) -> None:
        self._spines, self._plan, self._keep = spines, plan, keep
        self._held_out = [seen(held_out, 1, FOUR_VIEWS, _HELD_OUT_SEED + number) for number in range(count)]

    def batch(self, step: int) -> Seen:
        """Vertebrae in views that were not shown before, all in as many."""
        seed = self._plan.seed * _SEEDS_APART + step
        views = int(np.random.default_rng(seed).choice(_VIEW_COUNTS))
        return seen(self._spines, self._plan.batch, views, seed)

    def loss(self, network: ReconstructionNetwork, batch: Seen, step: int) -> Tensor:
        """Cross-entropy, and Dice's coefficient of each vertebra."""
        batch = batch.to(next(network.parameters()).device)
        loss: Tensor = DiceCELoss(sigmoid=True)(_logits(network, batch), batch.inside)
        return loss

    def measure(self, network: ReconstructionNetwork, breathe: Callable[[str], None]) -> ReconstructionMeasured:
        """On the vertebrae that were held out."""
        scores = []
        for case in self._held_out:
            breathe("Reconstructing vertebrae that it has not seen")
            case = case.to(next(network.parameters()).device)
            with torch.inference_mode():
                scores.append(f1(_logits(network, case), case.inside))
        of_all = torch.cat(scores)
        return ReconstructionMeasured(of_all.mean().item(), of_all.quantile(0.1).item())

    def is_enough(self, measured: ReconstructionMeasured) -> bool:
        """It is never good enough."""
        return False

    def keep(self, network: ReconstructionNetwork, measured: ReconstructionMeasured, course: Course) -> None:
        """With what was measured."""
        self._keep(network, measured, course)


def f1(logits: Tensor, inside: Tensor) -> Tensor:
    """(n,) F1 scores of voxels."""
    found, true = (logits > 0).flatten(1), (inside > 0).flatten(1)
    both, all_ = (found & true).sum(dim=1), found.sum(dim=1) + true.sum(dim=1)
    return 2 * both / all_.clamp(min=1)


def _logits(network: ReconstructionNetwork, batch: Seen) -> Tensor:
    logits: Tensor = network(batch.views, batch.matrices, batch.ijk_to_ras, GRID_SIZE_IJK)
    return logits
