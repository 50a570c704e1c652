"""The panel at work: widgets, parameter node and logic, connected."""

from __future__ import annotations

from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from XRayCoreLib import packages
from XRayCoreLib.devicechoice import DeviceChoice
from XRayCoreLib.jobbar import JobBar

from .actions import Actions
from .liveoverlay import LiveOverlay
from .parameters import ADJUSTMENT_NAMES, MAX_XRAYS, START_CHOICES, chosen, readAdjustment
from .regionchoice import RegionChoice
from .report import reportFromJson
from .resultview import ResultView
from .shownxray import ShownXRay
from .words import START_HINTS
from .xrayrows import XRayRows

_HINT_WITHOUT_CT = _("Choose the patient's CT to begin.")
_HINT_WITHOUT_XRAY = _("Choose an X-ray of this patient.")
_NODES = ("ct", "region", "ctLandmarks", "shownXray") + tuple(
    f"{kind}{n}" for kind in ("xray", "mask", "landmarks") for n in range(1, MAX_XRAYS + 1)
)


class Panel(VTKObservationMixin):
    """Shows the parameter node's state and takes the user's changes to it; what buttons do is in `Actions`.

    Args:
        ui: the widgets of XRayRegistration.ui, by name.
        logic: a XRayRegistrationLogic.

    Attributes:
        bar: the line that shows messages and jobs.
        parameters: the wrapped parameter node; None while the panel is closed.
        isBusy: whether a job is running.
    """

    def __init__(self, ui, logic) -> None:
        VTKObservationMixin.__init__(self)
        self.ui = ui
        self.logic = logic
        self.parameters: Any = None
        self.isBusy = False
        self._guiTag = None
        self._updating = False
        self._hasPackages = False
        self._watched: tuple = ()
        self.overlay = LiveOverlay(self)
        self.bar = JobBar("XRayRegistration", self._busyChanged)
        ui.jobBarFrame.layout().addWidget(self.bar.widget)
        self.actions = Actions(self)
        self._rows = XRayRows(ui)
        self._region = RegionChoice(ui.regionSelector)
        self._shownXray = ShownXRay(ui.shownXrayComboBox, self.bar.showMessage)
        self._result = ResultView(ui)
        self._device = DeviceChoice(ui.deviceComboBox, self.overlay.again)

    def open(self) -> None:
        """Take up the scene's parameter node."""
        if self.parameters is not None:
            return
        parameters = self.logic.getParameterNode()
        self._guiTag = parameters.connectGui(self.ui)
        self.addObserver(parameters.parameterNode, vtk.vtkCommand.ModifiedEvent, self._parametersModified)
        self.parameters = parameters
        self._region.connect(parameters)
        self._shownXray.connect(parameters)
        self.nodesChanged()
        if self.logic.unreadable:
            sentence = _("This scene has settings that this version cannot read ({names}); they have their defaults.")
            self.bar.showMessage(sentence.format(names=", ".join(self.logic.unreadable)))

    def close(self) -> None:
        """Let go of the parameter node."""
        self.overlay.close()
        if self.parameters is None:
            return
        self.removeObservers()
        self._region.disconnect()
        self._shownXray.disconnect()
        self.parameters.disconnectGui(self._guiTag)
        self.parameters, self._watched = None, ()

    def cleanup(self) -> None:
        """Let go of everything, also of a running job."""
        self.close()
        self.bar.cleanup()
        self.isBusy = False

    @property
    def hasPackages(self) -> bool:
        """Whether the library can be imported; until then the panel shows the state and leaves the scene alone."""
        self._hasPackages = self._hasPackages or not packages.missing("registration")
        return self._hasPackages

    def sceneReplaced(self) -> None:
        """The scene was closed or loaded: what was known of its nodes is void."""
        self.overlay.forget()
        self.actions.forget()

    def nodesChanged(self) -> None:
        """Nodes came, went or were changed: show the scene as it is now."""
        if self.parameters is None or slicer.mrmlScene.IsBatchProcessing():
            return
        for name in _NODES:
            node = getattr(self.parameters, name)
            if node is not None and not slicer.mrmlScene.IsNodePresent(node):
                setattr(self.parameters, name, None)
        self.update()

    def update(self) -> None:
        """Show the parameter node's state, and let the overlay follow."""
        if self.parameters is None or self._updating:
            return
        self._updating = True
        try:
            self._shownXray.show(chosen(self.parameters, "xray"))
            self._region.show()
            self._rows.show(self.parameters)
            self._watch(self.parameters.ct, self.parameters.shownXray)
            self._describe()
            self._enable()
        finally:
            self._updating = False
        self.overlay.stateChanged()

    def _parametersModified(self, _caller, _event) -> None:
        if not self.isBusy and not self._updating:
            self.bar.clear()  # it was about the state before
        self.update()

    def _watch(self, *nodes) -> None:
        """Follow the CT and the X-ray that is shown wherever they are moved, by whatever module."""
        if nodes == self._watched:
            return
        self.removeObservers(self._volumeChanged)
        self._watched = nodes
        for node in filter(None, nodes):
            self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._volumeChanged)
            self.addObserver(node, slicer.vtkMRMLTransformableNode.TransformModifiedEvent, self._volumeChanged)
            self.addObserver(node, slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent, self._volumeChanged)

    def _volumeChanged(self, _caller, _event) -> None:
        self.update()

    def _describe(self) -> None:
        ui, parameters = self.ui, self.parameters
        start = START_CHOICES[parameters.start]
        ui.startHintLabel.text = START_HINTS[start]
        ui.landmarksFrame.setVisible(start == "landmarks")
        ui.searchAroundCheckBox.setVisible(start != "search")
        self._result.show(reportFromJson(parameters.result))
        hint = self._hint()
        if hint and not self.bar.message:
            self.bar.showMessage(hint)
        elif not hint and self.bar.message in (_HINT_WITHOUT_CT, _HINT_WITHOUT_XRAY):
            self.bar.clear()
        ui.registerButton.toolTip = hint or _("Move the X-rays to where the CT looks like them.")

    def _hint(self) -> str:
        """What the user has to do before anything can be done, empty for nothing."""
        if self.parameters.ct is None:
            return _HINT_WITHOUT_CT
        return "" if chosen(self.parameters, "xray") else _HINT_WITHOUT_XRAY

    def _enable(self) -> None:
        ui, parameters = self.ui, self.parameters
        ready = not self._hint() and not self.isBusy
        adjusted = not readAdjustment(parameters).isNone
        ui.registerButton.enabled = ready
        ui.undoButton.enabled = self.actions.canUndo and not self.isBusy
        ui.compareButton.enabled = parameters.shownXray is not None and self.actions.isRegistered(parameters.shownXray)
        ui.resetButton.enabled = adjusted
        ui.useAsStartButton.enabled = adjusted and ready
        ui.blendSlider.enabled = parameters.overlay == "blend"
        for name in ADJUSTMENT_NAMES:
            getattr(ui, f"{name}Slider").enabled = ready and not parameters.showStart
        for spinBox in (ui.relativeMmSpinBox, ui.relativeDegSpinBox):
            spinBox.enabled = parameters.viewsMayMove

    def _busyChanged(self, busy: bool) -> None:
        self.isBusy = busy
        if self.parameters is not None:
            self._enable()
            self.overlay.stateChanged()
