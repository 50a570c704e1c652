"""The course of a training: step after step, measured now and then, stopped at any moment, gone on with later."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, wait
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from xray3d.models.training.course import SCRATCH, Course
from xray3d.models.training.learner import Learner
from xray3d.models.training.plan import TrainingPlan
from xray3d.models.training.state import TrainingState
from xray3d.models.training.threads import threads_of_half_the_processor

Progress = Callable[[str, float], None]


class Measured(Protocol):
    """What was measured of a network on examples held out."""

    @property
    def score(self) -> float:
        """Which tells the better of two networks: the lower one is."""

    @property
    def told(self) -> str:
        """The same in a few words."""


Network = TypeVar("Network", bound=nn.Module, contravariant=True)
Batch = TypeVar("Batch")
Result = TypeVar("Result", bound=Measured)


class Lesson(Protocol[Network, Batch, Result]):
    """What is learnt."""

    def batch(self, step: int) -> Batch:
        """What to learn from at a step; called in another thread."""

    def loss(self, network: Network, batch: Batch, step: int) -> Tensor:
        """Of the network in training mode."""

    def measure(self, network: Network, breathe: Callable[[str], None]) -> Result:
        """How good the network is.

        Args:
            breathe: told now and then what is being done; what it raises ends it.
        """

    def is_enough(self, measured: Result) -> bool:
        """Whether a training may end early."""

    def keep(self, network: Network, measured: Result, course: Course) -> None:
        """Take a network that is better than all before."""


class Training(Generic[Network, Batch, Result]):
    """One training.

    Args:
        lesson: what is learnt.
        network: what learns, on its device.
        started_from: `SCRATCH`, or what it had learnt before.
        plan: how long and how fast.
        state: where a training that is stopped is kept.
        progress: told what is being done and the share done; what it raises ends the training.
    """

    def __init__(
        self,
        lesson: Lesson[Network, Batch, Result],
        network: Network,
        started_from: str,
        plan: TrainingPlan,
        state: TrainingState,
        progress: Progress,
    ) -> None:
        self._lesson, self._network, self._plan, self._state = lesson, network, plan, state
        self._started_from, self._progress = started_from, progress
        self._device = next(network.parameters()).device
        self._learner = Learner(network, plan.steps, plan.learning_rate)
        # What a training begins with may be good enough already; what knows nothing is not worth a measurement.
        self._step, self._measured, self._seconds = 0, 0 if started_from == SCRATCH else -1, 0.0
        self._best: float | None = None

    def go_on(self, *, has_best: bool) -> None:
        """Take up where one of the same plan was stopped.

        Args:
            has_best: whether the best network of it is still there; if not, no better one is waited for.

        Raises:
            ModelError: nothing to go on with, or another training.
        """
        kept = self._state.load(self._device)
        self._step, self._measured, self._seconds = kept["step"], kept["measured"], kept["seconds"]
        self._best = kept["best"] if has_best else None
        self._learner.load_state_dict(kept["learner"])

    def run(self) -> None:
        """Train to the end; whatever ends it early leaves the state."""
        # The next examples are made while the network learns from these.
        with threads_of_half_the_processor(1) as maker:
            try:
                self._run(maker)
            except BaseException:
                self._save_state()
                raise
        self._state.remove()

    def _run(self, maker: Executor) -> None:
        since, before = time.monotonic(), self._seconds
        told = "not measured yet"
        upcoming = maker.submit(self._lesson.batch, self._step)
        while self._step < self._plan.steps or self._is_due:
            if self._is_due:  # where a training goes on, also what was stopped in the middle of it
                wait([upcoming])  # measuring uses the renderer, too
                measured = self._measure()
                told = measured.told
                if self._lesson.is_enough(measured):
                    return
            else:
                self._progress(f"{self._remaining()}; {told}", self._done)
                batch, upcoming = upcoming.result(), maker.submit(self._lesson.batch, self._step + 1)
                self._network.train()
                self._learner.learn(self._lesson.loss(self._network, batch, self._step))
                self._step += 1
                self._seconds = before + time.monotonic() - since

    @property
    def _done(self) -> float:
        return self._step / max(self._plan.steps, 1)

    @property
    def _is_due(self) -> bool:
        """Whether the network is to be measured before it learns more."""
        whole = self._step % self._plan.validate_every == 0 or self._step == self._plan.steps
        return whole and self._step > self._measured

    def _remaining(self) -> str:
        counted = f"Step {self._step + 1} of {self._plan.steps}"
        if self._step == 0:
            return counted
        minutes = self._seconds / self._step * (self._plan.steps - self._step) / 60
        return f"{counted}, {minutes:.0f} min left"

    def _measure(self) -> Result:
        """Measure the network, and keep it if it is the best so far."""
        network: Network = self._learner.averaged  # type: ignore[assignment]  # of the same class
        network.eval()
        measured = self._lesson.measure(network, lambda doing: self._progress(doing, self._done))
        if self._best is None or measured.score < self._best:
            self._lesson.keep(network, measured, self._course)
            self._best = measured.score
        self._measured = self._step
        self._save_state()  # whatever ends the process, no more is lost than what was learnt since
        return measured

    @property
    def _course(self) -> Course:
        return Course(
            steps=self._step,
            batch=self._plan.batch,
            seed=self._plan.seed,
            seconds=round(self._seconds, 1),
            started_from=self._started_from,
            device=_described(self._device),
        )

    def _save_state(self) -> None:
        self._state.save(
            {
                "step": self._step,
                "measured": self._measured,
                "seconds": self._seconds,
                "best": self._best,
                "learner": self._learner.state_dict(),
            }
        )


def _described(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} CPU cores"
