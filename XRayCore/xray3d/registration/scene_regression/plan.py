"""How long and how fast to train, and when it is good enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xray3d.errors import XRay3DError
from xray3d.models.training import plan


@dataclass(frozen=True)
class TrainingPlan(plan.TrainingPlan):
    """How long and how fast, with X-rays for examples; what a training begins with is measured, too.

    Attributes:
        goal_mm: the training ends early once half of the X-rays held out are placed better than this; None for never.
    """

    goal_mm: float | None = None

    @classmethod
    def from_start(cls, **fields: Any) -> TrainingPlan:
        """What is usual where a training begins with what was learnt from other patients: shorter, in smaller steps.

        Args:
            fields: what is to be otherwise.
        """
        return cls(**{"steps": 1000, "learning_rate": 3e-4, **fields})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.goal_mm is not None and not self.goal_mm > 0:
            raise XRay3DError(f"goal_mm of a training must be more than 0, not {self.goal_mm}.")
