"""The peers' own registration, each in a process of the peers' environment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.engine_process import EngineFailure, EngineProcess
from xray3d.benchmarks.engines import NANODRR
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
        self._process = EngineProcess(name, _WORKER, timeout_seconds)
        self._name = name
        self._ct: CTVolume | None = None
        self._is_ready = False

    def __enter__(self) -> PeerProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.__exit__(kind, error, at)

    def prepare(self, ct: CTVolume) -> None:
        """Hand over the CT, whole and at its own resolution, to a fresh process that holds no other."""
        if self._ct is not None:
            self._process.restart()
        self._ct, self._is_ready = ct, False
        self._process.call("prepare", ct.hu, ct.ijk_to_ras)
        self._is_ready = True

    def image(self, view: Projection) -> NDArray[np.float32]:
        """The peer's DRR (rows, cols) of the CT, in the peer's unit."""
        return self._call("image", view)

    def register(self, xray: XRayImage, initial: Projection) -> PeerOutcome:
        """Register one X-ray from the geometry `initial`, which has the X-ray's size."""
        extrinsic, seconds, iterations = self._call("register", xray.pixels, initial)
        return PeerOutcome(replace(initial, extrinsic=extrinsic), seconds, iterations)

    def _call(self, method: str, *arguments: Any) -> Any:
        if self._ct is None:
            raise ValueError(f"{self._name} has no CT yet; call prepare first")
        if not self._is_ready:
            self.prepare(self._ct)
        try:
            return self._process.call(method, *arguments)
        except EngineFailure:
            self._is_ready = False
            raise
