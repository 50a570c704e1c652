"""Training for one patient, live from the renderer."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from xray3d.datasets.pose_range import PoseRange
from xray3d.drr.scene_coordinates import BONE_THRESHOLD_HU
from xray3d.errors import XRay3DError
from xray3d.models.bundle import METADATA, check_bundle_output
from xray3d.models.fingerprint import CTFingerprint
from xray3d.registration.scene_regression.losses import bone_loss, likelihood_loss, pose_loss
from xray3d.registration.scene_regression.model import SceneCoordinateModel, TrainingReport
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.registration.scene_regression.state import TrainingState
from xray3d.registration.scene_regression.training_views import Batch, TrainingViews
from xray3d.registration.scene_regression.validation import Validation, targets_near, validate
from xray3d.volumes import CTVolume

Progress = Callable[[str, float], None]
# Poses a little beyond those wanted: a network is least sure at the edges of what it has seen.
_WIDER_DEG, _WIDER_MM = 4.0, 10.0
_HELD_OUT, _HELD_OUT_SEED = 8, 10**9
# A new network learns to see bones first: looks and local views come in over this share of its training. Until then its
# points say nothing of poses: their first Gauss–Newton step would lead anywhere.
_GROWING_SHARE, _SCRATCH = 0.2, "scratch"
_POSE_WEIGHT = 0.1
_EMA, _WARM_UP, _WEIGHT_DECAY, _LARGEST_GRADIENT = 0.998, 0.05, 1e-2, 5.0


@dataclass(frozen=True)
class TrainingPlan:
    """How long and how fast.

    Attributes:
        steps: at most; the learning rate falls to nothing over so many.
        batch: X-rays a step.
        learning_rate: the highest.
        validate_every: steps between two measurements on X-rays held out.
        goal_mm: the training ends early once half of these are placed better than this; None for never.
        seed: of the weights and of everything drawn.

    Raises:
        XRay3DError: a number that is none of a training.
    """

    steps: int = 12_000
    batch: int = 8
    learning_rate: float = 1e-3
    validate_every: int = 1000
    goal_mm: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "learning_rate", "validate_every"):
            if not getattr(self, name) > 0:
                raise XRay3DError(f"{name} of a training must be more than 0, not {getattr(self, name)}.")
        if self.goal_mm is not None and not self.goal_mm > 0:
            raise XRay3DError(f"goal_mm of a training must be more than 0, not {self.goal_mm}.")
        if self.seed < 0:
            raise XRay3DError(f"seed of a training must be 0 or more, not {self.seed}.")


def train(
    ct: CTVolume,
    poses: PoseRange,
    folder: str | Path,
    plan: TrainingPlan | None = None,
    *,
    start: SceneCoordinateModel | None = None,
    bone_hu: float = BONE_THRESHOLD_HU,
    device: str = "cpu",
    progress: Progress = lambda doing, done: None,
    resume: bool = False,
    overwrite: bool = False,
) -> SceneCoordinateModel:
    """Train a model for a CT and keep the best in `folder`.

    Whatever ends the training early, an exception from `progress` included, leaves the best model so far there, and
    beside it `<folder>.training`, from which `resume` goes on.

    Args:
        poses: from where X-rays will be taken.
        start: a model, of any patient, whose weights to begin with.
        bone_hu: what counts as bone.
        progress: told what is being done and the share done; what it raises ends the training.
        resume: go on where a training of the same plan into this folder was stopped.
        overwrite: replace the model that is there.

    Raises:
        OutputExistsError: a model is there already, or the folder cannot be written.
        VolumeError: no bone above the threshold where the C-arm aims.
        ModelError: nothing to resume, or a training of another CT, pose range or plan.
        DeviceError: the device is not there.
    """
    check_bundle_output(Path(folder), overwrite or resume)
    progress("Preparing the CT", 0.0)
    place = Path(folder).absolute()
    return _Training(ct, poses, place, plan or TrainingPlan(), start, bone_hu, device, progress).run(resume)


class _Training:
    """One training: what it is given, and what it makes."""

    def __init__(
        self,
        ct: CTVolume,
        poses: PoseRange,
        folder: Path,
        plan: TrainingPlan,
        start: SceneCoordinateModel | None,
        bone_hu: float,
        device: str,
        progress: Progress,
    ) -> None:
        self._ct_name, self._ct = ct.name, CTFingerprint.of(ct)
        self._poses, self._folder, self._plan, self._bone_hu = poses, folder, plan, bone_hu
        self._progress = progress
        self._started_from = _SCRATCH if start is None else start.ct_name
        self._targets = targets_near(ct, poses, bone_hu)
        self._views = TrainingViews(ct, poses.widened(_WIDER_DEG, _WIDER_MM), bone_hu=bone_hu, device=device)
        torch.manual_seed(plan.seed)
        network = SceneCoordinateNetwork() if start is None else copy.deepcopy(start.network)
        self._network = network.to(self._views.device)
        self._average = AveragedModel(self._network, avg_fn=_moved_average, use_buffers=True)
        self._optimizer = torch.optim.AdamW(
            self._network.parameters(), lr=plan.learning_rate, weight_decay=_WEIGHT_DECAY, fused=True
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, plan.learning_rate, total_steps=plan.steps + 1, pct_start=_WARM_UP
        )
        self._state = TrainingState(folder, plan, self._poses, self._ct, bone_hu, self._started_from)
        self._step, self._measured, self._seconds = 0, 0, 0.0
        self._best_mm: float | None = None

    def run(self, resume: bool) -> SceneCoordinateModel:
        if resume:
            self._restore()
        held_out = [self._views.held_out(_HELD_OUT, _HELD_OUT_SEED + number) for number in range(_HELD_OUT)]
        # The next views are rendered while the network learns from these.
        with ThreadPoolExecutor(1) as renderer:
            self._learn_all(renderer, held_out)
        self._state.remove()
        return SceneCoordinateModel.load(self._folder, str(self._views.device))

    def _learn_all(self, renderer: Executor, held_out: Sequence[Batch]) -> None:
        since, before = time.monotonic(), self._seconds
        told = "not measured yet"
        upcoming = renderer.submit(self._batch, self._step)
        try:
            while self._step < self._plan.steps or self._is_due:
                if self._is_due:  # where a training goes on, also what was stopped in the middle of it
                    measured = validate(self._averaged, held_out, self._poses, self._targets)
                    told = f"median error {min(measured.median_mm, 999):.1f} mm"
                    self._keep_if_best(measured)
                    if self._plan.goal_mm is not None and measured.median_mm <= self._plan.goal_mm:
                        break
                else:
                    self._progress(f"{self._remaining()}; {told}", self._step / self._plan.steps)
                    batch, upcoming = upcoming.result(), renderer.submit(self._batch, self._step + 1)
                    self._learn(batch)
                    self._step += 1
                    self._seconds = before + time.monotonic() - since
        except BaseException:
            self._save_state()
            raise

    @property
    def _is_due(self) -> bool:
        """Whether the network is to be measured before it learns more."""
        whole = self._step % self._plan.validate_every == 0 or self._step == self._plan.steps
        return whole and self._step > self._measured

    def _learn(self, batch: Batch) -> None:
        self._network.train()
        prediction = self._network(batch.pictures)
        loss = likelihood_loss(prediction, batch.target) + bone_loss(prediction, batch.target)
        if self._hardness(self._step) == 1:
            loss = loss + _POSE_WEIGHT * pose_loss(prediction, batch.target)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), _LARGEST_GRADIENT)
        self._optimizer.step()
        self._schedule.step()
        self._average.update_parameters(self._network)

    def _hardness(self, step: int) -> float:
        if self._started_from != _SCRATCH:
            return 1.0
        return min(1.0, step / (_GROWING_SHARE * self._plan.steps))

    def _batch(self, step: int) -> Batch:
        seed = self._plan.seed * _HELD_OUT_SEED // 10 + step
        return self._views.batch(self._plan.batch, seed, self._hardness(step))

    def _remaining(self) -> str:
        counted = f"Step {self._step + 1} of {self._plan.steps}"
        if self._step == 0:
            return counted
        minutes = self._seconds / self._step * (self._plan.steps - self._step) / 60
        return f"{counted}, {minutes:.0f} min left"

    def _keep_if_best(self, measured: Validation) -> None:
        median_mm = measured.percentiles_mm["50"]
        if self._best_mm is None or median_mm < self._best_mm:
            self._save_model(measured)
            self._best_mm = median_mm
        self._measured = self._step

    def _save_model(self, measured: Validation) -> None:
        report = TrainingReport(
            steps=self._step,
            batch=self._plan.batch,
            seed=self._plan.seed,
            seconds=round(self._seconds, 1),
            started_from=self._started_from,
            mtre_mm={name: round(value, 2) for name, value in measured.percentiles_mm.items()},
            gross_failures=measured.gross_failures,
            views=len(measured.mtre_mm),
        )
        model = SceneCoordinateModel(self._averaged, self._poses, self._ct_name, self._ct, self._bone_hu, report)
        model.save(self._folder, overwrite=True)

    @property
    def _averaged(self) -> SceneCoordinateNetwork:
        return cast(SceneCoordinateNetwork, self._average.module)

    def _save_state(self) -> None:
        self._state.save(
            {
                "step": self._step,
                "measured": self._measured,
                "seconds": self._seconds,
                "best_mm": self._best_mm,
                "network": self._network.state_dict(),
                "average": self._average.state_dict(),
                "optimizer": self._optimizer.state_dict(),
                "schedule": self._schedule.state_dict(),
            }
        )

    def _restore(self) -> None:
        kept = self._state.load(self._views.device)
        self._step, self._measured, self._seconds = kept["step"], kept["measured"], kept["seconds"]
        # Of a model that was taken away since, no better one is waited for.
        self._best_mm = kept["best_mm"] if (self._folder / METADATA).is_file() else None
        for name in ("network", "average", "optimizer", "schedule"):
            getattr(self, f"_{name}").load_state_dict(kept[name])


def _moved_average(average: Tensor, weights: Tensor, steps: Tensor | int) -> Tensor:
    """The exponential moving average after one more step; its memory grows, or it would hold the first weights long."""
    if not average.is_floating_point():  # how many batches a normalisation has seen
        return weights
    kept = min(_EMA, (1 + int(steps)) / (10 + int(steps)))
    return average + (weights - average) * (1 - kept)
