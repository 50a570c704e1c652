"""scikit-image's biharmonic inpainting (Damelin and Hoang, 2018), in a process of the peers' environment."""

from __future__ import annotations

from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.engine_process import EngineFailure, EngineProcess
from xray3d.benchmarks.inpainting.methods import Mask, around

_WORKER = "xray3d.benchmarks.inpainting.biharmonic_worker"


class Biharmonic:
    """A context manager that fills holes."""

    def __init__(self) -> None:
        self._process = EngineProcess("scikit-image", _WORKER)

    def __enter__(self) -> Biharmonic:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.__exit__(kind, error, at)

    def version(self) -> str:
        """Of scikit-image, or why it is not there."""
        try:
            return self._process.call("version")
        except EngineFailure as failure:
            return str(failure)

    def fill(self, image: NDArray, holes: Mask) -> NDArray[np.float64] | str:
        """An X-ray (rows, cols) with its holes filled, or why it is not.

        The linear system has an unknown for every pixel of the holes: only their neighbourhood is handed over, which
        is all that the solution depends on.
        """
        filled, part = image.astype(float), around(holes)
        low, high = filled[~holes].min(), filled[~holes].max()
        try:
            shares = self._process.call("fill", (filled[part] - low) / (high - low), holes[part])
        except EngineFailure as failure:
            self._process.restart()
            return str(failure)
        filled[part] = np.where(holes[part], low + shares * (high - low), filled[part])
        return filled
