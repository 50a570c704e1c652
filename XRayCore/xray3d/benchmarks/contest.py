"""Several engines given the same job, measured in turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.engine_process import EngineFailure, EngineProcess
from xray3d.benchmarks.table import Value
from xray3d.geometry import Projection

Report = Callable[[str], None]


@dataclass
class _Contestant:
    process: EngineProcess
    differentiable: bool = False
    failure: str | None = None
    derivative_failure: str | None = None
    forward_seconds: list[float] = field(default_factory=list)
    forward_backward_seconds: list[float] = field(default_factory=list)


class Contest:
    """A context manager that holds one process per engine for as long as it is open.

    An engine that fails once is out, and its figures are the sentence that says why.
    """

    def __init__(self, engine_names: Sequence[str], report: Report) -> None:
        self._stack = ExitStack()
        self._report = report
        self._contestants: dict[str, _Contestant] = {}
        for name in engine_names:
            report(f"starting {name}")
            contestant = _Contestant(self._stack.enter_context(EngineProcess(name)))
            self._contestants[name] = contestant
            contestant.differentiable = bool(_attempt(contestant, "start"))

    def __enter__(self) -> Contest:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def images(
        self, volume: Path, ijk_to_ras: NDArray[np.float64], view: Projection
    ) -> dict[str, NDArray[np.float32] | str]:
        """One image (rows, cols) of the .npy file `volume` by each engine, or why there is none."""
        results: dict[str, NDArray[np.float32] | str] = {}
        for name, contestant in self._contestants.items():
            self._report(f"{name}: an image of {volume.stem}")
            _attempt(contestant, "prepare", str(volume), ijk_to_ras, view)
            image = _attempt(contestant, "image")
            results[name] = contestant.failure or image
        return results

    def time_in_turns(self, rounds: int, turn_seconds: float) -> None:
        """Let every engine render what it was last prepared for, `rounds` times in turn."""
        for contestant in self._contestants.values():
            contestant.forward_seconds.clear()
            contestant.forward_backward_seconds.clear()
            if contestant.differentiable and contestant.failure is None:
                _attempt_derivative(contestant, "check_derivative")
        for turn in range(rounds):
            for name, contestant in self._contestants.items():
                self._report(f"{name}: round {turn + 1} of {rounds}")
                contestant.forward_seconds += _attempt(contestant, "forward_seconds", turn_seconds) or []
                if contestant.differentiable:
                    seconds = _attempt_derivative(contestant, "forward_backward_seconds", turn_seconds)
                    contestant.forward_backward_seconds += seconds or []

    def is_differentiable(self, name: str) -> bool:
        """Whether the engine offers a pose derivative."""
        return self._contestants[name].differentiable

    def forward_ms(self, name: str) -> Value:
        """Median time of one image, or why there is none."""
        contestant = self._contestants[name]
        return contestant.failure or _median_ms(contestant.forward_seconds)

    def forward_backward_ms(self, name: str) -> Value:
        """Median time of one image with its pose derivative, or why there is none."""
        contestant = self._contestants[name]
        failure = contestant.failure or contestant.derivative_failure
        return failure or _median_ms(contestant.forward_backward_seconds)


def _attempt(contestant: _Contestant, method: str, *arguments: Any) -> Any:
    if contestant.failure is not None:
        return None
    try:
        return contestant.process.call(method, *arguments)
    except EngineFailure as failure:
        contestant.failure = str(failure)
        return None


def _attempt_derivative(contestant: _Contestant, method: str, *arguments: Any) -> Any:
    """As `_attempt`, but an engine without a usable derivative keeps its place in the forward race."""
    if contestant.failure or contestant.derivative_failure:
        return None
    try:
        return contestant.process.call(method, *arguments)
    except EngineFailure as failure:
        contestant.derivative_failure = str(failure)
        return None


def _median_ms(seconds: Sequence[float]) -> float:
    return float(1000.0 * np.median(seconds))
