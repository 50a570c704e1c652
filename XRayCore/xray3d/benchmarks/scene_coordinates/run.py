"""`xray3d benchmark scene-coordinates`: poses with no start, beside the figures that others published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from xray3d.benchmarks.model_folders import ModelFolder
from xray3d.benchmarks.patient import data_folder
from xray3d.benchmarks.processes import in_processes
from xray3d.benchmarks.scene_coordinates.outcomes import PartOutcome, PlaceOutcome, joined
from xray3d.benchmarks.scene_coordinates.places import CHEST_FILE, PLACES, KnownPlace, models_of
from xray3d.benchmarks.scene_coordinates.plan import Plan, Wanted
from xray3d.benchmarks.scene_coordinates.rows import place_rows
from xray3d.benchmarks.scene_coordinates.xrays import Part
from xray3d.benchmarks.table import Row

FULL = Plan(whole=900, targets=400, compared=100, others=50, strangers=25)
QUICK = Plan(whole=20, targets=20, compared=20, others=10, strangers=5)

Job = tuple[KnownPlace, ModelFolder, Path, Part, Wanted]


def run(quick: bool, report: Callable[[str], None]) -> list[Row]:
    """All rows; visibly skipped where CTs or models are not at hand.

    Raises:
        ModelError: a folder that should hold a model holds none, or one for another CT.
    """
    files = sorted({CHEST_FILE, *(known.place.file for known in PLACES)})
    missing = [file for file in files if not (data_folder() / file).exists()]
    if missing:
        return [Row("scene coordinates", f"skipped: no {', '.join(missing)}; set XRAY3D_DATA to their folder", "")]
    plan = QUICK if quick else FULL
    jobs = [job for known in PLACES for job in _jobs(known, plan)]
    measured = _measured(jobs, report)
    return place_rows([(known, _of_place(known, measured)) for known in PLACES], plan.targets)


def _jobs(known: KnownPlace, plan: Plan) -> Iterator[Job]:
    """All that there is to measure at a place, model after model."""
    models = models_of(known)
    scratch, main = [models.scratch] if models.scratch else [], [models.main] if models.main else []
    for folders, parts in (
        (main, [*plan.of_main(known.has_ablation)]),
        (scratch, [*plan.of_scratch()]),
        (models.ablation, [*plan.of_ablation()]),
    ):
        for folder in folders:
            for part, wanted in parts:
                yield known, folder, data_folder(), part, wanted


def _measured(jobs: Sequence[Job], report: Callable[[str], None]) -> Mapping[Path, PartOutcome]:
    """What was measured of each model, by its folder."""
    if not jobs:
        return {}
    from xray3d.benchmarks.scene_coordinates.measuring import run_part  # deferred: it needs torch, other rows do not

    report("X-rays and registrations")
    outcomes = in_processes(
        run_part, jobs, lambda done: report(f"X-rays and registrations: {done} of {len(jobs)} parts done")
    )
    of_models = defaultdict(list)
    for (_, model, *_), outcome in zip(jobs, outcomes, strict=True):
        of_models[model.path].append(outcome)
    return {path: joined(parts) for path, parts in of_models.items()}


def _of_place(known: KnownPlace, measured: Mapping[Path, PartOutcome]) -> PlaceOutcome:
    models = models_of(known)
    scratch = measured[models.scratch.path].variants("from scratch")[0] if models.scratch else None
    return PlaceOutcome(
        main=measured[models.main.path] if models.main else None,
        scratch=scratch,
        ablation=tuple(
            variant for folder in models.ablation for variant in measured[folder.path].variants(folder.path.name)
        ),
    )
