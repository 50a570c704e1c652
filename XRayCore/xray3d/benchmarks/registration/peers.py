"""The peers' own registration, each in a process of the peers' environment."""

from __future__ import annotations

import os
import pickle
import subprocess
import threading
from dataclasses import dataclass, replace
from types import TracebackType
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.engine_process import EngineFailure, peers_python
from xray3d.benchmarks.engines import NANODRR
from xray3d.benchmarks.job import THREADS
from xray3d.geometry import Projection
from xray3d.volumes.ct import CTVolume
from xray3d.volumes.xray import XRayImage

_WORKER = "xray3d.benchmarks.registration.peer_worker"


@dataclass(frozen=True)
class Peer:
    """A registration to be run beside ours.

    Attributes:
        title: name and version, as tables have it.
        adapter: the module in this folder that speaks to it, and the class.
    """

    title: str
    adapter: str


PEERS: dict[str, Peer] = {
    "nanodrr": Peer(NANODRR, "peer_nanodrr:NanoDRRRegistration"),
    "diffdrr": Peer("diffdrr 0.6.1", "peer_diffdrr:DiffDRRRegistration"),
}


@dataclass(frozen=True)
class PeerOutcome:
    """What a peer found.

    Attributes:
        projection: the registered geometry, at the X-ray's own size.
        seconds: wall time, without imports, the loading of the CT and the first image.
        iterations: gradient steps on all its grids.
    """

    projection: Projection
    seconds: float
    iterations: int


class PeerProcess:
    """A context manager that runs one peer of `PEERS`; one X-ray at a time, which is what they offer.

    After a failure the peer can be called again: it is started anew, with the CT that it had.

    Raises:
        EngineFailure: from every call, when the peer is not installed, raises, crashes or takes more than
            `timeout_seconds`.
    """

    def __init__(self, name: str, timeout_seconds: float = 300.0) -> None:
        self._name, self._timeout_seconds = name, timeout_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._ct: CTVolume | None = None

    def __enter__(self) -> PeerProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def prepare(self, ct: CTVolume) -> None:
        """Hand over the CT, whole and at its own resolution."""
        self._ct = ct
        self._end()
        self._ensure_started()

    def image(self, view: Projection) -> NDArray[np.float32]:
        """The peer's DRR (rows, cols) of the CT, in the peer's unit."""
        self._ensure_started()
        return self._call("image", view)

    def register(self, xray: XRayImage, initial: Projection) -> PeerOutcome:
        """Register one X-ray from the geometry `initial`, which has the X-ray's size."""
        self._ensure_started()
        extrinsic, seconds, iterations = self._call("register", xray.pixels, initial)
        return PeerOutcome(replace(initial, extrinsic=extrinsic), seconds, iterations)

    def _ensure_started(self) -> None:
        if self._process is not None:
            return
        if self._ct is None:
            raise ValueError(f"{self._name} has no CT yet; call prepare first")
        threads = {name: str(THREADS) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        self._process = subprocess.Popen(
            [peers_python(), "-m", _WORKER, self._name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **threads},
        )
        self._call("prepare", self._ct.hu, self._ct.ijk_to_ras)

    def _call(self, method: str, *arguments: Any) -> Any:
        """The result of the worker's `method`."""
        process = cast("subprocess.Popen[bytes]", self._process)
        timer = threading.Timer(self._timeout_seconds, process.kill)
        timer.start()
        try:
            requests, replies = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
            pickle.dump((method, arguments), requests)
            requests.flush()
            succeeded, result = pickle.load(replies)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            in_time = timer.is_alive()
            exit_code = process.wait()
            self._end()
            why = f"crashed: exit code {exit_code}" if in_time else f"no answer in {self._timeout_seconds:g} s"
            raise EngineFailure(why) from None
        finally:
            timer.cancel()
        if not succeeded:
            self._end()
            raise EngineFailure(result)
        return result

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
