"""The panel at work: widgets, parameter node and logic, connected."""

from __future__ import annotations

from collections.abc import Callable

import slicer
import vtk
from slicer.i18n import tr as _

from XRayCoreLib.devicechoice import DeviceChoice
from XRayCoreLib.follower import singleShot
from XRayCoreLib.messages import PanelError
from XRayCoreLib.panelbase import PanelBase

from .actions import Actions
from .comparison import Comparison
from .xrays import offeredXRays, rowOf
from .xraystable import XRaysTable

_HINT_WITHOUT_XRAY = _("Load an X-ray, or simulate one, to begin.")
_HINT_WITHOUT_CHOICE = _("Check the X-rays to work on.")


class Panel(PanelBase):
    """The X-ray Inpainting's panel; what buttons do is in `Actions`.

    Attributes:
        xrays: the X-rays that are offered.
    """

    moduleName = "XRayInpainting"
    feature = "inpainting"
    nodeNames = ("shownXray", "implants", "region", "sequence")

    def __init__(self, ui, logic, isEntered: Callable[[], bool]) -> None:
        PanelBase.__init__(self, ui, logic, isEntered)
        self.xrays: list = []
        self._watched: list = []
        self.follower = Comparison(self)
        self.actions = Actions(self)
        self._table = XRaysTable(ui.xraysTable, self._takeChecked, self._takeShown)
        self._device = DeviceChoice(ui.deviceComboBox, lambda: None)
        # A node gets its image after it was added, which tells whether it may be an X-ray.
        self._listTimer = singleShot(0, lambda: PanelBase.nodesChanged(self))

    @property
    def sceneParameters(self):
        """Those of the scene, also when the user has gone to another module."""
        return self.parameters or self.logic.getParameterNode()

    def checked(self) -> list:
        """The X-rays that are worked on; those deleted meanwhile are left out."""
        known = self.parameters.xrays
        return [node for node in known if node is not None and slicer.mrmlScene.IsNodePresent(node)]

    def requireIdle(self) -> None:
        """Refuse what would be a second job, or would change what the running one is about.

        Raises:
            PanelError: a job is running.
        """
        if self.isBusy:
            raise PanelError(_("A job is still running; wait for its end or cancel it."))

    def sceneClosed(self) -> None:
        """The model stays: it is for any patient."""

    def nodesChanged(self) -> None:
        """Nodes came, went or were changed: show the scene as it is now, and once it has settled."""
        PanelBase.nodesChanged(self)
        self._listTimer.start()

    def _closed(self) -> None:
        self._watched = []
        self._listTimer.stop()

    def _forgetDeletedNodes(self) -> None:
        PanelBase._forgetDeletedNodes(self)
        if len(self.checked()) != len(self.parameters.xrays):
            self.parameters.xrays = self.checked()

    def _show(self) -> None:
        parameters, checked = self.parameters, self.checked()
        self.xrays = offeredXRays(self.hasPackages)
        self.xrays += [node for node in checked if node not in self.xrays]
        if parameters.shownXray not in self.xrays:
            parameters.shownXray = checked[0] if checked else None
        rows = [rowOf(node, self.hasPackages) for node in self.xrays]
        self._table.show(self.xrays, rows, checked, parameters.shownXray)
        self._watch(self.xrays)

    def _watch(self, nodes: list) -> None:
        """Follow the X-rays' names, images and display, by whatever module they are changed."""
        if nodes == self._watched:
            return
        self.removeObservers(self._xrayChanged)
        self._watched = list(nodes)
        for node in nodes:
            self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._xrayChanged)
            self.addObserver(node, slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent, self._xrayChanged)
            self.addObserver(node, slicer.vtkMRMLDisplayableNode.DisplayModifiedEvent, self._xrayChanged)

    def _xrayChanged(self, _caller, _event) -> None:
        self._listTimer.start()

    def _takeChecked(self) -> None:
        self.parameters.xrays = self._table.checked()

    def _takeShown(self, node) -> None:
        self.parameters.shownXray = node

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
