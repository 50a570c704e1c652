"""Lessons whose examples are drawn from seeds: without end those that are learnt from, always the same held out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from xray3d.models.training.course import Course
from xray3d.models.training.plan import TrainingPlan

_SEEDS_APART = 10**7


class Examples(Protocol):
    """Some of what is shown, as tensors."""

    def to(self: _Examples, device: torch.device) -> _Examples:
        """The same on a device."""


_Examples = TypeVar("_Examples", bound=Examples)
Source = TypeVar("Source")
Network = TypeVar("Network", bound=nn.Module)
Batch = TypeVar("Batch", bound=Examples)
Measured = TypeVar("Measured")


class DrawnLesson(ABC, Generic[Source, Network, Batch, Measured]):
    """A lesson but for what is shown, told and measured.

    Args:
        source: to learn from.
        held_out: of other patients, to measure on.
        count: of these.
        plan: of the training.
        keep: given all networks that are better than those before.
    """

    held_out_seed: int = 10**9
    """Of what is measured on; no step of a training has one as large."""
    measuring: str
    """What is being done where networks are measured, in words."""

    def __init__(
        self,
        source: Source,
        held_out: Source,
        count: int,
        plan: TrainingPlan,
        keep: Callable[[Network, Measured, Course], None],
    ) -> None:
        self._source, self._plan, self._keep = source, plan, keep
        self._held_out = self.drawn_to_measure(held_out, count)

    @staticmethod
    @abstractmethod
    def drawn(source: Source, count: int, seed: int, /) -> Batch:
        """So many examples."""

    @abstractmethod
    def loss_of(self, network: Network, batch: Batch) -> Tensor:
        """Of a network's answers to a batch on its device."""

    @abstractmethod
    def scores(self, network: Network, batch: Batch) -> Sequence[Tensor]:
        """Of a network's answers to a batch on its device, each score (m,) of those examples that have it."""

    @abstractmethod
    def measured(self, scores: Sequence[Tensor]) -> Measured:
        """What follows from each of the scores of all that is held out."""

    def drawn_to_measure(self, held_out: Source, count: int) -> list[Batch]:
        """So many examples, or as many more as make whole batches."""
        batches = range(-(-count // self._plan.batch))
        return [self.drawn(held_out, self._plan.batch, self.held_out_seed + number) for number in batches]

    def batch(self, step: int) -> Batch:
        """Examples that were not shown before."""
        return self.drawn(self._source, self._plan.batch, self._plan.seed * _SEEDS_APART + step)

    def loss(self, network: Network, batch: Batch, step: int) -> Tensor:
        """See `loss_of`."""
        return self.loss_of(network, batch.to(_device_of(network)))

    def measure(self, network: Network, breathe: Callable[[str], None]) -> Measured:
        """On the examples that were held out."""
        of_batches = []
        for batch in self._held_out:
            breathe(self.measuring)
            with torch.inference_mode():
                of_batches.append(self.scores(network, batch.to(_device_of(network))))
        return self.measured([torch.cat(of_all) for of_all in zip(*of_batches, strict=True)])

    def is_enough(self, measured: Measured) -> bool:
        """It is never good enough."""
        return False

    def keep(self, network: Network, measured: Measured, course: Course) -> None:
        """With what was measured."""
        self._keep(network, measured, course)


def _device_of(network: nn.Module) -> torch.device:
    return next(network.parameters()).device
