"""Training for one patient, live from the renderer, or for several, for others to begin with."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import torch

from xray3d.datasets.pose_range import PoseRange
from xray3d.drr.scene_coordinates import BONE_THRESHOLD_HU
from xray3d.errors import XRay3DError
from xray3d.models.bundle import check_bundle_output
from xray3d.models.training.course import SCRATCH
from xray3d.models.training.loop import Progress
from xray3d.models.training.session import run_training
from xray3d.registration.scene_regression.lesson import Keep, SceneLesson
from xray3d.registration.scene_regression.model import SceneCoordinateModel, TrainingReport
from xray3d.registration.scene_regression.network import NETWORKS, SceneCoordinateNetwork
from xray3d.registration.scene_regression.plan import TrainingPlan
from xray3d.registration.scene_regression.recipe import Recipe
from xray3d.registration.scene_regression.start import SceneCoordinateStart
from xray3d.registration.scene_regression.subject import Subject
from xray3d.volumes import CTVolume

# X-rays that a network is measured on: enough to tell two networks apart, and done in a minute; and at least so many of
# each of several patients.
_HELD_OUT, _LEAST_HELD_OUT = 24, 4


def train(
    ct: CTVolume,
    poses: PoseRange,
    folder: str | Path,
    plan: TrainingPlan | None = None,
    *,
    start: SceneCoordinateStart | None = None,
    recipe: Recipe | None = None,
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
        start: what to begin with; None for a network that knows nothing.
        recipe: what is learnt; None for all that helps.
        bone_hu: what counts as bone.
        progress: told what is being done and the share done; what it raises ends the training.
        resume: go on where a training of the same plan into this folder was stopped.
        overwrite: replace the model that is there.

    Raises:
        OutputExistsError: a model is there already, or the folder cannot be written.
        VolumeError: no bone above the threshold where the C-arm aims.
        ModelError: nothing to resume, or a training of another CT, pose range or plan.
        DeviceError: the device is not there.
        XRay3DError: neither a start nor steps.
    """
    place, plan, recipe = Path(folder).absolute(), plan or TrainingPlan(), recipe or Recipe()
    if start is None and not plan.steps:
        raise XRay3DError("A training of no steps needs something to begin with; give a start, or some steps.")
    check_bundle_output(Path(folder), overwrite or resume)
    progress("Preparing the CT", 0.0)
    subject = Subject(ct, poses, bone_hu, device, _HELD_OUT, recipe.appearance)

    def keep(network: SceneCoordinateNetwork, report: TrainingReport) -> None:
        SceneCoordinateModel(network, poses, ct.name, subject.ct, bone_hu, report).save(place, overwrite=True)

    _run([subject], place, plan, recipe, start, bone_hu, keep, progress, resume)
    return SceneCoordinateModel.load(place, device)


def pretrain(
    patients: Sequence[tuple[CTVolume, PoseRange]],
    folder: str | Path,
    plan: TrainingPlan | None = None,
    *,
    bone_hu: float = BONE_THRESHOLD_HU,
    device: str = "cpu",
    progress: Progress = lambda doing, done: None,
    resume: bool = False,
    overwrite: bool = False,
) -> SceneCoordinateStart:
    """Train on several patients, and keep the best in `folder`: what trainings for others may begin with.

    Args:
        patients: CTs, and from where X-rays of them are taken.
        bone_hu, progress, resume, overwrite: as those of `train`.

    Raises:
        OutputExistsError, VolumeError, ModelError, DeviceError: as `train`.
    """
    place, plan = Path(folder).absolute(), plan or TrainingPlan()
    check_bundle_output(Path(folder), overwrite or resume)
    progress("Preparing the CTs", 0.0)
    held_out = max(_LEAST_HELD_OUT, _HELD_OUT // len(patients))
    subjects = [Subject(ct, poses, bone_hu, device, held_out) for ct, poses in patients]
    names = [ct.name for ct, _ in patients]

    def keep(network: SceneCoordinateNetwork, report: TrainingReport) -> None:
        SceneCoordinateStart(network, f"{len(set(names))} CTs").save(place, names, report, overwrite=True)

    _run(subjects, place, plan, Recipe(), None, bone_hu, keep, progress, resume)
    return SceneCoordinateStart.load(place, device)


def _run(
    subjects: Sequence[Subject],
    folder: Path,
    plan: TrainingPlan,
    recipe: Recipe,
    start: SceneCoordinateStart | None,
    bone_hu: float,
    keep: Keep,
    progress: Progress,
    resume: bool,
) -> None:
    started_from = SCRATCH if start is None else start.name
    of_patients = [{"ct": subject.ct.to_dict(), "poses": subject.poses.to_dict()} for subject in subjects]
    whose = {"patients": of_patients, "bone_hu": bone_hu, "recipe": recipe.name}
    torch.manual_seed(plan.seed)
    network = NETWORKS[recipe.compares]() if start is None else copy.deepcopy(start.network)
    lesson = SceneLesson(subjects, started_from, plan, recipe, keep)
    network = network.to(subjects[0].views.patient.device)
    run_training(lesson, network, started_from, folder, plan, whose, progress, resume)
