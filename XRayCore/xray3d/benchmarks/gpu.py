"""Frames a second on an NVIDIA GPU beside nanodrr's fused Triton kernel.

For orientation only: nanodrr's authors publish 12,600 frames a second for it at 200×200 and 500 samples on an RTX
6000 Ada.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xray3d.benchmarks import job
from xray3d.benchmarks.contest import Contest
from xray3d.benchmarks.engines import NANODRR_TRITON, OURS_CUDA
from xray3d.benchmarks.table import Row, Value, against_peer
from xray3d.drr.device import has_cuda

_SIZE_PX = 200
_ROUNDS, _TURN_SECONDS = 5, 1.0


def gpu_rows(volume: Path, report: Callable[[str], None]) -> list[Row]:
    """One row per view; visibly skipped without an NVIDIA GPU."""
    size = f"{_SIZE_PX}×{_SIZE_PX}"
    measures = {view: f"GPU, {size}, {job.BATCH} views a call, {view}" for view in job.VIEW_ANGLES_DEG}
    if not has_cuda():
        skipped = "skipped: no NVIDIA GPU"
        return [_row(measure, skipped, skipped) for measure in measures.values()]
    rows = []
    with Contest((OURS_CUDA, NANODRR_TRITON), report) as contest:
        for view, measure in measures.items():
            contest.images(volume, job.ijk_to_ras(), job.projection(view, _SIZE_PX))
            contest.time_in_turns(_ROUNDS, _TURN_SECONDS)
            ours, peer = (_frames_per_second(contest.forward_ms(name)) for name in (OURS_CUDA, NANODRR_TRITON))
            rows.append(_row(measure, ours, peer))
    return rows


def _row(measure: str, value: Value, peer_value: Value) -> Row:
    return against_peer(measure, value, "frames/s", NANODRR_TRITON, peer_value, ">=")


def _frames_per_second(batch_ms: Value) -> Value:
    return job.BATCH * 1000.0 / batch_ms if isinstance(batch_ms, float) else batch_ms
