"""Rows about the models themselves: how long their training took, and what each idea in it is worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xray3d.benchmarks.scene_coordinates.error_rows import BARS, distribution_rows
from xray3d.benchmarks.scene_coordinates.outcomes import PartOutcome, PlaceOutcome, mtre_mm
from xray3d.benchmarks.scene_coordinates.places import VARIABLE, KnownPlace, how_to_train
from xray3d.benchmarks.table import Row, against_limit

if TYPE_CHECKING:  # what only reads reports need not load torch
    from xray3d.registration.scene_regression.model import TrainingReport

_SCRATCH = "scratch"
_MOST_MIN, _MOST_MIN_STARTED = 60.0, 10.0
_BAR = BARS["before refinement"]
_BUDGET = ", with the bar before refinement reached"


def training_rows(known: KnownPlace, outcome: PlaceOutcome, targets: int) -> Iterator[Row]:
    """Minutes from the start that ships and from scratch, which count only where the model is then good enough.

    Args:
        targets: of the whole views, the first so many decide whether it is.
    """
    name = known.place.name
    main, scratch = outcome.main, outcome.scratch
    if main is not None:
        yield _training_row(name, main.report, _before_mm(main, targets))
    if scratch is not None:
        yield _training_row(name, scratch.report, scratch.mtre_mm)
        measure = f"{name}, model from scratch, {len(scratch.mtre_mm)} X-rays, before refinement"
        yield from distribution_rows(measure, scratch.mtre_mm, _BAR)
    elif main is None or main.report.started_from != _SCRATCH:
        measure, why = f"{name}: training from {_SCRATCH}", how_to_train(known, scratch=True)
        yield Row(measure, why, "min", f"<= {_MOST_MIN:g}{_BUDGET}")


def _training_row(name: str, report: TrainingReport, errors_mm: Sequence[float]) -> Row:
    limit = _MOST_MIN if report.started_from == _SCRATCH else _MOST_MIN_STARTED
    measure = f"{name}: training from {report.started_from}, {report.steps} steps, as its report says"
    row = against_limit(measure, report.seconds / 60, "min", "<=", limit, _BUDGET)
    return replace(row, met=bool(row.met) and _BAR.is_reached(errors_mm))


def _before_mm(main: PartOutcome, count: int) -> list[float]:
    return mtre_mm(main.of("whole view")[:count], "before refinement")


def ablation_rows(outcome: PlaceOutcome) -> Iterator[Row]:
    """Each model that differs in one thing beside the main one on the same X-rays, before refinement."""
    for variant in outcome.variants:
        count = len(variant.mtre_mm)
        measure = f"ablation, {variant.name}, {_in_words(variant.report)}, {count} X-rays, before refinement"
        rows = list(distribution_rows(measure, variant.mtre_mm, None))
        if outcome.main is not None:
            peer = f"the main model, {_in_words(outcome.main.report)}"
            ours = distribution_rows(measure, _before_mm(outcome.main, count), None)
            rows = [replace(row, peer=peer, peer_value=own.value) for row, own in zip(rows, ours, strict=True)]
        yield from rows
    if not outcome.ablation:
        yield Row("ablation", f"skipped: no models in the folder ablation of the one that {VARIABLE} names", "")


def _in_words(report: TrainingReport) -> str:
    return f"{report.steps} steps of {report.batch} X-rays, {report.seconds / 60:.0f} min from {report.started_from}"
