"""`xray3d benchmark drr`: speed, accuracy and memory of the renderer beside its peers.

Every engine renders the job of `job.py` in turns within one run, on two threads, with the volume and the geometry set
up outside the timed region. The phantoms' line integrals are known in closed form, so the same run tells how far each
engine's image is from the truth: that they all come near it also shows that they were all given the same geometry.
The ellipsoids are voxelised by averaging over each voxel, the smooth blobs by their values at the voxel centres.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks import job
from xray3d.benchmarks.contest import Contest
from xray3d.benchmarks.engine_process import EngineFailure, EngineProcess
from xray3d.benchmarks.engines import CPU_ENGINES, NANODRR, OURS, RTK
from xray3d.benchmarks.gpu import gpu_rows
from xray3d.benchmarks.patient import patient_rows
from xray3d.benchmarks.phantoms import line_integrals, voxelise
from xray3d.benchmarks.table import Row, Value, against_limit, against_peer
from xray3d.geometry import Projection

Report = Callable[[str], None]

_ROUNDS, _TURN_SECONDS = 5, 2.0
_QUICK_ROUNDS, _QUICK_TURN_SECONDS = 3, 0.7
# Images that differ by float32 rounding are equally good.
_RMSE_RESOLUTION_PERCENT = 0.0005
_TIMED_PHANTOM = "hard ellipsoids"
_MEMORY_LIMIT_GIB = 0.5
_PEERS = tuple(name for name in CPU_ENGINES if name != OURS)


def run(quick: bool, report: Report) -> list[Row]:
    """All rows; `quick` repeats every timing less often."""
    with tempfile.TemporaryDirectory(prefix="xray3d-benchmark-") as folder:
        turns = (_QUICK_ROUNDS, _QUICK_TURN_SECONDS) if quick else (_ROUNDS, _TURN_SECONDS)
        report("voxelising the phantoms")
        volumes = _write_phantoms(Path(folder))
        rows: list[Row] = []
        with Contest(CPU_ENGINES, report) as contest:
            for view in job.VIEW_ANGLES_DEG:
                accuracy = _accuracy_rows(contest, volumes, view)
                contest.time_in_turns(*turns)
                rows += _speed_rows(contest, view) + accuracy
        report("memory")
        rows.append(_memory_row(volumes[_TIMED_PHANTOM]))
        rows += gpu_rows(volumes[_TIMED_PHANTOM], report)
    return rows + patient_rows(report)


def _write_phantoms(folder: Path) -> dict[str, Path]:
    """The phantoms as .npy files; the one to be timed comes last, so that the engines are left prepared for it."""
    names = sorted(job.PHANTOMS, key=lambda name: name == _TIMED_PHANTOM)
    paths = {name: folder / f"{name}.npy" for name in names}
    for name, path in paths.items():
        np.save(path, voxelise(job.PHANTOMS[name], job.VOLUME_SIZE, job.ijk_to_ras()))
    return paths


def _speed_rows(contest: Contest, view: str) -> list[Row]:
    forward, with_jacobian = f"forward, {view}", f"forward + Jacobian, {view}"
    forward_ms, jacobian_ms = contest.forward_ms(OURS), contest.forward_backward_ms(OURS)
    rtk_ms, nanodrr_ms = contest.forward_ms(RTK), contest.forward_ms(NANODRR)
    nanodrr_gradient_ms = contest.forward_backward_ms(NANODRR)
    rows = [
        against_peer(forward, forward_ms, "ms", RTK, rtk_ms, "<="),
        against_peer(with_jacobian, jacobian_ms, "ms", f"{RTK}, forward", rtk_ms, "<="),
        against_peer(forward, forward_ms, "ms", NANODRR, nanodrr_ms, "<=", divisor=25),
        against_peer(with_jacobian, jacobian_ms, "ms", f"{NANODRR} + gradient", nanodrr_gradient_ms, "<=", divisor=80),
    ]
    for name in (name for name in _PEERS if name not in (RTK, NANODRR)):
        rows.append(Row(forward, forward_ms, "ms", peer=name, peer_value=contest.forward_ms(name)))
        if contest.is_differentiable(name):
            peer_ms = contest.forward_backward_ms(name)
            rows.append(Row(with_jacobian, jacobian_ms, "ms", peer=f"{name} + gradient", peer_value=peer_ms))
    return rows


def _accuracy_rows(contest: Contest, volumes: dict[str, Path], view: str) -> list[Row]:
    rows = []
    projection = job.projection(view)
    for phantom, path in volumes.items():
        truth = line_integrals(job.PHANTOMS[phantom], projection)
        images = contest.images(path, job.ijk_to_ras(), projection)
        rmse = {name: _rmse(image, truth) for name, image in images.items()}
        measure, unit = f"RMSE, {phantom}, {view}", "% of max"
        rows.append(against_peer(measure, rmse[OURS], unit, RTK, rmse[RTK], "<=", slack=_RMSE_RESOLUTION_PERCENT))
        others = (name for name in _PEERS if name != RTK)
        rows += [Row(measure, rmse[OURS], unit, peer=name, peer_value=rmse[name]) for name in others]
    return rows


def _rmse(image: NDArray[np.float32] | str, truth: NDArray[np.float64]) -> Value:
    return image if isinstance(image, str) else job.rmse_percent(image, truth)


def _memory_row(volume: Path) -> Row:
    """The highest memory of a fresh process, less what Python and libraries took before and less the volume itself."""
    measure = "peak memory above the volume, forward + Jacobian"
    value: Value
    try:
        with EngineProcess(OURS) as process:
            value = _peak_gib_above_volume(process, volume, job.projection("oblique"))
    except EngineFailure as failure:
        value = str(failure)
    return against_limit(measure, value, "GiB", "<", _MEMORY_LIMIT_GIB)


def _peak_gib_above_volume(process: EngineProcess, volume: Path, view: Projection) -> float:
    process.call("start")
    before = process.call("resident_bytes")
    process.call("prepare", str(volume), job.ijk_to_ras(), view)
    process.call("image")
    process.call("check_derivative")
    volume_bytes = 4 * int(np.prod(job.VOLUME_SIZE))
    return (process.call("peak_resident_bytes") - before - volume_bytes) / 2**30
