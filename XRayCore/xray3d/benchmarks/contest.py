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

# What the worker's methods are called.
_FORWARD, _FORWARD_BACKWARD = "forward_seconds", "forward_backward_seconds"


@dataclass
class _Contestant:
    process: EngineProcess
    differentiable: bool = False
    failure: str | None = None
    derivative_failure: str | None = None
    seconds: dict[str, list[float]] = field(default_factory=lambda: {_FORWARD: [], _FORWARD_BACKWARD: []})


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
        """Let every engine render what it was last prepared for, `rounds` times in turn.

        A slow engine rests once its calls have taken `rounds * turn_seconds`; each is called at least once.
        """
        share_seconds = rounds * turn_seconds
        for contestant in self._contestants.values():
            contestant.seconds = {method: [] for method in contestant.seconds}
            if contestant.differentiable:
                _attempt(contestant, "check_derivative", derivative=True)
        for turn in range(rounds):
            for name, contestant in self._contestants.items():
                self._report(f"{name}: round {turn + 1} of {rounds}")
                for method, seconds in contestant.seconds.items():
                    derivative = method == _FORWARD_BACKWARD
                    if sum(seconds) < share_seconds and (contestant.differentiable or not derivative):
                        seconds += _attempt(contestant, method, turn_seconds, derivative=derivative) or []

    def is_differentiable(self, name: str) -> bool:
        """Whether the engine offers a pose derivative."""
        return self._contestants[name].differentiable

    def forward_ms(self, name: str) -> Value:
        """Median time of one image, or why there is none."""
        contestant = self._contestants[name]
        return contestant.failure or _median_ms(contestant.seconds[_FORWARD])

    def forward_backward_ms(self, name: str) -> Value:
        """Median time of one image with its pose derivative, or why there is none."""
        contestant = self._contestants[name]
        failure = contestant.failure or contestant.derivative_failure
        return failure or _median_ms(contestant.seconds[_FORWARD_BACKWARD])


def _attempt(contestant: _Contestant, method: str, *arguments: Any, derivative: bool = False) -> Any:
    """The worker's answer, or None once it has failed; a failed derivative does not end the forward race."""
    if contestant.failure or (derivative and contestant.derivative_failure):
        return None
    try:
        return contestant.process.call(method, *arguments)
    except EngineFailure as failure:
        if derivative:
            contestant.derivative_failure = str(failure)
        else:
            contestant.failure = str(failure)
        return None


def _median_ms(seconds: Sequence[float]) -> float:
    return float(1000.0 * np.median(seconds))
