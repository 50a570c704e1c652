"""How far a long job is, how much longer it will take, and whether it should stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

# Before this share is done, the first step's one-off costs would make the estimate wild.
_SHARE_FOR_ESTIMATE = 0.02


class JobCancelled(Exception):  # noqa: N818 - the end of a job, not an error
    """Raised inside a job between two steps, after somebody asked it to stop."""


@dataclass(frozen=True)
class Status:
    """One report of a job.

    Attributes:
        text: what is being done, for the user to read.
        share: how much is done, 0 to 1.
        remaining_s: estimated time to the end; None while it cannot be told.
    """

    text: str
    share: float
    remaining_s: float | None


class Progress:
    """What a long function calls between its steps, from any thread: `progress("View 2 of 5", 0.2)`.

    Made without a job, as in `render_views(..., Progress())` on the console, it lets the function run to its end.

    Args:
        clock: seconds since any fixed moment.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start_s = clock()
        self._report = ("", 0.0, self._start_s)
        self._cancelled = threading.Event()

    def __call__(self, text: str, share: float) -> None:
        """Report what begins now and the share done so far (clipped to 0 to 1).

        Raises:
            JobCancelled: somebody asked the job to stop.
        """
        if self._cancelled.is_set():
            raise JobCancelled
        self._report = (text, min(max(share, 0.0), 1.0), self._clock())

    def cancel(self) -> None:
        """Have the next report raise JobCancelled."""
        self._cancelled.set()

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    @property
    def status(self) -> Status:
        """The latest report; its remaining time counts down between reports."""
        text, share, reported_s = self._report
        if share < _SHARE_FOR_ESTIMATE:
            return Status(text, share, None)
        total_s = (reported_s - self._start_s) / share
        return Status(text, share, max(self._start_s + total_s - self._clock(), 0.0))
