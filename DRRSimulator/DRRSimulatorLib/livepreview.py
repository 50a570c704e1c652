"""A small X-ray that follows the controls."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from XRayCoreLib.messages import PanelError, reporting
from XRayCoreLib.sliceview import showInSliceView

from . import views
from .parameters import readSettings
from .viewsettings import ViewSettings

LARGEST_PX = 256
"""No preview has more rows or columns: it is there before the next move of the slider."""


class LivePreview:
    """Renders a preview whenever what the panel shows has changed.

    Changes are coalesced: however many come while an image is rendered, the next one shows the latest. The first image
    of a patient takes seconds (the CT is prepared, kernels may be compiled), so it is rendered in a job; all further
    ones take some hundredths of a second and are rendered at once.

    Args:
        panel: the Panel.
    """

    def __init__(self, panel) -> None:
        self._panel = panel
        self._shown: tuple | None = None
        self._field: tuple[float, float] | None = None
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self.render)

    def stateChanged(self) -> None:
        """Render soon, if the state is not the one that is shown."""
        if self._isWanted() and self._state() != self._shown:
            self._timer.start()

    def stop(self) -> None:
        """Render nothing that was asked for so far."""
        self._timer.stop()

    def skip(self) -> None:
        """Take the present state for shown: the next image comes with the next change."""
        self._timer.stop()
        self._shown = self._state() if self._panel.parameters.ct is not None else None

    def forget(self) -> None:
        """Take nothing for shown."""
        self._shown = self._field = None

    def showInstead(self, node) -> None:
        """Show a finished X-ray of the present state in place of its preview."""
        self.skip()
        showInSliceView(node, self._panel.parameters.sliceView, fit=False)

    def again(self) -> None:
        """Render although the state is the one that is shown: what it refers to has changed."""
        self._shown = None
        if not self._panel.isBusy:
            self._panel.bar.clear()
        self.stateChanged()

    def render(self) -> None:
        """Render the present state now."""
        if not self._isWanted():
            return
        self._shown = self._state()
        with reporting(self._panel.bar.showMessage):
            if not self._panel.hasPackages:
                raise PanelError(_("The preview needs Python packages; press Apply to install them."))
            self._renderOrPrepare()

    def _renderOrPrepare(self) -> None:
        parameters = self._panel.parameters
        settings = readSettings(parameters)
        exposures = self._panel.logic.exposures(parameters.ct, [settings], self._panel.implantNodes())
        if exposures.isPrepared:
            self._store(exposures.takeOne(settings, LARGEST_PX), settings)
            return

        def finish(images) -> None:
            self._panel.logic.keepPatient(exposures)
            if self._isWanted():
                self._store(images[0], settings)
                self.stateChanged()

        self._panel.bar.run(lambda progress: exposures.take(progress, LARGEST_PX), finish, [parameters.ct])

    def _store(self, xray, settings: ViewSettings) -> None:
        node = views.storePreview(xray, settings.physics)
        field = (settings.rows * settings.pixelRowMm, settings.columns * settings.pixelColumnMm)
        showInSliceView(node, self._panel.parameters.sliceView, fit=field != self._field)
        self._field = field

    def _isWanted(self) -> bool:
        parameters = self._panel.parameters
        wanted = parameters is not None and parameters.livePreview and parameters.ct is not None
        return bool(wanted and not self._panel.isBusy)

    def _state(self) -> tuple:
        parameters = self._panel.parameters
        implants = tuple(node.GetID() for node in self._panel.implantNodes())
        return parameters.ct.GetID(), implants, parameters.sliceView, readSettings(parameters)
