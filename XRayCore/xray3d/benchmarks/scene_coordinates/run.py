"""`xray3d benchmark scene-coordinates`: poses with no start, beside the figures that others published."""

from __future__ import annotations

from collections.abc import Callable

from xray3d.benchmarks.patient import data_folder
from xray3d.benchmarks.processes import in_processes
from xray3d.benchmarks.scene_coordinates.outcomes import PlaceOutcome
from xray3d.benchmarks.scene_coordinates.places import CHEST_FILE, PLACES, models_of
from xray3d.benchmarks.scene_coordinates.rows import place_rows
from xray3d.benchmarks.scene_coordinates.xrays import Plan
from xray3d.benchmarks.table import Row

FULL = Plan(whole=900, targets=400, compared=100, local=100, screws=100, strangers=50)
QUICK = Plan(whole=20, targets=20, compared=20, local=10, screws=10, strangers=5)
_NOTHING = PlaceOutcome(None, None, ())


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
    measured = _measured(plan, report)
    outcomes = [(known, measured.get(known.model, _NOTHING)) for known in PLACES]
    return place_rows(outcomes, plan.targets)


def _measured(plan: Plan, report: Callable[[str], None]) -> dict[str, PlaceOutcome]:
    """What there was to measure, by the name of the place's model."""
    jobs = {known.model: (known, models, data_folder(), plan) for known in PLACES if (models := models_of(known)).any}
    if not jobs:
        return {}
    from xray3d.benchmarks.scene_coordinates.measuring import run_place  # deferred: it needs torch, other rows do not

    report(f"X-rays and registrations at {len(jobs)} places")
    outcomes = in_processes(
        run_place,
        list(jobs.values()),
        lambda done: report(f"X-rays and registrations: {done} of {len(jobs)} places done"),
    )
    return dict(zip(jobs, outcomes, strict=True))
