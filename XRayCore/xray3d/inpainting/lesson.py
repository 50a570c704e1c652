"""What is alike in learning to find metal and learning to paint: X-rays without end, and some that are held out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import nn

from xray3d.datasets.occlusion import CLIPPED
from xray3d.inpainting.instrumented import Instrumented
from xray3d.models.training.course import Course
from xray3d.models.training.plan import TrainingPlan

_SEEDS_APART = 10**7

Network = TypeVar("Network", bound=nn.Module)
Batch = TypeVar("Batch")
Measured = TypeVar("Measured")


class InpaintingLesson(ABC, Generic[Network, Batch, Measured]):
    """A lesson but for what is shown, told and measured.

    Args:
        source: to learn from.
        held_out: of other patients, to measure on.
        count: of these.
        plan: of the training.
        keep: given all networks that are better than those before.
    """

    held_out_seed: int
    """Of what is measured on; no step of a training has one as large."""
    held_out_count: int = 64
    """So many are measured on."""
    clipped: float = CLIPPED
    """The share of X-rays on which metal is white."""

    def __init__(
        self,
        source: Instrumented,
        held_out: Instrumented,
        count: int,
        plan: TrainingPlan,
        keep: Callable[[Network, Measured, Course], None],
    ) -> None:
        self._source, self._plan, self._keep = source, plan, keep
        batches = range(-(-count // plan.batch))
        self._held_out = [self.drawn(held_out, plan.batch, self.held_out_seed + number) for number in batches]

    @staticmethod
    @abstractmethod
    def drawn(source: Instrumented, count: int, seed: int) -> Batch:
        """So many X-rays."""

    def batch(self, step: int) -> Batch:
        """X-rays that were not shown before."""
        return self.drawn(self._source, self._plan.batch, self._plan.seed * _SEEDS_APART + step)

    def is_enough(self, measured: Measured) -> bool:
        """It is never good enough."""
        return False

    def keep(self, network: Network, measured: Measured, course: Course) -> None:
        """With what was measured."""
        self._keep(network, measured, course)


def device_of(network: nn.Module) -> torch.device:
    """Where it is."""
    return next(network.parameters()).device
