"""The measurements at one place: every X-ray is placed by the models, and by the main one registered as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.registration.anatomies import load_anatomy
from xray3d.benchmarks.scene_coordinates.outcomes import MainOutcome, PlaceOutcome, Stranger, Trial, Variant
from xray3d.benchmarks.scene_coordinates.places import KnownPlace, Models
from xray3d.benchmarks.scene_coordinates.plain_ransac import pose_by_plain_ransac
from xray3d.benchmarks.scene_coordinates.surface import VisibleBone
from xray3d.benchmarks.scene_coordinates.xrays import Case, Plan, take_cases, take_strangers
from xray3d.datasets.pose_range import PoseRange
from xray3d.errors import XRay3DError
from xray3d.geometry import Projection
from xray3d.registration.metrics import PoseError, mean_target_registration_error, pose_error
from xray3d.registration.register import Registrar
from xray3d.registration.result import RegistrationResult, Verdict
from xray3d.registration.scene_regression.locating import Located, Locator
from xray3d.registration.scene_regression.model import SceneCoordinateModel
from xray3d.registration.scene_regression.registering import register_with_model
from xray3d.volumes import CTVolume, XRayImage

Mask = NDArray[np.bool_]
_BY_RANSAC = "poses by plain RANSAC, all pixels alike"


@dataclass(frozen=True, eq=False)
class _Subject:
    """A patient and the X-rays of one place; the volume that they were taken of is not kept."""

    ct: CTVolume
    targets_ras: NDArray[np.float64]
    poses: PoseRange
    cases: Sequence[Case]

    @property
    def whole(self) -> list[Case]:
        return [case for case in self.cases if case.condition == "whole view"]

    def error(self, found: Projection, case: Case) -> PoseError:
        return pose_error([found], [case.xray.projection], self.targets_ras)

    def mtre_mm(self, found: Sequence[Projection | None], cases: Sequence[Case]) -> tuple[float, ...]:
        """Of the first so many cases; infinite without a pose. Projections may be of another size than the X-rays."""
        return tuple(
            np.inf if one is None else mean_target_registration_error([one], [case.xray.projection], self.targets_ras)
            for one, case in zip(found, cases, strict=False)
        )


def run_place(known: KnownPlace, models: Models, data_folder: Path, plan: Plan) -> PlaceOutcome:
    """All that is measured at a place.

    Raises:
        ModelError: a folder that holds no model, or one for another CT.
    """
    main, started = _loaded(models.main), _loaded(models.started)
    ablation = {folder.name: SceneCoordinateModel.load(folder) for folder in models.ablation}
    if main is None:  # of the others only poses of whole views are measured
        plan = replace(plan, whole=plan.targets, local=0, screws=0, strangers=0)
    strangers = take_strangers(data_folder, plan.strangers) if plan.strangers else []
    subject = _subject(known, data_folder, plan, [model for model in (main, started, *ablation.values()) if model])
    return PlaceOutcome(
        main=None if main is None else _measure(main, subject, strangers, plan, known.has_ablation),
        started=None if started is None else _variant(known.model, started, subject.whole[: plan.targets], subject),
        ablation=tuple(
            variant
            for name, model in ablation.items()
            for variant in _of_ablation(name, model, subject.whole[: plan.compared], subject)
        ),
    )


def _loaded(folder: Path | None) -> SceneCoordinateModel | None:
    return None if folder is None else SceneCoordinateModel.load(folder)


def _subject(known: KnownPlace, data_folder: Path, plan: Plan, models: Iterable[SceneCoordinateModel]) -> _Subject:
    anatomy = load_anatomy(known.place, data_folder)
    for model in models:
        model.require_ct(anatomy.ct)
    poses = PoseRange(known.place.isocenter_ras)
    return _Subject(anatomy.ct, anatomy.targets_ras, poses, take_cases(anatomy, poses, plan))


def _measure(
    model: SceneCoordinateModel,
    subject: _Subject,
    strangers: Sequence[tuple[Stranger, XRayImage]],
    plan: Plan,
    with_simpler: bool,
) -> MainOutcome:
    registrar, locator = Registrar(subject.ct), Locator(model, subject.ct)
    trials: list[Trial] = []
    seen: list[Located | None] = []
    for case in subject.cases:
        located, result = _register(registrar, locator, case.xray, case.mask)
        trials.append(
            Trial(
                case.condition,
                None if located is None else subject.error(located.projections[0], case),
                None if result is None else subject.error(result.projections[0], case),
                "failed" if result is None else result.verdict,
            )
        )
        if len(seen) < plan.compared:
            seen.append(located)
    return MainOutcome(
        report=model.report,
        trials=tuple(trials),
        surface_mm=_from_surface_mm(model, subject, seen),
        strangers=tuple((kind, _verdict(registrar, locator, xray)) for kind, xray in strangers),
        simpler=_simpler(model, subject, seen) if with_simpler else (),
    )


def _register(
    registrar: Registrar, locator: Locator, xray: XRayImage, mask: Mask | None = None
) -> tuple[Located | None, RegistrationResult | None]:
    """What the model says, and the registration from there; None for what was refused."""
    masks = [mask]
    try:
        registration = register_with_model(registrar, locator, [xray], masks=masks)
    except XRay3DError:  # such as a pose from which the CT is out of view
        return _locate(locator, xray, masks), None
    return registration.located, None if registration.located is None else registration.result


def _locate(locator: Locator, xray: XRayImage, masks: Sequence[Mask | None] | None = None) -> Located | None:
    try:
        return locator.locate([xray], masks)
    except XRay3DError:  # it recognises nothing
        return None


def _verdict(registrar: Registrar, locator: Locator, xray: XRayImage) -> Verdict:
    _, result = _register(registrar, locator, xray)
    return "failed" if result is None else result.verdict


def _from_surface_mm(
    model: SceneCoordinateModel, subject: _Subject, seen: Sequence[Located | None]
) -> NDArray[np.float64]:
    """(n,) mm, of the entry and exit points of all pixels that the model calls valid."""
    maps = [of_view for located in seen if located is not None for of_view in located.maps]
    points = [at[of_view.valid] for of_view in maps for at in (of_view.entry_ras, of_view.exit_ras)]
    if not points:
        return np.empty(0)
    return VisibleBone(subject.ct, model.bone_hu, subject.poses).distances_mm(np.concatenate(points))


def _variant(name: str, model: SceneCoordinateModel, cases: Sequence[Case], subject: _Subject) -> Variant:
    return _placed(name, model, _seen(model, cases, subject), cases, subject)


def _of_ablation(name: str, model: SceneCoordinateModel, cases: Sequence[Case], subject: _Subject) -> Iterator[Variant]:
    """A model's poses; of one that only recognises also those that were published."""
    seen = _seen(model, cases, subject)
    yield _placed(name, model, seen, cases, subject)
    if not model.network.compares:
        yield Variant(f"{name}, {_BY_RANSAC}", model.report, subject.mtre_mm(_by_ransac(seen), cases))


