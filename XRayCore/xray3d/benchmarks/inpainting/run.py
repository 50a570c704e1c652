"""`xray3d benchmark inpainting`: metal found and painted out, beside methods that learn nothing, and what that is worth
to a registration.

Pages of X-rays before and after are written where results are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from xray3d.benchmarks.inpainting.cases import PATIENTS, RADIOGRAPHS, TestSet
from xray3d.benchmarks.inpainting.plan import FULL, QUICK, Plan
from xray3d.benchmarks.kept import kept, kept_folder
from xray3d.benchmarks.model_folders import model_folder
from xray3d.benchmarks.patient import data_folder
from xray3d.benchmarks.processes import in_processes
from xray3d.benchmarks.table import Row

if TYPE_CHECKING:  # other benchmarks need not load torch
    from xray3d.benchmarks.inpainting.outcomes import CaseOutcome

Report = Callable[[str], None]
Outcome = TypeVar("Outcome")

# Radiographs without metal that are looked at in one go.
_AT_ONCE = 75


def run(quick: bool, report: Report) -> list[Row]:
    """All rows; visibly skipped where CTs, radiographs or the model are not at hand.

    The X-ray that is timed comes first, while the machine does nothing else; what only results count of then shares
    the cores.
    """
    # deferred: they need torch, other benchmarks do not
    from xray3d.benchmarks.inpainting import speed
    from xray3d.inpainting.model import SHIPPED

    missing = [file for file in (*PATIENTS, RADIOGRAPHS) if not (data_folder() / file).exists()]
    if missing:
        return [Row("inpainting", f"skipped: no {', '.join(missing)}; set XRAY3D_DATA to their folder", "")]
    model = model_folder(SHIPPED)
    if model is None:
        return [Row("inpainting", f"skipped: no model in {SHIPPED}; install xray3d again", "")]
    plan = QUICK if quick else FULL
    report("one X-ray")
    speed_rows = kept(speed.speed_rows, (data_folder(), model.digest))
    rows = [*_case_rows(plan, model.digest, report), *_registration_rows(plan, model.digest, report)]
    return [*rows, *speed_rows]


def _case_rows(plan: Plan, model: str, report: Report) -> Iterator[Row]:
    from xray3d.benchmarks.inpainting.biharmonic import Biharmonic
    from xray3d.benchmarks.inpainting.mask_rows import clean_row, mask_rows
    from xray3d.benchmarks.inpainting.measuring import are_clean, run_part
    from xray3d.benchmarks.inpainting.radiographs import held_out_radiographs
    from xray3d.benchmarks.inpainting.similarity_rows import similarity_rows

    with Biharmonic() as peer:
        version = peer.version()
    jobs = [(part, data_folder(), model, version) for part in plan.parts()]
    cases = _done(run_part, jobs, "X-rays", report)
    of_sets = [[case for case in cases if case.test_set == test_set] for test_set in get_args(TestSet)]
    for of_set in of_sets:
        yield from similarity_rows(of_set)
    for of_set in of_sets:
        yield from mask_rows(of_set)
    count = len(held_out_radiographs(data_folder() / RADIOGRAPHS)) if plan.clean is None else plan.clean
    numbers = [range(first, min(first + _AT_ONCE, count)) for first in range(0, count, _AT_ONCE)]
    clean = _done(are_clean, [(some, data_folder(), model) for some in numbers], "radiographs without metal", report)
    yield clean_row(clean)
    yield from _picture_rows(of_sets)


def _registration_rows(plan: Plan, model: str, report: Report) -> Iterator[Row]:
    from xray3d.benchmarks.inpainting.recovery_rows import recovery_rows
    from xray3d.benchmarks.inpainting.registering import INSTRUMENTED, run_trials

    jobs = [
        (place, protocol, plan.pairs, data_folder(), model) for place in INSTRUMENTED for protocol in plan.protocols
    ]
    yield from recovery_rows(_done(run_trials, jobs, "registrations", report))


def _done(
    work: Callable[..., list[Outcome]], jobs: Sequence[tuple[Any, ...]], what: str, report: Report
) -> list[Outcome]:
    """What all jobs gave, one after the other."""
    report(what)
    of_jobs = in_processes(work, jobs, lambda done: report(f"{what}: {done} of {len(jobs)} parts done"))
    return [outcome for outcomes in of_jobs for outcome in outcomes]


def _picture_rows(of_sets: Sequence[Sequence[CaseOutcome]]) -> Iterator[Row]:
    from xray3d.benchmarks.inpainting.pictures import write_page
    from xray3d.benchmarks.inpainting.similarity_rows import ranked

    folder = kept_folder()
    if folder is None:
        yield Row("pictures before and after", "skipped: name a folder for them with --keep", "")
        return
    for of_set in of_sets:
        name = of_set[0].test_set
        path = folder / f"inpainting-{name.replace(',', '').replace(' ', '-')}.png"
        write_page(ranked(of_set), path)
        yield Row(f"pictures before and after, {name}", str(path), "")
