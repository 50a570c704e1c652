"""Training of the reconstruction network, from labelled spines."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch

from xray3d.drr.device import resolve_device
from xray3d.models.bundle import check_bundle_output
from xray3d.models.training.course import Course
from xray3d.models.training.loop import Progress
from xray3d.models.training.plan import TrainingPlan
from xray3d.models.training.session import begun, run_training
from xray3d.reconstruction.lesson import ReconstructionLesson, ReconstructionMeasured
from xray3d.reconstruction.model import KIND, ReconstructionReport, load_network, save_model
from xray3d.reconstruction.network import ReconstructionNetwork
from xray3d.reconstruction.scenes import LabelledSpine
from xray3d.reconstruction.xrayed_spines import XRayedSpines

_HELD_OUT = 24


def train(
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
) -> ReconstructionReport:
    """Train a network and keep the best in a folder.

    Whatever ends the training early, an exception from `progress` included, leaves the best network so far there, and
    beside it `<folder>.training`, from which `resume` goes on.

    Args:
        spines: to learn from, taken one after the other: what is not needed of their CTs is not kept.
        held_out: of other people, to measure on.
        folder: of the model.
        plan: how long and how fast.
        start: folder of a model to begin with; from scratch without.
        progress: told what is being done and the share done; what it raises ends the training.
        resume: go on where a training of the same plan into this folder was stopped.
        overwrite: replace the model that is there.

    Returns:
        What is said of the best network.

    Raises:
        OutputExistsError: there is a model already, or the folder cannot be written.
        VolumeError: no spine to learn from or none to measure on.
        ModelError: no network to begin with, nothing to resume, or a training of something else.
        DeviceError: the device is not there.
    """
    place, plan = Path(folder).absolute(), plan or TrainingPlan(batch=2)
    target = torch.device(str(resolve_device(device)))
    check_bundle_output(place, overwrite or resume)
    network, started_from = begun(plan, start, ReconstructionNetwork, load_network)
    seen = XRayedSpines.of(spines, held_out, plan.seed, device, progress)

    def keep(network: ReconstructionNetwork, measured: ReconstructionMeasured, course: Course) -> None:
        report = ReconstructionReport(**vars(course), measured=measured, cts=list(seen.whose), vertebrae=seen.vertebrae)
        save_model(place, network, report, overwrite=True)

    lesson = ReconstructionLesson(seen.learnt_from, seen.measured_on, _HELD_OUT, plan, keep)
    whose = {"kind": KIND, "spines": seen.whose}
    run_training(lesson, network.to(target), started_from, place, plan, whose, progress, resume)
    return load_network(place)[1]
