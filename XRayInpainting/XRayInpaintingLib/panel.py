"""The panel at work: widgets, parameter node and logic, connected."""

from __future__ import annotations

from collections.abc import Callable

from slicer.i18n import tr as _

from XRayCoreLib.devicechoice import DeviceChoice
from XRayCoreLib.offeredxrays import Row
from XRayCoreLib.xrayspanel import XRaysPanel

from .actions import Actions
from .comparison import Comparison
from .xrays import originalXRays, rowOf

_HINT_WITHOUT_XRAY = _("Load an X-ray, or simulate one, to begin.")
_HINT_WITHOUT_CHOICE = _("Check the X-rays to work on.")


class Panel(XRaysPanel):
    """The X-ray Inpainting's panel; what buttons do is in `Actions`."""

    moduleName = "XRayInpainting"
    feature = "inpainting"
    nodeNames = ("shownXray", "implants", "region", "sequence")

    def __init__(self, ui, logic, isEntered: Callable[[], bool]) -> None:
        XRaysPanel.__init__(self, ui, logic, isEntered, [_("X-ray"), _("Implants"), _("Without them")])
        self.follower = Comparison(self)
        self.actions = Actions(self)
        self._device = DeviceChoice(ui.deviceComboBox, lambda: None)

    def _listed(self) -> list:
        return originalXRays(self.hasPackages)

    def _rowOf(self, node) -> Row:
        return rowOf(node, self.hasPackages)

    def _hint(self) -> str:
        if self.parameters.sequence is not None:
            return ""
        if not self.xrays:
            return _HINT_WITHOUT_XRAY
        return "" if self.checked() else _HINT_WITHOUT_CHOICE

    def _enable(self) -> None:
        ui, parameters = self.ui, self.parameters
        ready = bool(self.checked()) and not self.isBusy
        for button in (ui.findButton, ui.removeButton):
            button.enabled = ready
        for button in (ui.growButton, ui.shrinkButton, ui.growPxSpinBox):
            button.enabled = ready and parameters.implants is None
        for button in (ui.paintButton, ui.regionButton):
            button.enabled = parameters.shownXray is not None and not self.isBusy
        ui.sequenceButton.enabled = parameters.sequence is not None and not self.isBusy
