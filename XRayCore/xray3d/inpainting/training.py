"""Training of one network of a model, from CTs and real radiographs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from xray3d.datasets.radiographs import Radiograph
from xray3d.drr.device import resolve_device
from xray3d.errors import VolumeError
from xray3d.inpainting.finding_lesson import FindingLesson, FindingMeasured
from xray3d.inpainting.instrumented import Instrumented
from xray3d.inpainting.model import InpaintingReport, NetworkName, kind_of, load_network, new_network, save_network_of
from xray3d.inpainting.painting_lesson import PaintingLesson, PaintingMeasured
from xray3d.inpainting.scenes import make_scenes
from xray3d.models.bundle import check_bundle_output
from xray3d.models.fingerprint import CTFingerprint
from xray3d.models.training.course import Course
from xray3d.models.training.loop import Progress
from xray3d.models.training.plan import TrainingPlan
from xray3d.models.training.session import begun, run_training
from xray3d.volumes import CTVolume

VIEWS_OF_ONE = 120
"""Of each patient: enough, since every part of one has another look."""

_HELD_OUT_VIEWS = 12
_LESSONS: dict[NetworkName, type[Any]] = {
    "finder": FindingLesson,
    "painter": PaintingLesson,
}


def train(
    name: NetworkName,
    patients: Sequence[CTVolume],
    radiographs: Sequence[Radiograph],
    folder: str | Path,
    plan: TrainingPlan | None = None,
    *,
    views_of_one: int = VIEWS_OF_ONE,
    start: str | Path | None = None,
    device: str = "cpu",
    progress: Progress = lambda doing, done: None,
    resume: bool = False,
    overwrite: bool = False,
) -> InpaintingReport:
    """Train one network of a model and keep the best in `folder`, under its name.

    Whatever ends the training early, an exception from `progress` included, leaves the best network so far there, and
    beside it `<name>.training`, from which `resume` goes on.

    Args:
        name: "finder" or "painter".
        patients: CTs of spines.
        radiographs: real ones without metal, or none; those of the part "validation" are measured on, those of the part
            "test" not looked at.
        folder: of the model; the other network in it stays as it is.
        plan: how long and how fast.
        views_of_one: so many of each patient.
        start: folder of a model whose network of that name is what to begin with; from scratch without.
        progress: told what is being done and the share done; what it raises ends the training.
        resume: go on where a training of the same plan into this folder was stopped.
        overwrite: replace the network that is there.

    Returns:
        What is said of the best network.

    Raises:
        OutputExistsError: there is one already, or the folder cannot be written.
        VolumeError: no patient, one whose spine takes no screw, or radiographs of which none is to be measured on.
        ModelError: no network to begin with, nothing to resume, or a training of something else.
        DeviceError: the device is not there.
    """
    place, plan, lesson_of = Path(folder).absolute() / name, plan or TrainingPlan(), _LESSONS[name]
    target = torch.device(str(resolve_device(device)))
    # A model's folder may be new; that in which it lies is not.
    check_bundle_output(place if place.parent.exists() else place.parent, overwrite or resume)
    if not patients:
        raise VolumeError("There is no CT to learn from; give at least one.")
    learnt_from, measured_on = ([one for one in radiographs if one.part == part] for part in ("training", "validation"))
    if bool(learnt_from) != bool(measured_on):
        raise VolumeError("The radiographs are of too few patients to keep some for measuring; give more of them.")
    scenes = make_scenes(
        patients,
        views_of_one + _HELD_OUT_VIEWS,
        plan.seed,
        device,
        lambda done: progress("X-raying the patients", done),
    )
    source, held_out = (
        Instrumented(of_part, [one.pixels() for one in real], lesson_of.clipped)
        for of_part, real in zip(scenes.parted(len(patients), views_of_one), (learnt_from, measured_on), strict=True)
    )

    def keep(network: Any, measured: FindingMeasured | PaintingMeasured, course: Course) -> None:
        report = InpaintingReport(
            **vars(course),
            measured=vars(measured),
            cts=[ct.name for ct in patients],
            radiographs=len(learnt_from),
            radiograph_patients=len({one.patient for one in learnt_from}),
        )
        save_network_of(place.parent, name, network, report)

    network, started_from = begun(plan, start, lambda: new_network(name), lambda folder: load_network(folder, name))
    whose = {
        "kind": kind_of(name),
        "patients": [CTFingerprint.of(ct).to_dict() for ct in patients],
        "radiographs": sorted(one.name for one in radiographs),
        "views": views_of_one,
    }
    lesson = lesson_of(source, held_out, lesson_of.held_out_count, plan, keep)
    run_training(lesson, network.to(target), started_from, place, plan, whose, progress, resume)
    return load_network(place.parent, name)[1]
