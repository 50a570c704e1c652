"""Long work beside the application: on a thread of its own, with its results written on the main thread.

    job.run("DRRSimulator", renderViews, showStatus, addNodes, showMessage, nodes=[ctNode])

MRML is not safe to touch from other threads, so the function gets what it needs from the nodes beforehand, and what it
returns goes into nodes in `onDone`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from XRayCoreLib.messages import PanelError, report, reporting
from XRayCoreLib.progress import Progress, Status
from XRayCoreLib.worker import Cancelled, Done, Failed, Worker

_POLL_INTERVAL_MS = 20
# Each poll also waits, without Python's interpreter lock: in an event loop that keeps the lock, other Python threads
# get to run only then.
_POLL_WAIT_S = 0.02

_running: dict[str, Job] = {}


class JobRefused(PanelError):  # noqa: N818 - named like PackagesMissing
    """The owner's last job is still running."""


def run(
    owner: str,
    function: Callable[[Progress], Any],
    onProgress: Callable[[Status], None],
    onDone: Callable[[Any], None],
    onError: Callable[[str, str], None],
    nodes: Iterable[Any] = (),
) -> Job:
    """Start `function(progress)` on a worker thread and return its handle at once.

    Args:
        owner: name of the module; it can have one job at a time.
        function: must not touch MRML or Qt. It calls `progress(text, share)` between its steps.
        onProgress: gets the latest Status, on the main thread, many times a second.
        onDone: gets what the function returned, on the main thread.
        onError: gets a sentence and details instead, on the main thread, where nothing came of the job: it was
            cancelled, it failed, `onDone` failed, or the scene or one of `nodes` was gone when it ended.
        nodes: what the result would be made of or go into.

    Raises:
        JobRefused: a job of this owner is running.
    """
    if isRunning(owner):
        raise JobRefused(_("A job is still running; wait for its end or cancel it."))
    job = Job(owner, Worker(function), onProgress, onDone, onError, nodes)
    _running[owner] = job
    return job


def isRunning(owner: str) -> bool:
    """Whether a job of this owner has not ended yet."""
    return owner in _running


def abandon(owner: str) -> None:
    """Cancel the owner's job, if any, and call none of its functions any more: for a panel's cleanup."""
    if isRunning(owner):
        _running[owner].abandon()


def abandonAll(wait_s: float = 3.0) -> None:
    """Abandon every job and give each some time to come to the end of its step: for the application's end."""
    for job in list(_running.values()):
        job.abandon()
        if not job.worker.wait(wait_s):
            logging.warning(f"XRay3D: the job of {job.owner} did not stop within {wait_s:g} s.")


class Job:
    """A job that `run` started."""

    def __init__(
        self,
        owner: str,
        worker: Worker,
        onProgress: Callable[[Status], None],
        onDone: Callable[[Any], None],
        onError: Callable[[str, str], None],
        nodes: Iterable[Any],
    ) -> None:
        self.owner = owner
        self.worker = worker
        self._onProgress = onProgress
        self._onDone = onDone
        self._onError = onError
        # Names now, because a deleted node may not be asked for its name any more.
        self._nodes = [(node, node.GetName()) for node in nodes]
        self._lossSentence = ""
        self._scene = slicer.mrmlScene
        self._sceneObserver = self._scene.AddObserver(slicer.vtkMRMLScene.StartCloseEvent, self._onSceneClosed)
        self._timer = qt.QTimer()
        self._timer.setInterval(_POLL_INTERVAL_MS)
        self._timer.timeout.connect(self._poll)
        worker.start()
        self._timer.start()

    def cancel(self) -> None:
        """Ask the function to stop at its next report; `onError` is told once it has."""
        self.worker.progress.cancel()

    def abandon(self) -> None:
        """Cancel, and call none of the functions any more."""
        self.cancel()
        self._release()

    def _poll(self) -> None:
        self._lookForLostNodes()
        if self.worker.wait(_POLL_WAIT_S):
            self._release()
            self._hand(self.worker.outcome)
        else:
            self._onProgress(self.worker.progress.status)

    def _hand(self, outcome: Done | Failed | Cancelled | None) -> None:
        """Give the outcome to the function that wants it."""
        if self._lossSentence:
            self._onError(self._lossSentence, "")
        elif isinstance(outcome, Done):
            with reporting(self._onError):
                self._onDone(outcome.result)
        elif isinstance(outcome, Failed):
            report(outcome.error, self._onError)
        else:
            self._onError(_("Cancelled; nothing was changed."), "")

    def _onSceneClosed(self, _caller: Any, _event: str) -> None:
        self._drop(_("The scene was closed while the job ran; its result was dropped."))

    def _lookForLostNodes(self) -> None:
        for node, name in self._nodes:
            if not self._scene.IsNodePresent(node):
                self._drop(_('"{name}" was deleted while the job ran; its result was dropped.').format(name=name))

    def _drop(self, sentence: str) -> None:
        """Cancel for a reason; the first one is the one that is told."""
        self._lossSentence = self._lossSentence or sentence
        self.cancel()

    def _release(self) -> None:
        self._timer.stop()
        self._scene.RemoveObserver(self._sceneObserver)
        del _running[self.owner]
