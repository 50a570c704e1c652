"""A small X-ray that follows the controls."""

from __future__ import annotations

from slicer.i18n import tr as _

from XRayCoreLib.follower import Follower
from XRayCoreLib.sliceview import showInSliceView

from . import views
from .parameters import readSettings
from .viewsettings import ViewSettings

LARGEST_PX = 256
"""No preview has more rows or columns: it is there before the next move of the slider."""


class LivePreview(Follower):
    """Renders a preview whenever what the panel shows has changed.

    The first image of a patient takes seconds (the CT is prepared, kernels may be compiled), so it is rendered in a
    job; all further ones take some hundredths of a second and are rendered at once.

    Args:
        panel: the Panel.
    """

    def __init__(self, panel) -> None:
        Follower.__init__(self, panel, _("The preview needs Python packages; press Apply to install them."))
        self._field: tuple[float, float] | None = None

    def forget(self) -> None:
        """Take nothing for shown."""
        Follower.forget(self)
        self._field = None

    def showInstead(self, node) -> None:
        """Show a finished X-ray of the present state in place of its preview."""
        self.skip()
        showInSliceView(node, self._panel.parameters.sliceView, fit=False)

    def _render(self) -> None:
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
        return Follower._isWanted(self) and self._panel.parameters.livePreview

    def _hasInput(self) -> bool:
        parameters = self._panel.parameters
        return parameters is not None and parameters.ct is not None

    def _state(self) -> tuple:
        parameters = self._panel.parameters
        implants = tuple(node.GetID() for node in self._panel.implantNodes())
        return parameters.ct.GetID(), implants, parameters.sliceView, readSettings(parameters)
