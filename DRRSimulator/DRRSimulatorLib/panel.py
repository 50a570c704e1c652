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
from XRayCoreLib.messages import reporting

from . import viewpoint, views
from .actions import Actions
from .implantslist import ImplantsList
from .livepreview import LivePreview
from .parameters import readSettings, writeSettings
from .viewsettings import DEFAULTS, ViewSettings
from .viewstable import ViewsTable
from .words import detectorInWords, directionInWords, distancesInWords

_HINT_WITHOUT_CT = _("Choose the patient's CT to begin.")


class Panel(VTKObservationMixin):
    """Shows the parameter node's state and takes the user's changes to it; what buttons do is in `Actions`.

    Args:
        ui: the widgets of DRRSimulator.ui, by name.
        logic: a DRRSimulatorLogic.

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
        self._ct: Any = None
        self._followsCt = False
        self._xraysIn3D: tuple | None = None
        self.preview = LivePreview(self)
        self.bar = JobBar("DRRSimulator", self._busyChanged)
        ui.jobBarFrame.layout().addWidget(self.bar.widget)
        self.actions = Actions(self)
        self._table = ViewsTable(ui.viewsTable, self.actions.selectView)
        self._implants = ImplantsList(ui.implantsList, self._takeImplants)
        self._device = DeviceChoice(ui.deviceComboBox, self.preview.again)
        ui.isocenterSelector.connect("currentNodeChanged(vtkMRMLNode*)", self._takeIsocenterNode)

    def open(self) -> None:
        """Take up the scene's parameter node."""
        if self.parameters is not None:
            return
        parameters = self.logic.getParameterNode()
        self._guiTag = parameters.connectGui(self.ui)
        self.addObserver(parameters.parameterNode, vtk.vtkCommand.ModifiedEvent, self._parametersModified)
        self.parameters = parameters
        self.nodesChanged()
        if self.logic.unreadable or parameters.currentView is not None:
            self.preview.skip()
        if self.logic.unreadable:
            sentence = _("This scene has settings that this version cannot read ({names}); they have their defaults.")
            self.bar.showMessage(sentence.format(names=", ".join(self.logic.unreadable)))

    def close(self) -> None:
        """Let go of the parameter node."""
        self.preview.stop()
        if self.parameters is None:
            return
        self.removeObservers()
        self.parameters.disconnectGui(self._guiTag)
        self.parameters = self._ct = self._xraysIn3D = None

    def cleanup(self) -> None:
        """Let go of everything, also of a running job."""
        self.close()
        self.bar.cleanup()
        self.isBusy = False

    @property
    def hasPackages(self) -> bool:
        """Whether the library can be imported; until then the panel shows the state and leaves the scene alone."""
        self._hasPackages = self._hasPackages or not packages.missing("rendering")
        return self._hasPackages

    def sceneReplaced(self) -> None:
        """The scene was closed or loaded: what was known of its nodes is void."""
        self.preview.forget()
        self._followsCt = False

    def nodesChanged(self) -> None:
        """Nodes came, went or were changed: show the scene as it is now."""
        if self.parameters is None or slicer.mrmlScene.IsBatchProcessing():
            return
        self._forgetDeletedNodes()
        views.removeOrphans()
        self._implants.show(self.implantNodes())
        self._table.show(views.simulatedViews(), self.parameters.currentView)
        self.update()

    def xraysTaken(self) -> None:
        """X-rays were added or taken again: show them, in 3D too."""
        self._xraysIn3D = None
        self.nodesChanged()

    def implantNodes(self) -> list:
        """The models that are metal; those deleted meanwhile are left out."""
        return [node for node in self.parameters.implants if _isInScene(node)]

    def change(self, settings: ViewSettings) -> None:
        """Work on these settings, whose isocentre is given and follows no node."""
        self.parameters.isocenterNode = None
        writeSettings(self.parameters, settings)

    def update(self) -> None:
        """Show the parameter node's state, and let isocentre, C-arm and preview follow."""
        if self.parameters is None or self._updating:
            return
        self._updating = True
        try:
            if self.hasPackages:
                with reporting(self.bar.showMessage):
                    self._followIsocenter()
                    self._drawCArm()
                    self._showXRaysIn3D()
            self._describe()
            self._enable()
        finally:
            self._updating = False
        self.preview.stateChanged()

    def _parametersModified(self, _caller, _event) -> None:
        if not self.isBusy and not self._updating:
            self.bar.clear()  # it was about the state before
        self.update()

    def _forgetDeletedNodes(self) -> None:
        for name in ("ct", "isocenterNode", "currentView", "cArm"):
            node = getattr(self.parameters, name)
            if node is not None and not _isInScene(node):
                setattr(self.parameters, name, None)
        if len(self.implantNodes()) != len(self.parameters.implants):
            self.parameters.implants = self.implantNodes()

    def _followIsocenter(self) -> None:
        """Put the isocentre where its node is; at first that is the CT, and then the next CT."""
        parameters = self.parameters
        settings = readSettings(parameters)
        if parameters.ct is not None:
            atStart = parameters.isocenterNode is None and settings.isocenterRas == DEFAULTS.isocenterRas
            if parameters.ct is not self._ct and (self._followsCt or atStart):
                parameters.isocenterNode = parameters.ct
            self._followsCt = parameters.isocenterNode is parameters.ct
        self._ct = parameters.ct
        self._observeIsocenter(parameters.isocenterNode)
        self.ui.isocenterSelector.setCurrentNode(parameters.isocenterNode)
        if parameters.isocenterNode is not None:
            followed = settings.withIsocenter(self.logic.pointOf(parameters.isocenterNode))
            if followed != settings:
                writeSettings(parameters, followed)

    def _observeIsocenter(self, node) -> None:
        events = (
            vtk.vtkCommand.ModifiedEvent,
            slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
            slicer.vtkMRMLMarkupsNode.PointModifiedEvent,
        )
        if node is not None and not self.hasObserver(node, events[0], self._isocenterMoved):
            self.removeObservers(self._isocenterMoved)
            for event in events:
                self.addObserver(node, event, self._isocenterMoved)
        elif node is None:
            self.removeObservers(self._isocenterMoved)

    def _isocenterMoved(self, _caller, _event) -> None:
        self.update()

    def _drawCArm(self) -> None:
        parameters = self.parameters
        if parameters.cArm is not None and parameters.cArm.GetDisplayNode() is not None:
            parameters.cArm.GetDisplayNode().SetVisibility(parameters.showCArm)
        if parameters.showCArm and parameters.ct is not None:
            parameters.cArm = viewpoint.drawCArm(readSettings(parameters), parameters.cArm)

    def _showXRaysIn3D(self) -> None:
        """Put the X-rays on their detectors in the 3D view, or hide them, when that was asked for anew."""
        wanted = (self.parameters.showXRays, [node.GetID() for node in views.simulatedViews()])
        if wanted != self._xraysIn3D:
            self._xraysIn3D = wanted
            views.showIn3D(views.simulatedViews(), self.parameters.showXRays)

    def _describe(self) -> None:
        settings = readSettings(self.parameters)
        self.ui.directionLabel.text = directionInWords(settings.primaryDeg, settings.secondaryDeg)
        self.ui.detectorLabel.text = detectorInWords(settings.primaryDeg, settings.secondaryDeg)
        self.ui.distancesLabel.text = distancesInWords(settings)
        view = self.parameters.currentView
        self.ui.applyButton.text = (
            _("Apply: new X-ray") if view is None else _("Apply: take again {name}").format(name=view.GetName())
        )
        if self.parameters.ct is None and not self.bar.message:
            self.bar.showMessage(_HINT_WITHOUT_CT)
        elif self.parameters.ct is not None and self.bar.message == _HINT_WITHOUT_CT:
            self.bar.clear()

    def _enable(self) -> None:
        ui, hasCt = self.ui, self.parameters.ct is not None
        ui.applyButton.enabled = hasCt and not self.isBusy
        ui.applyButton.toolTip = _("Take the X-ray at full resolution.") if hasCt else _HINT_WITHOUT_CT
        ui.updateAllButton.enabled = hasCt and not self.isBusy and bool(views.simulatedViews())
        ui.removeViewButton.enabled = self.parameters.currentView is not None and not self.isBusy
        ui.newViewButton.enabled = self.parameters.currentView is not None and not self.isBusy
        ui.exportButton.enabled = bool(views.simulatedViews()) and not self.isBusy
        for spinBox in (ui.isocenterRSpinBox, ui.isocenterASpinBox, ui.isocenterSSpinBox):
            spinBox.enabled = self.parameters.isocenterNode is None

    def _busyChanged(self, busy: bool) -> None:
        self.isBusy = busy
        if self.parameters is not None:
            self._enable()
            self.preview.stateChanged()

    def _takeIsocenterNode(self, node) -> None:
        if self.parameters is not None and not self._updating:
            self.parameters.isocenterNode = node

    def _takeImplants(self) -> None:
        self.parameters.implants = self._implants.checked()


def _isInScene(node) -> bool:
    return node is not None and bool(slicer.mrmlScene.IsNodePresent(node))
