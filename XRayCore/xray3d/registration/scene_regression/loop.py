"""The course of a training: step after step, measured now and then, stopped at any moment, gone on with later."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, wait

import torch

from xray3d.registration.scene_regression.learning import Learner
from xray3d.registration.scene_regression.model import TrainingReport
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.registration.scene_regression.plan import TrainingPlan
from xray3d.registration.scene_regression.recipe import Recipe
from xray3d.registration.scene_regression.state import TrainingState
from xray3d.registration.scene_regression.subject import Subject
from xray3d.registration.scene_regression.threads import threads_of_half_the_processor
from xray3d.registration.scene_regression.training_views import Batch
from xray3d.registration.scene_regression.validation import Validation

Progress = Callable[[str, float], None]
Keep = Callable[[SceneCoordinateNetwork, TrainingReport], None]

SCRATCH = "scratch"
# A new network learns to tell directions from plain views first, which it hardly does from all looks: these and local
# views come in between these shares of its training. Until then its points say nothing of poses: their first
# Gauss–Newton step would lead anywhere.
_PLAIN_UNTIL, _ALL_FROM = 0.15, 0.5
_SEEDS_APART = 10**8


class Training:
    """One training.

    Args:
        subjects: the patients, who take turns.
        network: what learns.
        started_from: `SCRATCH`, or what it had learnt before.
        plan: how long and how fast.
        recipe: what is learnt.
        state: where a training that is stopped is kept.
        keep: given the network each time that it is better than before.
        progress: told what is being done and the share done; what it raises ends the training.
    """

    def __init__(
        self,
        subjects: Sequence[Subject],
        network: SceneCoordinateNetwork,
        started_from: str,
        plan: TrainingPlan,
        recipe: Recipe,
        state: TrainingState,
        keep: Keep,
        progress: Progress,
    ) -> None:
        self._subjects, self._plan, self._state, self._started_from = subjects, plan, state, started_from
        self._keep, self._progress = keep, progress
        self._device = subjects[0].views.patient.device
        self._learner = Learner(network.to(self._device), plan.steps, plan.learning_rate, recipe)
        # What a training begins with may be good enough already; what knows nothing is not worth a measurement.
        self._step, self._measured, self._seconds = 0, 0 if started_from == SCRATCH else -1, 0.0
        self._best_mm: float | None = None

    def go_on(self, *, has_best: bool) -> None:
        """Take up where one of the same plan was stopped.

        Args:
            has_best: whether the best network of it is still there; if not, no better one is waited for.

        Raises:
            ModelError: nothing to go on with, or another training.
        """
        kept = self._state.load(self._device)
        self._step, self._measured, self._seconds = kept["step"], kept["measured"], kept["seconds"]
        self._best_mm = kept["best_mm"] if has_best else None
        self._learner.load_state_dict(kept["learner"])

    def run(self) -> None:
        """Train to the end; whatever ends it early leaves the state."""
        # The next views are rendered while the network learns from these.
        with threads_of_half_the_processor(1) as renderer:
            try:
                self._run(renderer)
            except BaseException:
                self._save_state()
                raise
        self._state.remove()

    def _run(self, renderer: Executor) -> None:
        since, before = time.monotonic(), self._seconds
        told = "not measured yet"
        upcoming = renderer.submit(self._batch, self._step)
        while self._step < self._plan.steps or self._is_due:
            if self._is_due:  # where a training goes on, also what was stopped in the middle of it
                wait([upcoming])  # measuring renders too
                measured = self._measure()
                told = f"median error {min(measured.median_mm, 999):.1f} mm"
                if self._plan.goal_mm is not None and measured.median_mm <= self._plan.goal_mm:
                    return
            else:
                self._progress(f"{self._remaining()}; {told}", self._done)
                batch, upcoming = upcoming.result(), renderer.submit(self._batch, self._step + 1)
                self._learner.learn(batch, knows_poses=self._hardness(self._step) == 1)
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

    def _hardness(self, step: int) -> float:
        if self._started_from != SCRATCH:
            return 1.0
        share = step / self._plan.steps
        return min(max((share - _PLAIN_UNTIL) / (_ALL_FROM - _PLAIN_UNTIL), 0.0), 1.0)

    def _batch(self, step: int) -> Batch:
        views = self._subjects[step % len(self._subjects)].views
        return views.batch(self._plan.batch, self._plan.seed * _SEEDS_APART + step, self._hardness(step))

    def _remaining(self) -> str:
        counted = f"Step {self._step + 1} of {self._plan.steps}"
        if self._step == 0:
            return counted
        minutes = self._seconds / self._step * (self._plan.steps - self._step) / 60
        return f"{counted}, {minutes:.0f} min left"

    def _measure(self) -> Validation:
        """Measure the network, and keep it if it is the best so far."""
        network = self._learner.averaged
        of_subjects = [subject.measure(network, self._breathe) for subject in self._subjects]
        measured = Validation(tuple(error for of_subject in of_subjects for error in of_subject.mtre_mm))
        if self._best_mm is None or measured.typical_mm < self._best_mm:
            self._keep(network, self._report(measured))
            self._best_mm = measured.typical_mm
        self._measured = self._step
        self._save_state()  # whatever ends the process, no more is lost than what was learnt since
        return measured

    def _breathe(self) -> None:
        self._progress("Locating X-rays that it has not seen", self._done)

    def _report(self, measured: Validation) -> TrainingReport:
        return TrainingReport(
            steps=self._step,
            batch=self._plan.batch,
            seed=self._plan.seed,
            seconds=round(self._seconds, 1),
            started_from=self._started_from,
            device=_described(self._device),
            **measured.facts,
        )

    def _save_state(self) -> None:
        self._state.save(
            {
                "step": self._step,
                "measured": self._measured,
                "seconds": self._seconds,
                "best_mm": self._best_mm,
                "learner": self._learner.state_dict(),
            }
        )


def _described(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} CPU cores"
