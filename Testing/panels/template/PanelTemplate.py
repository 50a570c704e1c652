"""A scripted module as small as one can be and still have everything: the stand-in is tested with it."""

import enum
from typing import Annotated

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import Decimals, Default, WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin


class PanelTemplate(ScriptedLoadableModule):
    def __init__(self, parent):
        super().__init__(parent)
        parent.title = _("Panel template")
        parent.categories = ["Testing"]


class Side(enum.Enum):
    ABOVE = "above"
    BELOW = "below"


@parameterNodeWrapper
class PanelTemplateParameterNode:
    ct: slicer.vtkMRMLScalarVolumeNode
    result: slicer.vtkMRMLScalarVolumeNode | None
    threshold: Annotated[float, WithinRange(-1000, 3000), Decimals(1)] = 100.0
    margin_px: Annotated[int, WithinRange(0, 9)] = 2
    side: Side
    keepValues: bool
    label: Annotated[str, Default("bone")]
    history: list[float]

    def isComplete(self):
        return self.ct is not None


class PanelTemplateWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self._parameterNode = None
        self._guiTag = None
        self.entered = 0

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        panel = slicer.util.loadUI(self.resourcePath("UI/PanelTemplate.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        self.logic = PanelTemplateLogic()
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndClose)
        self.ui.applyButton.connect("clicked(bool)", self.onApply)
        self.setParameterNode(self.logic.getParameterNode())

    def cleanup(self):
        self.setParameterNode(None)
        self.removeObservers()

    def enter(self):
        self.entered += 1

    def exit(self):
        self.entered -= 1

    def onSceneStartClose(self, caller, event):
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event):
        self.setParameterNode(self.logic.getParameterNode())

    def setParameterNode(self, node):
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(self._parameterNode.parameterNode, vtk.vtkCommand.ModifiedEvent, self.onModified)
        self._parameterNode = PanelTemplateParameterNode(node) if node else None
        if self._parameterNode:
            self._guiTag = self._parameterNode.connectGui(self.ui)
            self.addObserver(self._parameterNode.parameterNode, vtk.vtkCommand.ModifiedEvent, self.onModified)
            self.onModified()

    def onModified(self, caller=None, event=None):
        self.ui.applyButton.enabled = self._parameterNode.isComplete()

    def onApply(self, checked=False):
        with slicer.util.tryWithErrorDisplay(_("The threshold could not be applied.")):
            self.logic.process(self._parameterNode)


class PanelTemplateLogic(ScriptedLoadableModuleLogic):
    def process(self, parameters):
        voxels = slicer.util.arrayFromVolume(parameters.ct)
        above = voxels >= parameters.threshold
        kept = above if parameters.side is Side.ABOVE else ~above
        if not kept.any():
            raise ValueError(_("No voxel is left: choose another threshold."))
        if parameters.result is None:
            parameters.result = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", parameters.label)
        values = np.where(kept, voxels, 0) if parameters.keepValues else kept.astype(np.uint8)
        slicer.util.updateVolumeFromArray(parameters.result, values)
        matrix = vtk.vtkMatrix4x4()
        parameters.ct.GetIJKToRASMatrix(matrix)
        parameters.result.SetIJKToRASMatrix(matrix)
        parameters.history.append(parameters.threshold)
        slicer.util.setSliceViewerLayers(background=parameters.result, fit=True)


class PanelTemplateTest(ScriptedLoadableModuleTest):
    def test_threshold(self):
        self.delayDisplay("Two of three voxels are above")
        ct = slicer.util.addVolumeFromArray(np.array([[[0.0, 100.0, 200.0]]]))
        logic = PanelTemplateLogic()
        parameters = PanelTemplateParameterNode(logic.getParameterNode())
        parameters.ct = ct
        logic.process(parameters)
        self.assertEqual(slicer.util.arrayFromVolume(parameters.result).sum(), 2)
