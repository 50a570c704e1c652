"""The table of the scene-coordinate benchmark from what was measured at each place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

import numpy as np

from xray3d.benchmarks.registration.rows import RIGHT_ONE_VIEW_MM
from xray3d.benchmarks.scene_coordinates.error_rows import mean_rows, target_rows
from xray3d.benchmarks.scene_coordinates.model_rows import ablation_rows, training_rows
from xray3d.benchmarks.scene_coordinates.outcomes import Condition, PartOutcome, PlaceOutcome, Stranger, Trial
from xray3d.benchmarks.scene_coordinates.places import KnownPlace, how_to_train
from xray3d.benchmarks.shares import share_row
from xray3d.benchmarks.table import Row, against_limit

_WHOLE: Condition = "whole view"
_OTHERS: tuple[Condition, ...] = get_args(Condition)[1:]
_MOST_FROM_BONE_MM = 2.0


def place_rows(outcomes: Sequence[tuple[KnownPlace, PlaceOutcome]], targets: int) -> list[Row]:
    """All rows.

    Args:
        outcomes: what was measured at each place, nothing where there was no model.
        targets: of the whole views, the first so many have the goals for target registration errors.
    """
    mains = [(known, outcome.main) for known, outcome in outcomes]
    measured = [(known.place.name, main) for known, main in mains if main is not None]
    rows = [Row(known.place.name, how_to_train(known), "") for known, main in mains if main is None]
    for name, main in measured:
        rows += target_rows(name, main.of(_WHOLE)[:targets], with_goal=True)
    if measured:
        rows += mean_rows([trial for _, main in measured for trial in main.of(_WHOLE)])
    for condition in _OTHERS:
        for name, main in measured:
            rows += target_rows(f"{name}, {condition}", main.of(condition), with_goal=False)
    for name, main in measured:
        rows += [*_surface_rows(name, main), *_stranger_rows(name, main)]
    for condition in get_args(Condition) if measured else ():
        rows += _verdict_rows(condition, [trial for _, main in measured for trial in main.of(condition)])
    for known, outcome in outcomes:
        rows += training_rows(known, outcome, targets)
    for known, outcome in outcomes:
        if known.has_ablation:
            rows += ablation_rows(outcome)
    return rows


def _surface_rows(name: str, main: PartOutcome) -> Iterator[Row]:
    measure = f"{name}: point cloud, distance from bone of {len(main.surface_mm):,} points"
    if not len(main.surface_mm):
        yield Row(measure, "no points", "mm", f"<= {_MOST_FROM_BONE_MM:g}", False)
        return
    median, worse = (float(value) for value in np.percentile(main.surface_mm, [50, 95]))
    yield against_limit(f"{measure}, median", median, "mm", "<=", _MOST_FROM_BONE_MM)
    yield Row(f"{measure}, 95th percentile", worse, "mm")


def _stranger_rows(name: str, main: PartOutcome) -> Iterator[Row]:
    """Nothing that the model does not know may be accepted; how much of it is refused at once is for information."""
    for kind in get_args(Stranger):
        verdicts = [trial.verdict for trial in main.of(kind)]
        measure = f"{name}, shown {kind}, {len(verdicts)} images"
        accepted, failed = (
            100.0 * float(np.mean([verdict == one for verdict in verdicts])) for one in ("accepted", "failed")
        )
        yield against_limit(f"{measure}: accepted", accepted, "%", "<=", 0)
        yield Row(f"{measure}: failed", failed, "%")


def _verdict_rows(condition: Condition, trials: Sequence[Trial]) -> Iterator[Row]:
    """Precision and recall of the verdict "accepted"; right is what the registration benchmark calls so of one view."""
    accepted = [_is_right(trial) for trial in trials if trial.verdict == "accepted"]
    right = [trial.verdict == "accepted" for trial in trials if _is_right(trial)]
    mpd = f"mPD < {RIGHT_ONE_VIEW_MM:g} mm"
    yield share_row(f"{condition}: accepted results that are right ({mpd}), of {len(accepted)}", accepted, None)
    yield share_row(f"{condition}: right results ({mpd}) that are accepted, of {len(right)}", right, None)


def _is_right(trial: Trial) -> bool:
    return trial.final is not None and trial.final.mpd_mm < RIGHT_ONE_VIEW_MM
