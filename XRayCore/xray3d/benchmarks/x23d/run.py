"""`xray3d benchmark x23d`: vertebrae from one to eight X-rays, of spines that the networks have not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar, get_args

import numpy as np

from xray3d.benchmarks.model_folders import model_folder
from xray3d.benchmarks.patient import data_folder
from xray3d.benchmarks.processes import in_processes
from xray3d.benchmarks.table import Row
from xray3d.benchmarks.x23d.anatomies import MEANS, REAL, UNLABELLED, TestSet, names_of, names_to_find

Report = Callable[[str], None]
Outcome = TypeVar("Outcome")

_SPINES, _QUICKLY = 8, 1


def run(quick: bool, report: Report) -> list[Row]:
    """All rows; visibly skipped where CTs, meshes or the model are not at hand."""
    # deferred: they need torch, other benchmarks do not
    from xray3d.benchmarks.x23d.locating import locating_rows, run_locating
    from xray3d.benchmarks.x23d.measuring import run_spine, run_uncalibrated
    from xray3d.benchmarks.x23d.rows import rows_against, rows_of
    from xray3d.benchmarks.x23d.uncalibrated import FOLDER
    from xray3d.reconstruction.level_finding.model import SHIPPED as LEVELS
    from xray3d.reconstruction.model import SHIPPED

    files = [MEANS, *(f"{name}{end}.nii.gz" for name in REAL for end in ("", "_labels"))]
    files += [f"{name}.nii.gz" for name in UNLABELLED]
    missing = [file for file in files if not (data_folder() / file).exists()]
    if missing:
        return [Row("x23d", f"skipped: no {', '.join(missing)}; set XRAY3D_DATA to their folder", "")]
    model, levels = model_folder(SHIPPED), model_folder(LEVELS)
    if model is None or levels is None:
        return [Row("x23d", f"skipped: no model in {SHIPPED if model is None else LEVELS}; install xray3d again", "")]
    spines = [(test_set, name) for test_set in get_args(TestSet) for name in names_of(test_set, _count(quick))]
    to_find = [(test_set, name) for test_set in get_args(TestSet) for name in names_to_find(test_set, _count(quick))]
    outcomes = _of_all(run_spine, spines, model.digest, "vertebrae", report)
    # What is found is reconstructed to be found more exactly.
    located = _of_all(run_locating, to_find, f"{levels.digest} {model.digest}", "levels", report)
    uncalibrated = model_folder(FOLDER)
    without = (
        _of_all(run_uncalibrated, spines, uncalibrated.digest, "without calibration", report) if uncalibrated else []
    )
    rows: list[Row] = []
    for test_set in get_args(TestSet):
        of_set = [one for one in outcomes if one.test_set == test_set]
        rows += rows_of(of_set)
        if without:
            rows += rows_against([one for one in without if one.test_set == test_set], of_set)
    if not without:
        rows.append(Row("without calibration", f"skipped: no model in {FOLDER}", ""))
    for test_set in get_args(TestSet):
        rows += locating_rows([one for one in located if one.test_set == test_set])
    for name in names_to_find("real", 0):
        rows += locating_rows([one for one in located if one.spine == name])
    seconds = float(np.median([one.seconds for one in outcomes if one.views == 4]))
    return [*rows, Row("a vertebra from 4 views: time on one core, median", seconds, "s")]


def _count(quick: bool) -> int:
    return _QUICKLY if quick else _SPINES


def _of_all(
    work: Callable[..., list[Outcome]], spines: Sequence[tuple[TestSet, str]], model: str, what: str, report: Report
) -> list[Outcome]:
    """What all spines gave, one after the other."""
    report(what)
    jobs = [(*spine, data_folder(), model) for spine in spines]
    found = in_processes(work, jobs, lambda done: report(f"{what}: {done} of {len(jobs)} spines done"))
    return [outcome for of_spine in found for outcome in of_spine]
