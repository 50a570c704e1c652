"""How long and how fast to train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xray3d.errors import XRay3DError


@dataclass(frozen=True)
class TrainingPlan:
    """How long and how fast.

    Attributes:
        steps: at most; the learning rate falls to nothing over so many. 0 leaves what a training begins with as it is.
        batch: X-rays a step.
        learning_rate: the highest.
        validate_every: steps between two measurements on X-rays held out; what a training begins with is measured, too.
        goal_mm: the training ends early once half of these are placed better than this; None for never.
        seed: of the weights and of everything drawn.

    Raises:
        XRay3DError: a number that is none of a training.
    """

    steps: int = 5000
    batch: int = 8
    learning_rate: float = 1e-3
    validate_every: int = 1000
    goal_mm: float | None = None
    seed: int = 0

    @classmethod
    def from_start(cls, **fields: Any) -> TrainingPlan:
        """What is usual where a training begins with what was learnt from other patients: shorter, in smaller steps.

        Args:
            fields: what is to be otherwise.
        """
        return cls(**{"steps": 1000, "learning_rate": 3e-4, **fields})

    def __post_init__(self) -> None:
        for name in ("batch", "learning_rate", "validate_every"):
            if not getattr(self, name) > 0:
                raise XRay3DError(f"{name} of a training must be more than 0, not {getattr(self, name)}.")
        if self.goal_mm is not None and not self.goal_mm > 0:
            raise XRay3DError(f"goal_mm of a training must be more than 0, not {self.goal_mm}.")
        for name in ("steps", "seed"):
            if getattr(self, name) < 0:
                raise XRay3DError(f"{name} of a training must be 0 or more, not {getattr(self, name)}.")
