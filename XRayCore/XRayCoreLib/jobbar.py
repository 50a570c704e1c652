"""The line of a panel that shows its job: what is being done, how far, how much longer, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import qt
from slicer.i18n import tr as _

from XRayCoreLib import job
from XRayCoreLib.messages import show_error
from XRayCoreLib.progress import Progress, Status

_BAR_STEPS = 1000


class JobBar:
    """A sentence with a Details button and, while a job runs, a progress bar with a Cancel button.

    Args:
        owner: name of the module; it can have one job at a time.
        onBusyChanged: gets True when a job begins and False when it has ended, however it did; for the panel to
            disable its Apply button.

    Attributes:
        widget: to be put into the panel's layout.
    """

    def __init__(self, owner: str, onBusyChanged: Callable[[bool], None] = lambda busy: None) -> None:
        self._owner = owner
        self._onBusyChanged = onBusyChanged
        self._job: job.Job | None = None
        self._details = ""
        self._buildWidget()
        self._showRunning(False)
        self.clear()

    def run(
        self, function: Callable[[Progress], Any], onDone: Callable[[Any], None], nodes: Iterable[Any] = ()
    ) -> None:
        """Start `function(progress)` as job.run does, and show it here to its end.

        The sentence that is here when it begins is here again when it has ended well: a picture that is made after
        something went wrong must not hide what that was.

        Raises:
            JobRefused: a job of this owner is running.
        """
        finish = self._finisher(onDone, self.message, self._details)
        self._job = job.run(self._owner, function, self._showStatus, finish, self._fail, nodes)
        self.clear()
        self._showRunning(True)
        self._onBusyChanged(True)

    def cancel(self) -> None:
        """Ask the running job to stop at its next step."""
        if self._job is not None:
            self._job.cancel()
            self._cancelButton.enabled = False

    def cleanup(self) -> None:
        """Give the job up without another word; for the cleanup of the panel."""
        job.abandon(self._owner)
        self._job = None

    def showMessage(self, sentence: str, details: str = "") -> None:
        """Show a sentence in the panel, with the details behind a button where there are any."""
        self._details = details
        self._label.text = sentence
        self._label.setVisible(bool(sentence))
        self._detailsButton.setVisible(bool(details))

    def clear(self) -> None:
        """Take the sentence away."""
        self.showMessage("")

    @property
    def message(self) -> str:
        """The sentence that is shown, empty if there is none."""
        return self._label.text

    def _showDetails(self) -> None:
        show_error(self.message, self._details)

    def _finisher(self, onDone: Callable[[Any], None], sentence: str, details: str) -> Callable[[Any], None]:
        def finish(result: Any) -> None:
            self._end()
            self.showMessage(sentence, details)
            onDone(result)

        return finish

    def _fail(self, sentence: str, details: str) -> None:
        if self._job is not None:  # otherwise it had ended well, and what failed was onDone
            self._end()
        self.showMessage(sentence, details)

    def _end(self) -> None:
        self._job = None
        self.clear()
        self._showRunning(False)
        self._onBusyChanged(False)

    def _showStatus(self, status: Status) -> None:
        self._bar.value = round(_BAR_STEPS * status.share)
        self.showMessage(f"{status.text} {remainingText(status.remaining_s)}".strip())

    def _showRunning(self, running: bool) -> None:
        self._bar.value = 0
        self._bar.setVisible(running)
        self._cancelButton.setVisible(running)
        self._cancelButton.enabled = running

    def _buildWidget(self) -> None:
        self.widget = qt.QWidget()
        layout = qt.QGridLayout(self.widget)
        layout.setContentsMargins(0, 0, 0, 0)
        self._label = qt.QLabel()
        self._label.wordWrap = True
        self._detailsButton = qt.QPushButton(_("Details"))
        self._detailsButton.toolTip = _("Show what an expert would want to know about this message.")
        self._detailsButton.clicked.connect(self._showDetails)
        self._bar = qt.QProgressBar()
        self._bar.maximum = _BAR_STEPS
        self._cancelButton = qt.QPushButton(_("Cancel"))
        self._cancelButton.toolTip = _("Stop after the current step; the scene stays as it is.")
        self._cancelButton.clicked.connect(self.cancel)
        for row, widgets in enumerate([(self._label, self._detailsButton), (self._bar, self._cancelButton)]):
            for column, widget in enumerate(widgets):
                layout.addWidget(widget, row, column)
        layout.setColumnStretch(0, 1)


def remainingText(remaining_s: float | None) -> str:
    """How much longer, as one would say it; nothing while it cannot be told."""
    if remaining_s is None:
        return ""
    if remaining_s < 90:
        return _("(about {seconds} s left)").format(seconds=max(1, round(remaining_s)))
    return _("(about {minutes} min left)").format(minutes=round(remaining_s / 60))
