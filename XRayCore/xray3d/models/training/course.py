"""How far a training has come."""

from __future__ import annotations

from dataclasses import dataclass

SCRATCH = "scratch"
"""What a training begins with that begins with nothing."""


@dataclass(frozen=True)
class Course:
    """How far a training has come.

    Attributes:
        steps, batch, seed: of it.
        seconds: that it took, all sessions together.
        started_from: what the weights were before, `SCRATCH` or a name.
        device: what it is trained on.
    """

    steps: int
    batch: int
    seed: int
    seconds: float
    started_from: str
    device: str
