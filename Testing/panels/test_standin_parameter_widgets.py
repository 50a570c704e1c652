"""Widgets connected to parameters, by Slicer's own parameterNodeWrapper or the double."""

import pathlib

import ctk
import pytest
import qt
import slicer
from slicer.parameterNodeWrapper import (
    SlicerParameterNamePropertyName,
    findChildWidgetForParameter,
)

from standin_parameters import Parameters, Preset, add, set_everything


@pytest.fixture
def node():
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")


@pytest.fixture
def parameters(node):
    return Parameters(node)


class Panel:
    """Widgets for every kind of parameter, as a .ui file would give them."""

    def __init__(self):
        self.top = qt.QWidget()
        layout = qt.QVBoxLayout(self.top)
        for name, widget in self.make().items():
            widget.setProperty(SlicerParameterNamePropertyName, name)
            setattr(self, name, widget)
            layout.addWidget(widget)
            if hasattr(widget, "setMRMLScene"):
                widget.setMRMLScene(slicer.mrmlScene)

    @staticmethod
    def make():
        ct = slicer.qMRMLNodeComboBox()
        center = slicer.qMRMLNodeComboBox()
        ct.noneEnabled = center.noneEnabled = True
        return {
            "ct": ct,
            "center": center,
            "primary_deg": ctk.ctkSliderWidget(),
            "sdd_mm": qt.QDoubleSpinBox(),
            "rows": qt.QSpinBox(),
            "preset": qt.QComboBox(),
            "grid": ctk.ctkComboBox(),
            "livePreview": qt.QCheckBox(),
            "name": qt.QLineEdit(),
            "folder": ctk.ctkDirectoryButton(),
        }


class TestGui:
    def test_widgets_show_the_parameters(self, parameters):
        panel = Panel()
        parameters.connectGui(panel.top)
        assert panel.ct.nodeTypes == ["vtkMRMLScalarVolumeNode"]
        assert panel.center.nodeTypes == ["vtkMRMLMarkupsFiducialNode", "vtkMRMLMarkupsROINode"]
        assert (panel.primary_deg.minimum, panel.primary_deg.maximum, panel.primary_deg.value) == (-180, 180, 20)
        assert (panel.sdd_mm.minimum, panel.sdd_mm.maximum, panel.sdd_mm.value) == (100, 3000, 1020)
        assert (panel.rows.minimum, panel.rows.maximum, panel.rows.value) == (16, 4096, 256)
        assert [panel.preset.itemText(i) for i in range(panel.preset.count)] == ["Fluoroscopy", "Radiography"]
        assert panel.grid.currentText == "coarse"
        assert panel.livePreview.checked
        assert panel.name.text == "X-ray"

    def test_widgets_write_the_parameters(self, parameters):
        panel = Panel()
        parameters.connectGui(panel.top)
        ct, roi = add("vtkMRMLScalarVolumeNode"), add("vtkMRMLMarkupsROINode")
        panel.ct.setCurrentNode(ct)
        panel.center.setCurrentNode(roi)
        panel.primary_deg.value = -7.5
        panel.sdd_mm.value = 1100
        panel.rows.value = 32
        panel.preset.currentIndex = 1
        panel.grid.setCurrentText("none")
        panel.livePreview.click()
        panel.name.setText("lateral")
        panel.folder.directory = "out"
        assert parameters.ct is ct
        assert parameters.center is roi
        assert (parameters.primary_deg, parameters.sdd_mm, parameters.rows) == (-7.5, 1100, 32)
        assert parameters.preset is Preset.RADIOGRAPHY
        assert (parameters.grid, parameters.livePreview, parameters.name) == ("none", False, "lateral")
        assert parameters.folder == pathlib.Path("out")

    def test_parameters_reach_the_widgets(self, parameters):
        panel = Panel()
        parameters.connectGui(panel.top)
        set_everything(parameters)
        assert panel.ct.currentNode() is parameters.ct
        assert panel.center.currentNode() is parameters.center
        assert (panel.primary_deg.value, panel.sdd_mm.value, panel.rows.value) == (-33.25, 900, 64)
        assert panel.preset.currentText == "Radiography"
        assert panel.grid.currentText == "fine"
        assert not panel.livePreview.checked
        assert panel.folder.directory == str(pathlib.Path("some/where"))

    def test_by_the_attributes_of_an_object(self, parameters):
        panel = Panel()
        ui = slicer.util.childWidgetVariables(panel.top)
        for name, widget in vars(panel).items():
            if name != "top":
                setattr(ui, name, widget)
        parameters.connectGui(ui)
        parameters.rows = 17
        assert panel.rows.value == 17

    def test_one_by_one(self, parameters):
        box = qt.QSpinBox()
        parameters.connectParametersToGui({"rows": box})
        box.value = 18
        assert parameters.rows == 18

    def test_disconnected(self, parameters):
        panel = Panel()
        tag = parameters.connectGui(panel.top)
        parameters.disconnectGui(tag)
        panel.rows.value = 19
        assert parameters.rows == 256
        parameters.primary_deg = 1
        assert panel.primary_deg.value == 20

    def test_two_panels_show_the_same(self, parameters):
        first, second = Panel(), Panel()
        parameters.connectGui(first.top)
        parameters.connectGui(second.top)
        first.rows.value = 20
        assert second.rows.value == 20

    def test_a_widget_that_does_not_fit_is_refused(self, parameters):
        with pytest.raises(RuntimeError, match="Unable to create GUI connector"):
            parameters.connectParametersToGui({"rows": qt.QLineEdit()})

    def test_a_slider_needs_both_ends(self, parameters):
        with pytest.raises(RuntimeError, match="unbounded"):
            parameters.connectParametersToGui({"unused": ctk.ctkSliderWidget()})

    def test_a_combo_box_needs_choices(self, parameters):
        with pytest.raises(RuntimeError, match="Choice annotation"):
            parameters.connectParametersToGui({"name": qt.QComboBox()})

    def test_widgets_are_found_by_parameter(self):
        panel = Panel()
        assert findChildWidgetForParameter(panel.top, "rows") is panel.rows