def _seen(model: SceneCoordinateModel, cases: Sequence[Case], subject: _Subject) -> list[Located | None]:
    locator = Locator(model, subject.ct)
    return [_locate(locator, case.xray) for case in cases]


def _placed(
    name: str, model: SceneCoordinateModel, seen: Sequence[Located | None], cases: Sequence[Case], subject: _Subject
) -> Variant:
    found = [None if one is None else one.projections[0] for one in seen]
    return Variant(name, model.report, subject.mtre_mm(found, cases))


def _by_ransac(seen: Sequence[Located | None]) -> list[Projection | None]:
    return [
        None if located is None else pose_by_plain_ransac(located.maps[0], located.pose.projections[0])
        for located in seen
    ]


def _simpler(model: SceneCoordinateModel, subject: _Subject, seen: Sequence[Located | None]) -> tuple[Variant, ...]:
    """Poses to begin with, poses that are only recognised, and those from the last comparison's maps by plain RANSAC as
    it was published.

    An X-ray that the model does not recognise has none of them.
    """
    placed = [None if located is None else located.placed for located in seen]
    likeliest = [None if one is None or one.candidate is None else one.candidate[0] for one in placed]
    recognised = [None if one is None or one.recognised is None else one.recognised.projections[0] for one in placed]
    named = {
        "likeliest to begin with, matched or recognised, not compared": likeliest,
        "recognised alone, not compared": recognised,
        _BY_RANSAC: _by_ransac(seen),
    }
    return tuple(Variant(name, model.report, subject.mtre_mm(found, subject.whole)) for name, found in named.items())
