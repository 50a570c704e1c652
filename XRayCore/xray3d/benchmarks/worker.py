"""The process that one engine runs in: `python -m xray3d.benchmarks.worker ENGINE`."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks import memory
from xray3d.benchmarks.engines import create_engine
from xray3d.benchmarks.serving import serve
from xray3d.geometry import Projection


class _Worker:
    def __init__(self, engine_name: str) -> None:
        self._engine_name = engine_name

    def start(self) -> bool:
        """Import and create the engine; whether it is differentiable."""
        self._engine = create_engine(self._engine_name)
        return self._engine.differentiable

    def prepare(self, volume_path: str, ijk_to_ras: NDArray[np.float64], view: Projection) -> None:
        self._engine.prepare(np.load(volume_path), ijk_to_ras, view)

    def image(self) -> NDArray[np.float32]:
        return np.ascontiguousarray(self._engine.forward())

    def check_derivative(self) -> None:
        """A derivative of NaN or nothing is quickly had, and not worth timing."""
        derivative = self._engine.forward_backward()
        if not np.isfinite(derivative).all() or not np.any(derivative):
            raise RuntimeError("its pose derivative is not finite or all zero")

    def forward_seconds(self, turn_seconds: float) -> list[float]:
        return _repeat(self._engine.forward_seconds, turn_seconds)

    def forward_backward_seconds(self, turn_seconds: float) -> list[float]:
        return _repeat(self._engine.forward_backward_seconds, turn_seconds)

    def resident_bytes(self) -> int:
        """Memory held now."""
        return memory.resident_bytes()

    def peak_resident_bytes(self) -> int:
        """The most memory this process ever held."""
        return memory.peak_resident_bytes()


def _repeat(measure: Any, turn_seconds: float) -> list[float]:
    """As many calls as begin within `turn_seconds`; the first only warms the caches, unless it fills the turn."""
    start = time.perf_counter()
    first = measure()
    seconds: list[float] = []
    while time.perf_counter() - start < turn_seconds:
        seconds.append(measure())
    return seconds or [first]


if __name__ == "__main__":
    serve(_Worker(sys.argv[1]))
