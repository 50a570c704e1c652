"""Training of the reconstruction network, from labelled spines."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xray3d.drr.device import resolve_device
from xray3d.errors import VolumeError
from xray3d.models.bundle import METADATA, check_bundle_output
from xray3d.models.fingerprint import CTFingerprint
from xray3d.models.training.course import SCRATCH, Course
from xray3d.models.training.loop import Progress, Training
from xray3d.models.training.plan import TrainingPlan
from xray3d.models.training.state import TrainingState
from xray3d.reconstruction.lesson import ReconstructionLesson, ReconstructionMeasured
from xray3d.reconstruction.model import KIND, ReconstructionReport, load_network, save_model
from xray3d.reconstruction.network import ReconstructionNetwork
from xray3d.reconstruction.scenes import LabelledSpine, SpineViews

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
    started_from, network = _begun(plan, start)
    learnt_from, whose = _seen(spines, plan.seed, 0, device, progress)
    measured_on, _ = _seen(held_out, plan.seed, 1, device, progress)
    if not learnt_from or not measured_on:
        raise VolumeError("There must be a labelled spine to learn from and another to measure on; give both.")

    def keep(network: ReconstructionNetwork, measured: ReconstructionMeasured, course: Course) -> None:
        vertebrae = sum(len(spine.shapes) for spine in learnt_from)
        report = ReconstructionReport(**vars(course), measured=measured, cts=list(whose), vertebrae=vertebrae)
        save_model(place, network, report, overwrite=True)

    lesson = ReconstructionLesson(learnt_from, measured_on, _HELD_OUT, plan, keep)
    state = TrainingState(place, plan, {"kind": KIND, "spines": whose, "started_from": started_from})
    training = Training(lesson, network.to(target), started_from, plan, state, progress)
    if resume:
        training.go_on(has_best=(place / METADATA).is_file())
    training.run()
    return load_network(place)[1]


def _begun(plan: TrainingPlan, start: str | Path | None) -> tuple[str, ReconstructionNetwork]:
    if start is not None:
        network, report = load_network(start)
        return f"{Path(start).absolute().name} after {report.steps} steps", network
    torch.manual_seed(plan.seed)
    return SCRATCH, ReconstructionNetwork()


def _seen(
    spines: Iterable[LabelledSpine], seed: int, part: int, device: str, progress: Progress
) -> tuple[list[SpineViews], dict[str, Any]]:
    """X-rays of each spine; and by the names of their CTs, what tells these from others."""
    views, whose = [], {}
    for number, spine in enumerate(spines):
        progress(f"X-raying spine {number + 1}", 0.0)
        views.append(SpineViews.of(spine, np.random.default_rng([seed, part, number]), device))
        whose[spine.ct.name] = CTFingerprint.of(spine.ct).to_dict()
    return views, whose
