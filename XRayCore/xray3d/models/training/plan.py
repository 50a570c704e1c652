"""How long and how fast to train."""

from __future__ import annotations

from dataclasses import dataclass

from xray3d.errors import XRay3DError


@dataclass(frozen=True)
class TrainingPlan:
    """How long and how fast.

    Attributes:
        steps: at most; the learning rate falls to nothing over so many. 0 leaves what a training begins with as it is.
        batch: examples a step.
        learning_rate: the highest.
        validate_every: steps between two measurements on examples held out.
        seed: of the weights and of everything drawn.

    Raises:
        XRay3DError: a number that is none of a training.
    """

    steps: int = 5000
    batch: int = 8
    learning_rate: float = 1e-3
    validate_every: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("batch", "learning_rate", "validate_every"):
            if not getattr(self, name) > 0:
                raise XRay3DError(f"{name} of a training must be more than 0, not {getattr(self, name)}.")
        for name in ("steps", "seed"):
            if getattr(self, name) < 0:
                raise XRay3DError(f"{name} of a training must be 0 or more, not {getattr(self, name)}.")
