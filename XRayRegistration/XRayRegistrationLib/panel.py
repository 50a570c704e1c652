"""The panel at work: widgets, parameter node and logic, connected."""

from __future__ import annotations

from collections.abc import Callable

import slicer
import vtk
from slicer.i18n import tr as _

from XRayCoreLib.devicechoice import DeviceChoice
from XRayCoreLib.messages import PanelError
from XRayCoreLib.panelbase import PanelBase

from .actions import Actions
from .liveoverlay import LiveOverlay
from .loading import freeRows
from .modelsection import ModelSection
from .parameters import ADJUSTMENT_NAMES, MAX_XRAYS, START_CHOICES, chosen, readAdjustment
from .pointactions import PointActions
from .regionchoice import RegionChoice
from .report import reportFromJson
from .resultview import ResultView
from .shownxray import ShownXRay
from .trainingactions import TrainingActions
from .words import START_HINTS
from .xrayrows import XRayRows

_HINT_WITHOUT_CT = _("Choose the patient's CT to begin.")
_HINT_WITHOUT_XRAY = _("Choose an X-ray of this patient.")
_NODES = ("ct", "region", "ctLandmarks", "shownXray", "aim", "bonePoints") + tuple(
    f"{kind}{n}" for kind in ("xray", "mask", "landmarks") for n in range(1, MAX_XRAYS + 1)
)


class Panel(PanelBase):
    """The X-ray Registration's panel; what buttons do is in `Actions`, `TrainingActions` and `PointActions`."""

    moduleName = "XRayRegistration"
    feature = "registration"
    nodeNames = _NODES

    def __init__(self, ui, logic, isEntered: Callable[[], bool]) -> None:
        PanelBase.__init__(self, ui, logic, isEntered)
        self._watched: tuple = ()
        self.follower = LiveOverlay(self)
        self.actions = Actions(self)
        self.points = PointActions(self)
        self.model = ModelSection(ui)
        self._training = TrainingActions(self)
        self._rows = XRayRows(ui)
        self._region = RegionChoice(ui.regionSelector)
        self._shownXray = ShownXRay(ui.shownXrayComboBox, self.bar.showMessage)
        self._result = ResultView(ui)
        self._device = DeviceChoice(ui.deviceComboBox, self.follower.again)

    @property
    def sceneParameters(self):
        """Those of the scene, also when the user has gone to another module."""
        return self.parameters or self.logic.getParameterNode()

    def requireIdle(self) -> None:
        """Refuse what would be a second job, or would move what the running one is about.

        Raises:
            PanelError: a job is running.
        """
        if self.isBusy:
            raise PanelError(_("A job is still running; wait for its end or cancel it."))

    def sceneClosed(self) -> None:
        """Nothing can be undone any more."""
        PanelBase.sceneClosed(self)
        self.actions.forget()

    def _opened(self) -> None:
        self.model.connect(self.parameters)
        self._region.connect(self.parameters)
        self._shownXray.connect(self.parameters)

    def _closed(self) -> None:
        self.model.disconnect()
        self._region.disconnect()
        self._shownXray.disconnect()
        self._watched = ()

    def _show(self) -> None:
        self._shownXray.show(chosen(self.parameters, "xray"))
        self._region.show()
        self.model.show()
        self._rows.show(self.parameters)
        self._watch(self.parameters.ct, self.parameters.shownXray)
        self._describe()

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
        ui.modelFrame.setVisible(start == "model")
        ui.searchAroundCheckBox.setVisible(start != "search")
        self._result.show(reportFromJson(parameters.result))
        ui.bonePointsFrame.setVisible(self.points.areThere)
        ui.registerButton.toolTip = self._hint() or _("Move the X-rays to where the CT looks like them.")

    def _hint(self) -> str:
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
        ui.resetButton.enabled = adjusted and not self.isBusy
        ui.useAsStartButton.enabled = adjusted and ready
        ui.blendSlider.enabled = parameters.overlay == "blend"
        for name in ADJUSTMENT_NAMES:
            getattr(ui, f"{name}Slider").enabled = ready and not parameters.showStart
        ui.loadXraysButton.enabled = bool(freeRows(parameters)) and not self.isBusy
        for n in range(1, MAX_XRAYS + 1):
            getattr(ui, f"geometryButton{n}").enabled = getattr(parameters, f"xray{n}") is not None and not self.isBusy
        self.model.enable(parameters, self.isBusy)
        for spinBox in (ui.relativeMmSpinBox, ui.relativeDegSpinBox):
            spinBox.enabled = parameters.viewsMayMove
