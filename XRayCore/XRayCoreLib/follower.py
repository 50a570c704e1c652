"""A picture that follows what a panel shows."""

from __future__ import annotations

from collections.abc import Callable

import qt

from XRayCoreLib.messages import PanelError, reporting


class Follower:
    """Renders whenever what the panel shows has changed.

    Changes are coalesced: however many come while a picture is rendered, the next one shows the latest. A subclass says
    in `_hasInput` and `_state` what the picture depends on, and renders it in `_render`.

    Args:
        panel: a PanelBase.
        needsPackages: what is shown in place of a picture while Python packages are missing.
    """

    def __init__(self, panel, needsPackages: str) -> None:
        self._panel = panel
        self._needsPackages = needsPackages
        self._shown: tuple | None = None
        self._timer = singleShot(0, self.render)

    def stateChanged(self) -> None:
        """Render soon, if the state is not the one that is shown."""
        if self._isWanted() and self._state() != self._shown:
            self._timer.start()

    def again(self) -> None:
        """Render although the state is the one that is shown: what it refers to has changed."""
        self._shown = None
        if not self._panel.isBusy:
            self._panel.bar.clear()
        self.stateChanged()

    def skip(self) -> None:
        """Take the present state for shown: the next picture comes with the next change."""
        self._timer.stop()
        self._shown = self._state() if self._hasInput() else None

    def forget(self) -> None:
        """Take nothing for shown."""
        self._shown = None

    def close(self) -> None:
        """Render nothing that was asked for so far."""
        self._timer.stop()

    def render(self) -> None:
        """Render the present state now."""
        if not self._isWanted():
            return
        self._shown = self._state()
        with reporting(self._panel.bar.showMessage):
            if not self._panel.hasPackages:
                raise PanelError(self._needsPackages)
            self._render()

    def _isWanted(self) -> bool:
        return self._hasInput() and not self._panel.isBusy

    def _hasInput(self) -> bool:
        """Whether there is something to be shown."""
        raise NotImplementedError

    def _state(self) -> tuple:
        """What the picture depends on; asked for only where there is input."""
        raise NotImplementedError

    def _render(self) -> None:
        """Show the present state, or begin a job that will."""
        raise NotImplementedError


def singleShot(intervalMs: int, slot: Callable[[], None]) -> qt.QTimer:
    """A timer that, once started, calls a function once."""
    timer = qt.QTimer()
    timer.setSingleShot(True)
    timer.setInterval(intervalMs)
    timer.timeout.connect(slot)
    return timer
