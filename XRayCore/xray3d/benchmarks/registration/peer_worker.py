"""The process that one peer's registration runs in: `python -m xray3d.benchmarks.registration.peer_worker PEER`.

Requests and replies are pickles on standard input and output: (name of a method of `_Worker`, its arguments) in,
(True, result) or (False, sentence) out.
"""

from __future__ import annotations

import os
import pickle
import sys
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.job import THREADS
from xray3d.benchmarks.registration.peers import PEERS
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


def serve(name: str) -> None:
    """Answer requests until standard input closes."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what peers print must not end up among the replies
    worker = _Worker(name)
    while True:
        try:
            method, arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        reply: tuple[bool, object]
        try:
            reply = (True, getattr(worker, method)(*arguments))
        except ImportError as error:
            reply = (False, f"not installed ({error}); get it by: make peers")
        except Exception as error:  # whatever a peer raises becomes its row in the table
            first_line = f"{type(error).__name__}: {error}".splitlines()[0]
            reply = (False, f"failed: {first_line[:120]}")
        pickle.dump(reply, replies)
        replies.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
