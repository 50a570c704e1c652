"""Training of the networks that learn from labelled spines: what reconstructs vertebrae, and what finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from xray3d.drr.device import resolve_device
from xray3d.models.bundle import check_bundle_output
from xray3d.models.training.course import Course
from xray3d.models.training.loop import Progress
from xray3d.models.training.plan import TrainingPlan
from xray3d.models.training.session import begun, run_training
from xray3d.reconstruction import model
from xray3d.reconstruction.lesson import ReconstructionLesson
from xray3d.reconstruction.level_finding import model as levels_model
from xray3d.reconstruction.level_finding.lesson import LevelLesson
from xray3d.reconstruction.level_finding.network import LevelNetwork
from xray3d.reconstruction.network import ReconstructionNetwork
from xray3d.reconstruction.scenes import LabelledSpine
from xray3d.reconstruction.xrayed_spines import XRayedSpines


@dataclass(frozen=True)
class Trainee:
    """A kind of network.

    Attributes:
        kind: what its folder says that it is.
        new: makes one that has not learnt anything.
        lesson: what it learns.
        report: what is said of one that has.
        load, save: its folder, read and written.
        held_out: so many examples are measured on.
        batch: so many are shown at a step, usually.
        learning_rate: the highest, usually.
    """

    kind: str
    new: Callable[[], Any]
    lesson: type[Any]
    report: type[Any]
    load: Callable[..., tuple[Any, Any]]
    save: Callable[..., None]
    held_out: int
    batch: int
    learning_rate: float

    def plan(self, steps: int, seed: int = 0, validate_every: int = TrainingPlan.validate_every) -> TrainingPlan:
        """The usual one of so many steps."""
        return TrainingPlan(steps, self.batch, self.learning_rate, validate_every, seed)


RECONSTRUCTION = Trainee(
    model.KIND,
    ReconstructionNetwork,
    ReconstructionLesson,
    model.ReconstructionReport,
    model.load_network,
    model.save_model,
    held_out=24,
    batch=2,
    learning_rate=3e-3,
)
LEVELS = Trainee(
    levels_model.KIND,
    LevelNetwork,
    LevelLesson,
    levels_model.LevelReport,
    levels_model.load_network,
    levels_model.save_model,
    held_out=128,
    batch=8,
    learning_rate=1e-3,
)


def train(
    trainee: Trainee,
    spines: Iterable[LabelledSpine],
    held_out: Iterable[LabelledSpine],
    folder: str | Path,
    plan: TrainingPlan | None = None,
    *,
    start: str | Path | None = None,
    device: str = "cpu",
    progress: Progress = lambda doing, done: None,
    resume: bool = False,
    overwrite: bool = False,
) -> Any:
    """Train a network and keep the best in a folder.

    Whatever ends the training early, an exception from `progress` included, leaves the best network so far there, and
    beside it `<folder>.training`, from which `resume` goes on.

    Args:
        trainee: `RECONSTRUCTION` or `LEVELS`.
        spines: to learn from, taken one after the other: what is not needed of their CTs is not kept.
        held_out: of other people, to measure on.
        folder: of the model.
        plan: how long and how fast.
        start: folder of a model to begin with; from scratch without.
        progress: told what is being done and the share done; what it raises ends the training.
        resume: go on where a training of the same plan into this folder was stopped.
        overwrite: replace the model that is there.

    Returns:
        What is said of the best network, a `ReconstructionReport` or `LevelReport`.

    Raises:
        OutputExistsError: there is a model already, or the folder cannot be written.
        VolumeError: no spine to learn from or none to measure on.
        ModelError: no network to begin with, nothing to resume, or a training of something else.
        DeviceError: the device is not there.
    """
    place, plan = Path(folder).absolute(), plan or trainee.plan(TrainingPlan.steps)
    target = torch.device(str(resolve_device(device)))
    check_bundle_output(place, overwrite or resume)
    network, started_from = begun(plan, start, trainee.new, trainee.load)
    seen = XRayedSpines.of(spines, held_out, plan.seed, device, progress)

    def keep(network: Any, measured: Any, course: Course) -> None:
        report = trainee.report(**vars(course), measured=measured, cts=list(seen.whose), vertebrae=seen.vertebrae)
        trainee.save(place, network, report, overwrite=True)

    lesson = trainee.lesson(seen.learnt_from, seen.measured_on, trainee.held_out, plan, keep)
    whose = {"kind": trainee.kind, "spines": seen.whose}
    run_training(lesson, network.to(target), started_from, place, plan, whose, progress, resume)
    return trainee.load(place)[1]
