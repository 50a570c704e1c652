"""The panel at work: widgets, parameter node and logic, connected."""

from __future__ import annotations

from collections.abc import Callable

from slicer.i18n import tr as _

from XRayCoreLib.devicechoice import DeviceChoice
from XRayCoreLib.offeredxrays import Row
from XRayCoreLib.xrayspanel import XRaysPanel

from .actions import Actions
from .foundtable import FoundTable
from .judging import Judging
from .xrays import listedXRays, problemOf, rowOf

_HINT_WITHOUT_XRAY = _("Load X-rays with their geometry, or simulate some, to begin.")
_HINT_WITHOUT_GEOMETRY = _("No X-ray here has a geometry; load them with their JSON or DICOM header, or register them.")
_HINT_WITHOUT_CHOICE = _("Check the X-rays to reconstruct from.")
_HINT_WITHOUT_PLACES = _(
    "Say where the vertebrae are: press Find, or New points and click on each in two X-rays, or choose points or a box."
)
_HINT_ONE_XRAY = _("From one X-ray, depth is uncertain: check another one, from a different side.")


class Panel(XRaysPanel):
    """The X23D Reconstruction's panel; what buttons do is in `Actions`.

    Attributes:
        models: the model nodes of the vertebrae in the scene.
    """

    moduleName = "X23DReconstruction"
    feature = "reconstruction"
    nodeNames = ("shownXray", "places")

    def __init__(self, ui, logic, isEntered: Callable[[], bool]) -> None:
        XRaysPanel.__init__(self, ui, logic, isEntered, [_("X-ray"), _("Geometry")])
        self.models: list = []
        self.follower = Judging(self)
        self.actions = Actions(self)
        self._found = FoundTable(ui.foundTable)
        self._device = DeviceChoice(ui.deviceComboBox, lambda: None)

    def isUsable(self, node) -> bool:
        """Whether an X-ray has a geometry; taken for granted while the library, which can tell, is not there."""
        return not self.hasPackages or not problemOf(node)

    def _listed(self) -> list:
        return listedXRays(self.hasPackages)

    def _rowOf(self, node) -> Row:
        return rowOf(node, self.hasPackages)

    def _alsoWatched(self) -> list:
        return self.models

    def _show(self) -> None:
        known = _vertebrae() if self.hasPackages else []
        self.models = [node for node, _finding in known]
        XRaysPanel._show(self)
        self._found.show([finding for _node, finding in known])

    def _hint(self) -> str:
        if not self.xrays:
            return _HINT_WITHOUT_XRAY
        if not self.checked():
            usable = any(self.isUsable(node) for node in self.xrays)
            return _HINT_WITHOUT_CHOICE if usable else _HINT_WITHOUT_GEOMETRY
        if self.parameters.places is None:
            return _HINT_WITHOUT_PLACES
        return _HINT_ONE_XRAY if len(self.checked()) == 1 else ""

    def _enable(self) -> None:
        ui, parameters = self.ui, self.parameters
        ui.reconstructButton.enabled = bool(self.checked()) and parameters.places is not None and not self.isBusy
        ui.newPointsButton.enabled = not self.isBusy
        ui.findButton.enabled = len(self.checked()) > 1 and not self.isBusy
        for box in (ui.outlinesCheckBox, ui.sigmaColorsCheckBox):
            box.enabled = bool(self.models)


def _vertebrae() -> list:
    """Model nodes and what is to be known of them."""
    from xray3d.mrml.reconstruction import findings

    return findings()
