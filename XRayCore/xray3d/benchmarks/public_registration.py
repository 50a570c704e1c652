"""`xray3d benchmark deepfluoro` and `ljubljana`: registration of public clinical X-rays whose truth is known.

The data sets are large and each has its own terms, so the user downloads them and names the file in an environment
variable. Every case starts from random poses about the true one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from xray3d.benchmarks.table import Row
from xray3d.datasets.deepfluoro import load_deepfluoro
from xray3d.datasets.ljubljana import load_ljubljana
from xray3d.datasets.registration_case import DataSetError, RegistrationCase
from xray3d.errors import XRay3DError
from xray3d.registration.capture_range import random_starts
from xray3d.registration.metrics import GROSS_FAILURE_MM, ErrorSummary, PoseError, pose_error, summary
from xray3d.registration.statistics import percentile
from xray3d.volumes import CTVolume

Report = Callable[[str], None]

_SEED = 2005


@dataclass(frozen=True)
class Starts:
    """How far random starts may be from the truth: rotation about the centre of the targets, and translation."""

    max_deg: float
    max_mm: float


_DEEPFLUORO_STARTS = Starts(max_deg=15, max_mm=30)
_LJUBLJANA_STARTS = Starts(max_deg=10, max_mm=20)


@dataclass(frozen=True)
class _Outcome:
    start: PoseError
    final: PoseError
    accepted: bool
    seconds: float


def run_deepfluoro(quick: bool, report: Report) -> list[Row]:
    """Rows for DeepFluoro, from the file that XRAY3D_DEEPFLUORO names; `quick` takes a few X-rays of one specimen."""
    path = _named_file("XRAY3D_DEEPFLUORO", "ipcai_2020_full_res_data.h5 (doi.org/10.7281/T1/IFSXNV)")
    if quick:
        return rows(islice(load_deepfluoro(path, every=20), 4), 2, _SEED, report, _DEEPFLUORO_STARTS)
    return rows(load_deepfluoro(path), 3, _SEED, report, _DEEPFLUORO_STARTS)


def run_ljubljana(quick: bool, report: Report) -> list[Row]:
    """Rows for Ljubljana, from the file that XRAY3D_LJUBLJANA names, both views together and each alone."""
    path = _named_file("XRAY3D_LJUBLJANA", "ljubljana.h5 (github.com/eigenvivek/DiffDRR-Datasets)")
    table: list[Row] = []
    for label, together in (("two views", True), ("one view", False)):
        cases = islice(load_ljubljana(path, together), 2 if quick else None)
        some = rows(cases, 2 if quick else 10, _SEED, report, _LJUBLJANA_STARTS)
        table += [replace(row, measure=f"{label}: {row.measure}") for row in some]
    return table


def rows(
    cases: Iterable[RegistrationCase],
    starts_per_case: int,
    seed: int,
    report: Report,
    starts: Starts,
    registrar: Callable[..., Any] | None = None,
) -> list[Row]:
    """Register every case from several random starts, and say how near the truth that ends.

    A start that is refused, for instance because it puts the source into the patient, counts with its own error.

    Args:
        registrar: what makes a registrar of a CT, a device and a region; None for `Registrar`.

    Raises:
        DataSetError: there are no cases, or their file is damaged.
    """
    make = registrar or _registrar()
    outcomes: list[_Outcome] = []
    prepared: Any = None
    ct: CTVolume | None = None
    for number, case in enumerate(cases):
        report(f"registering {case.name}")
        if prepared is None or case.ct is not ct:
            prepared, ct = make(case.ct, region=case.region), case.ct
        centre = case.targets_ras.mean(axis=0)
        transforms = random_starts(starts_per_case, starts.max_deg, starts.max_mm, seed + number, centre)
        outcomes += [_outcome(prepared, case, transform, seed) for transform in transforms]
    if not outcomes:
        raise DataSetError("There are no cases to register.")
    return _table(outcomes)


def _registrar() -> Callable[..., Any]:
    from xray3d.registration.register import Registrar  # deferred: what reads a data set need not load the renderer

    return Registrar


def _outcome(registrar: Any, case: RegistrationCase, transform: np.ndarray, seed: int) -> _Outcome:
    initial = [projection.moved(transform) for projection in case.truth]
    start = pose_error(initial, case.truth, case.targets_ras)
    try:
        result = registrar.register(case.xrays, initial, seed=seed)
    except XRay3DError:
        return _Outcome(start, start, False, float("nan"))
    final = pose_error(result.projections, case.truth, case.targets_ras)
    return _Outcome(start, final, result.converged, result.seconds)


def _table(outcomes: list[_Outcome]) -> list[Row]:
    errors = [outcome.final for outcome in outcomes]
    accepted = [outcome for outcome in outcomes if outcome.accepted]
    wrong = sum(outcome.final.gross_failure for outcome in accepted)
    seconds = [outcome.seconds for outcome in outcomes if np.isfinite(outcome.seconds)]
    return [
        Row("registrations", len(outcomes), ""),
        Row("start mTRE, median", percentile([outcome.start.mtre_mm for outcome in outcomes], 50), "mm"),
        *_error_rows(summary(errors)),
        Row("accepted", _percent(len(accepted), len(outcomes)), "%"),
        Row(f"accepted, though mTRE > {GROSS_FAILURE_MM:g} mm", _percent(wrong, len(outcomes)), "%"),
        Row("time of a registration, median", percentile(seconds, 50) if seconds else "none ended", "s"),
    ]


def _error_rows(errors: ErrorSummary) -> list[Row]:
    named = {"mTRE": "mtre_mm", "mPD": "mpd_mm", "mRPD": "mrpd_mm", "along the view": "along_mm"}
    named["across the view"] = "across_mm"
    table = [
        Row(f"{name}, {'median' if percent == 50 else f'{percent}th percentile'}", _finite(found[percent]), "mm")
        for name, field in named.items()
        for found in [errors.percentiles[field]]
        for percent in (25, 50, 75, 95)
    ]
    table.append(Row("rotation, median", errors.percentiles["rotation_deg"][50], "°"))
    table += [Row(f"mTRE < {limit:g} mm", 100 * rate, "%") for limit, rate in errors.success_rates.items()]
    table.append(Row(f"mTRE > {GROSS_FAILURE_MM:g} mm", 100 * errors.gross_failure_rate, "%"))
    return table


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole


def _finite(value: float) -> float | str:
    return value if np.isfinite(value) else "behind the source"


def _named_file(variable: str, what: str) -> Path:
    if not os.environ.get(variable):
        raise DataSetError(f"Download {what} and name the file in the environment variable {variable}.")
    return Path(os.environ[variable])
