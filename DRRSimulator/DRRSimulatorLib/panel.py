"""The panel at work: widgets, parameter node and logic, connected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _

from XRayCoreLib.devicechoice import DeviceChoice
from XRayCoreLib.messages import reporting
from XRayCoreLib.panelbase import PanelBase

from . import viewpoint, views
from .actions import Actions
from .implantslist import ImplantsList
from .livepreview import LivePreview
from .parameters import readSettings, writeSettings
from .viewsettings import DEFAULTS, ViewSettings
from .viewstable import ViewsTable
from .words import detectorInWords, directionInWords, distancesInWords

_HINT_WITHOUT_CT = _("Choose the patient's CT to begin.")


class Panel(PanelBase):
    """The DRR Simulator's panel; what buttons do is in `Actions`."""

    moduleName = "DRRSimulator"
    feature = "rendering"
    nodeNames = ("ct", "isocenterNode", "currentView", "cArm")

    def __init__(self, ui, logic, isEntered: Callable[[], bool]) -> None:
        PanelBase.__init__(self, ui, logic, isEntered)
        self._ct: Any = None
        self._followsCt = False
        self._xraysIn3D: tuple | None = None
        self.follower = LivePreview(self)
        self.actions = Actions(self)
        self._table = ViewsTable(ui.viewsTable, self.actions.selectView)
        self._implants = ImplantsList(ui.implantsList, self._takeImplants)
        self._device = DeviceChoice(ui.deviceComboBox, self.follower.again)
        ui.isocenterSelector.connect("currentNodeChanged(vtkMRMLNode*)", self._takeIsocenterNode)

    def open(self) -> None:
        """Take up the scene's parameter node; an X-ray that is selected there stays shown."""
        if self.parameters is not None:
            return
        PanelBase.open(self)
        if self.logic.unreadable or self.parameters.currentView is not None:
            self.follower.skip()

    def sceneReplaced(self) -> None:
        """The isocentre follows the CT anew."""
        PanelBase.sceneReplaced(self)
        self._followsCt = False

    def xraysTaken(self) -> None:
        """X-rays were added or taken again: show them, in 3D too."""
        self._xraysIn3D = None
        self.nodesChanged()

    def implantNodes(self) -> list:
        """The models that are metal; those deleted meanwhile are left out."""
        return [node for node in self.parameters.implants if node is not None and slicer.mrmlScene.IsNodePresent(node)]

    def change(self, settings: ViewSettings) -> None:
        """Work on these settings, whose isocentre is given and follows no node."""
        self.parameters.isocenterNode = None
        writeSettings(self.parameters, settings)

    def _closed(self) -> None:
        self._ct = self._xraysIn3D = None

    def _showNodes(self) -> None:
        views.removeOrphans()
        self._implants.show(self.implantNodes())
        self._table.show(views.simulatedViews(), self.parameters.currentView)

    def _show(self) -> None:
        if self.hasPackages:
            with reporting(self.bar.showMessage):
                self._followIsocenter()
                self._drawCArm()
                self._showXRaysIn3D()
        self._describe()

    def _forgetDeletedNodes(self) -> None:
        PanelBase._forgetDeletedNodes(self)
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

    def _hint(self) -> str:
        return _HINT_WITHOUT_CT if self.parameters.ct is None else ""

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

    def _takeIsocenterNode(self, node) -> None:
        if self.parameters is not None and not self._updating:
            self.parameters.isocenterNode = node

    def _takeImplants(self) -> None:
        self.parameters.implants = self._implants.checked()
