"""A function on a thread of its own, watched from another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from XRayCoreLib.progress import JobCancelled, Progress


@dataclass(frozen=True)
class Done:
    """The function returned `result`."""

    result: Any


@dataclass(frozen=True)
class Failed:
    """The function raised `error`."""

    error: BaseException


@dataclass(frozen=True)
class Cancelled:
    """The function was asked to stop, whether it noticed or came to its end first."""


class Worker:
    """Runs `function(progress)` once; `start` it, look at `progress.status`, and `wait` for its `outcome`."""

    def __init__(self, function: Callable[[Progress], Any]) -> None:
        self.progress = Progress()
        self.outcome: Done | Failed | Cancelled | None = None
        self._function = function
        # A daemon, so that a job that never ends cannot keep the application from quitting.
        self._thread = threading.Thread(target=self._work, name="xray3d-job", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for the end; whether it has come."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            result = self._function(self.progress)
            self.outcome = Cancelled() if self.progress.is_cancelled else Done(result)
        except JobCancelled:
            self.outcome = Cancelled()
        except BaseException as error:  # whatever it is, the watcher must learn of it, or it would wait for ever
            self.outcome = Failed(error)
