"""An engine in a process of its own, seen from the benchmark."""

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

_TIMEOUT_SECONDS = 300.0


class EngineFailure(Exception):  # noqa: N818 (a result to be shown in the table, not an error of the program)
    """Why an engine has no figure, in one short sentence."""


class EngineProcess:
    """Starts `xray3d.benchmarks.worker` and calls its methods; a context manager that ends it.

    Peers are sought in `peers_python()`; this project's own engine runs in this Python.

    Raises:
        EngineFailure: from every call, when the engine is not installed, raises, crashes or takes over five minutes.
    """

    def __init__(self, engine_name: str) -> None:
        python = sys.executable if engine_name.startswith("xray3d") else peers_python()
        threads = {name: str(THREADS) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        self._process = subprocess.Popen(
            [python, "-m", "xray3d.benchmarks.worker", engine_name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **threads},
        )
        self._requests, self._replies = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)

    def __enter__(self) -> EngineProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def call(self, method: str, *arguments: Any) -> Any:
        """The result of the worker's `method`."""
        timer = threading.Timer(_TIMEOUT_SECONDS, self._process.kill)
        timer.start()
        try:
            pickle.dump((method, arguments), self._requests)
            self._requests.flush()
            status, result = pickle.load(self._replies)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            why = f"exit code {self._process.wait()}" if timer.is_alive() else f"no answer in {_TIMEOUT_SECONDS:.0f} s"
            raise EngineFailure(f"crashed: {why}") from None
        finally:
            timer.cancel()
        if status == "failed":
            raise EngineFailure(_short(result))
        return result


def peers_python() -> str:
    """The interpreter of the peers' own environment beside this one (`make peers`), or this one where there is none."""
    scripts, suffix = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
    python = Path(sys.prefix, "peers", scripts, f"python{suffix}")
    return str(python) if python.exists() else sys.executable


def _short(message: str) -> str:
    if message.startswith(("ModuleNotFoundError", "ImportError")):
        return f"not installed ({message.split(': ', 1)[1]}); get it by: make peers"
    return f"failed: {message.splitlines()[0][:120]}"
