"""The measurements: a model places X-rays, and where that is asked for they are registered from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.model_folders import ModelFolder
from xray3d.benchmarks.registration.anatomies import Anatomy, Place, load_anatomy
from xray3d.benchmarks.scene_coordinates.outcomes import PartOutcome, Stranger, Trial
from xray3d.benchmarks.scene_coordinates.places import KnownPlace
from xray3d.benchmarks.scene_coordinates.plain_ransac import pose_by_plain_ransac
from xray3d.benchmarks.scene_coordinates.plan import Wanted
from xray3d.benchmarks.scene_coordinates.surface import VisibleBone
from xray3d.benchmarks.scene_coordinates.xrays import Case, Part, take_cases, take_strangers
from xray3d.datasets.pose_range import PoseRange
from xray3d.drr import DRRRenderer
from xray3d.errors import XRay3DError
from xray3d.geometry import Projection
from xray3d.registration.metrics import PoseError, mean_target_registration_error, pose_error
from xray3d.registration.register import Registrar
from xray3d.registration.result import RegistrationResult
from xray3d.registration.scene_regression.locating import Located, Locator
from xray3d.registration.scene_regression.model import SceneCoordinateModel
from xray3d.registration.scene_regression.registering import register_with_model

BY_RANSAC = "poses by plain RANSAC, all pixels alike"
MATCHED = "matched with DRRs, not compared"


@dataclass(frozen=True, eq=False)
class _Subject:
    """A patient, ready to be X-rayed and registered to."""

    anatomy: Anatomy

    @cached_property
    def renderer(self) -> DRRRenderer:
        return DRRRenderer(self.anatomy.xrayed)

    @cached_property
    def registrar(self) -> Registrar:
        return Registrar(self.anatomy.ct)

    @property
    def poses(self) -> PoseRange:
        return PoseRange(self.anatomy.place.isocenter_ras)

    def error(self, found: Projection, case: Case) -> PoseError:
        return pose_error([found], [case.xray.projection], self.anatomy.targets_ras)

    def mtre_mm(self, found: Sequence[Projection | None], cases: Sequence[Case]) -> tuple[float, ...]:
        """Infinite without a pose. Projections may be of another size than the X-rays."""
        targets = self.anatomy.targets_ras
        return tuple(
            np.inf if one is None else mean_target_registration_error([one], [case.xray.projection], targets)
            for one, case in zip(found, cases, strict=True)
        )


# Parts of one place and one model are measured one after the other.
@lru_cache(maxsize=1)
def _subject(place: Place, data_folder: Path) -> _Subject:
    return _Subject(load_anatomy(place, data_folder))


@lru_cache(maxsize=1)
def _locator(subject: _Subject, model: ModelFolder) -> Locator:
    """Raises ModelError unless there is a model, and of this place's CT."""
    return Locator(SceneCoordinateModel.load(model.path), subject.anatomy.ct)


def run_part(known: KnownPlace, model: ModelFolder, data_folder: Path, part: Part, wanted: Wanted) -> PartOutcome:
    """What a model makes of some X-rays of a place.

    Raises:
        ModelError: a folder that holds no model, or one for another CT.
    """
    subject = _subject(known.place, data_folder)
    locator = _locator(subject, model)
    if part.condition in get_args(Stranger):
        cases = take_strangers(data_folder, part)
    else:
        cases = take_cases(subject.anatomy, subject.renderer, subject.poses, part)
    seen, trials = zip(*_tried(subject, locator, cases, wanted), strict=True)
    return PartOutcome(
        report=locator.model.report,
        trials=trials,
        surface_mm=_from_surface_mm(locator.model, subject, seen) if wanted.surface else np.empty(0),
        simpler=_simpler(subject, seen, cases, wanted),
    )


def _tried(
    subject: _Subject, locator: Locator, cases: Sequence[Case], wanted: Wanted
) -> Iterator[tuple[Located | None, Trial]]:
    for case in cases:
        result: RegistrationResult | None = None
        if wanted.registered:
            located, result = _register(subject.registrar, locator, case)
        else:
            located = _locate(locator, case)
        has_truth = case.condition not in get_args(Stranger)
        yield (
            located,
            Trial(
                case.condition,
                subject.error(located.projections[0], case) if located is not None and has_truth else None,
                subject.error(result.projections[0], case) if result is not None and has_truth else None,
                "failed" if result is None else result.verdict,
            ),
        )


def _register(registrar: Registrar, locator: Locator, case: Case) -> tuple[Located | None, RegistrationResult | None]:
    """What the model says, and the registration from there; None for what was refused."""
    try:
        registration = register_with_model(registrar, locator, [case.xray], masks=[case.mask])
    except XRay3DError:  # such as a pose from which the CT is out of view
        return _locate(locator, case), None
    return registration.located, None if registration.located is None else registration.result


def _locate(locator: Locator, case: Case) -> Located | None:
    try:
        return locator.locate([case.xray], [case.mask])
    except XRay3DError:  # it recognises nothing
        return None


def _from_surface_mm(
    model: SceneCoordinateModel, subject: _Subject, seen: Sequence[Located | None]
) -> NDArray[np.float64]:
    """(n,) mm, of the entry and exit points of all pixels that the model calls valid."""
    maps = [of_view for located in seen if located is not None for of_view in located.maps]
    points = [at[of_view.valid] for of_view in maps for at in (of_view.entry_ras, of_view.exit_ras)]
    if not points:
        return np.empty(0)
    return _visible_bone(subject, model.bone_hu).distances_mm(np.concatenate(points))


@lru_cache(maxsize=1)
def _visible_bone(subject: _Subject, bone_hu: float) -> VisibleBone:
    return VisibleBone(subject.anatomy.ct, bone_hu, subject.poses)


def _simpler(
    subject: _Subject, seen: Sequence[Located | None], cases: Sequence[Case], wanted: Wanted
) -> Mapping[str, tuple[float, ...]]:
    """Poses found in simpler ways; an X-ray that the model does not recognise has none of them."""
    ways = {BY_RANSAC: _by_ransac} if wanted.ransac else {}
    if wanted.matched:
        ways[MATCHED] = _matched
    return {
        name: subject.mtre_mm([None if located is None else way(located) for located in seen], cases)
        for name, way in ways.items()
    }


def _by_ransac(located: Located) -> Projection | None:
    return pose_by_plain_ransac(located.maps[0], located.pose.projections[0])


def _matched(located: Located) -> Projection | None:
    return None if located.placed.candidate is None else located.placed.candidate[0]
