"""The process that one peer's registration runs in: `python -m xray3d.benchmarks.registration.peer_worker PEER`."""

from __future__ import annotations

import sys
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.job import THREADS
from xray3d.benchmarks.registration.peers import PEERS
from xray3d.benchmarks.serving import serve
from xray3d.geometry import Projection


class _Worker:
    def __init__(self, name: str) -> None:
        self._name = name

    def prepare(self, hu: NDArray[np.float32], ijk_to_ras: NDArray[np.float64]) -> None:
        """Import the peer and give it the CT."""
        module, class_name = PEERS[self._name].adapter.split(":")
        self._peer = getattr(import_module(f"{__package__}.{module}"), class_name)()
        import_module("torch").set_num_threads(THREADS)
        self._peer.prepare(hu, ijk_to_ras)

    def image(self, view: Projection) -> NDArray[np.float32]:
        return np.ascontiguousarray(self._peer.image(view))

    def register(self, pixels: NDArray[np.float32], initial: Projection) -> tuple[NDArray[np.float64], float, int]:
        """Final extrinsic, seconds, iterations."""
        recipe = import_module(f"{__package__}.peer_recipe")
        ascent = recipe.register(self._peer, pixels, initial)
        return ascent.projection.extrinsic, ascent.seconds, ascent.iterations


if __name__ == "__main__":
    serve(_Worker(sys.argv[1]))
