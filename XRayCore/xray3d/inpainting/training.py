"""Training of both networks, from CTs and real radiographs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from xray3d.datasets.radiographs import Radiograph
from xray3d.drr.device import resolve_device
from xray3d.errors import VolumeError
from xray3d.inpainting.lesson import InpaintingLesson, InpaintingMeasured
from xray3d.inpainting.model import KIND, InpaintingModel, InpaintingReport
from xray3d.inpainting.network import InpaintingNetworks
from xray3d.inpainting.pair_source import PairSource
from xray3d.inpainting.scenes import make_scenes
from xray3d.models.bundle import METADATA, check_bundle_output
from xray3d.models.fingerprint import CTFingerprint
from xray3d.models.training.course import SCRATCH, Course
from xray3d.models.training.loop import Progress, Training
from xray3d.models.training.plan import TrainingPlan
from xray3d.models.training.state import TrainingState
from xray3d.volumes import CTVolume

VIEWS_OF_ONE = 120
"""Of each patient: enough, since every crop of one has another look."""

_HELD_OUT_VIEWS, _HELD_OUT = 12, 64


def train(
    patients: Sequence[CTVolume],
    radiographs: Sequence[Radiograph],
    folder: str | Path,
    plan: TrainingPlan | None = None,
    *,
    views_of_one: int = VIEWS_OF_ONE,
    device: str = "cpu",
    progress: Progress = lambda doing, done: None,
    resume: bool = False,
    overwrite: bool = False,
) -> InpaintingModel:
    """Train a model and keep the best in `folder`.

    Whatever ends the training early, an exception from `progress` included, leaves the best model so far there, and
    beside it `<folder>.training`, from which `resume` goes on.

    Args:
        patients: CTs of spines.
        radiographs: real ones without metal, or none; those of the part "validation" are measured on, those of the part
            "test" not looked at.
        plan: how long and how fast.
        views_of_one: so many of each patient.
        progress: told what is being done and the share done; what it raises ends the training.
        resume: go on where a training of the same plan into this folder was stopped.
        overwrite: replace the model that is there.

    Raises:
        OutputExistsError: a model is there already, or the folder cannot be written.
        VolumeError: no patient, one whose spine takes no screw, or radiographs of which none is to be measured on.
        ModelError: nothing to resume, or a training of something else.
        DeviceError: the device is not there.
    """
    place, plan = Path(folder).absolute(), plan or TrainingPlan()
    target = torch.device(str(resolve_device(device)))
    check_bundle_output(Path(folder), overwrite or resume)
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
        PairSource(of_part, [one.pixels() for one in real])
        for of_part, real in zip(scenes.parted(len(patients), views_of_one), (learnt_from, measured_on), strict=True)
    )

    def keep(networks: InpaintingNetworks, measured: InpaintingMeasured, course: Course) -> None:
        report = InpaintingReport(
            **vars(course),
            **vars(measured),
            cts=[ct.name for ct in patients],
            radiographs=len(learnt_from),
            radiograph_patients=len({one.patient for one in learnt_from}),
        )
        InpaintingModel(networks, report).save(place, overwrite=True)

    torch.manual_seed(plan.seed)
    networks = InpaintingNetworks().to(target)
    whose = {
        "kind": KIND,
        "patients": [CTFingerprint.of(ct).to_dict() for ct in patients],
        "radiographs": sorted(one.name for one in radiographs),
        "views": views_of_one,
    }
    lesson = InpaintingLesson(source, held_out, _HELD_OUT, plan, keep)
    training = Training(lesson, networks, SCRATCH, plan, TrainingState(place, plan, whose), progress)
    if resume:
        training.go_on(has_best=(place / METADATA).is_file())
    training.run()
    return InpaintingModel.load(place, device)
