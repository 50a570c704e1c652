"""An engine or a peer in a process of its own, seen from the benchmark."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

from xray3d.benchmarks.job import THREADS

_ENGINE_WORKER = "xray3d.benchmarks.worker"


class EngineFailure(Exception):  # noqa: N818 (a result to be shown in the table, not an error of the program)
    """Why an engine has no figure, in one short sentence."""


class EngineProcess:
    """Starts a worker (see `serving`) and calls its methods; a context manager that ends it.

    Peers are sought in `peers_python()`; this project's own engine runs in this Python.

    Args:
        name: the engine or peer, which the worker is told.
        worker: the module that is run.
        timeout_seconds: the longest that a call may take.

    Raises:
        EngineFailure: from every call, when the engine is not installed, raises, crashes or takes too long.
    """

    def __init__(self, name: str, worker: str = _ENGINE_WORKER, timeout_seconds: float = 300.0) -> None:
        python = sys.executable if name.startswith("xray3d") else peers_python()
        self._command = [python, "-m", worker, name]
        self._timeout_seconds = timeout_seconds
        self._start()

    def __enter__(self) -> EngineProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def restart(self) -> None:
        """Go on with a fresh worker, which knows nothing of what this one was given."""
        self._end()
        self._start()

    def call(self, method: str, *arguments: Any) -> Any:
        """The result of the worker's `method`."""
        timer = threading.Timer(self._timeout_seconds, self._process.kill)
        timer.start()
        try:
            pickle.dump((method, arguments), self._requests)
            self._requests.flush()
            status, result = pickle.load(self._replies)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            in_time = timer.is_alive()
            exit_code = self._process.wait()
            why = f"crashed: exit code {exit_code}" if in_time else f"no answer in {self._timeout_seconds:g} s"
            raise EngineFailure(why) from None
        finally:
            timer.cancel()
        if status == "failed":
            raise EngineFailure(_short(result))
        return result

    def _start(self) -> None:
        threads = {name: str(THREADS) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **threads},
        )
        self._requests, self._replies = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)

    def _end(self) -> None:
        self._process.kill()
        self._process.communicate()


def peers_python() -> str:
    """The interpreter of the peers' own environment beside this one (`make peers`), or this one where there is none."""
    scripts, suffix = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
    python = Path(sys.prefix, "peers", scripts, f"python{suffix}")
    return str(python) if python.exists() else sys.executable


def _short(message: str) -> str:
    if message.startswith(("ModuleNotFoundError", "ImportError")):
        return f"not installed ({message.split(': ', 1)[1]}); get it by: make peers"
    return f"failed: {message.splitlines()[0][:120]}"
