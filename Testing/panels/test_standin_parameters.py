"""parameterNodeWrapper, Slicer's own or the double: the same tests hold for both."""

import enum
import gc
import pathlib
from typing import Annotated, Optional

import ctk
import pytest
import qt
import slicer
import vtk
from slicer.parameterNodeWrapper import (
    Choice,
    Default,
    Exclude,
    Maximum,
    Minimum,
    SlicerParameterNamePropertyName,
    WithinRange,
    findChildWidgetForParameter,
    isParameterNodeWrapper,
    parameterNodeWrapper,
)

import standin


class Preset(enum.Enum):
    FLUOROSCOPY = 1
    RADIOGRAPHY = 2

    def label(self):
        return self.name.capitalize()


@parameterNodeWrapper
class Parameters:
    unused: int
    ct: slicer.vtkMRMLScalarVolumeNode
    center: slicer.vtkMRMLMarkupsFiducialNode | slicer.vtkMRMLMarkupsROINode | None
    implants: list[slicer.vtkMRMLModelNode]
    primary_deg: Annotated[float, WithinRange(-180, 180)] = 20.0
    sdd_mm: Annotated[float, Minimum(100), Maximum(3000)] = 1020.0
    rows: Annotated[int, WithinRange(16, 4096)] = 256
    preset: Preset
    grid: Annotated[str, Choice(["none", "coarse", "fine"]), Default("coarse")]
    livePreview: bool = True
    name: Annotated[str, Exclude([""])] = "X-ray"
    note: Optional[str]  # noqa: UP045  the older spelling is in many modules
    folder: pathlib.Path
    angles: list[float]
    size: tuple[int, int] = (2, 3)
    seeds: Annotated[list[int], Default(generator=lambda: [1, 2])]

    def describe(self):
        return f"{self.name} at {self.primary_deg}"


@pytest.fixture
def node():
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")


@pytest.fixture
def parameters(node):
    return Parameters(node)


def add(node_class, name=""):
    return slicer.mrmlScene.AddNewNodeByClass(node_class, name)


def test_defaults(parameters):
    assert parameters.ct is None
    assert parameters.center is None
    assert list(parameters.implants) == []
    assert (parameters.primary_deg, parameters.sdd_mm, parameters.rows) == (20.0, 1020.0, 256)
    assert parameters.preset is Preset.FLUOROSCOPY
    assert (parameters.grid, parameters.livePreview, parameters.name) == ("coarse", True, "X-ray")
    assert parameters.note is None
    assert parameters.folder == pathlib.Path()
    assert tuple(parameters.size) == (2, 3)
    assert list(parameters.seeds) == [1, 2]
    assert parameters.describe() == "X-ray at 20.0"
    assert parameters.default("rows").value == 256
    assert isParameterNodeWrapper(parameters)
    assert isParameterNodeWrapper(Parameters)
    assert not isParameterNodeWrapper(Preset)


def set_everything(parameters):
    parameters.ct = add("vtkMRMLScalarVolumeNode", "CT")
    parameters.center = add("vtkMRMLMarkupsFiducialNode", "centre")
    parameters.implants = [add("vtkMRMLModelNode", "screw"), add("vtkMRMLModelNode", "rod")]
    parameters.primary_deg = -33.25
    parameters.sdd_mm = 900
    parameters.rows = 64
    parameters.preset = Preset.RADIOGRAPHY
    parameters.grid = "fine"
    parameters.livePreview = False
    parameters.note = "lateral"
    parameters.folder = pathlib.Path("some/where")
    parameters.angles = [0.5, -1.0]
    parameters.size = (3, 4)


def everything(parameters):
    names = [field for field in Parameters.allParameters if field not in ("ct", "center", "implants")]
    values = {name: parameters.getValue(name) for name in names}
    values = {name: list(v) if name in ("angles", "seeds", "size") else v for name, v in values.items()}
    nodes = [parameters.ct, parameters.center, *parameters.implants]
    return values | {"nodes": [node.GetName() for node in nodes]}


def test_values_come_back_from_another_wrapper(parameters, node):
    set_everything(parameters)
    values = everything(parameters)
    assert values["nodes"] == ["CT", "centre", "screw", "rod"]
    assert values["primary_deg"] == -33.25
    assert values["preset"] is Preset.RADIOGRAPHY
    assert everything(Parameters(node)) == values


def test_values_come_back_from_a_saved_scene(parameters, node, tmp_path):
    node.SetName("Settings")
    set_everything(parameters)
    values = everything(parameters)
    scene = standin.save_scene(tmp_path / "scene.mrb")
    standin.load_scene(scene)
    loaded = slicer.util.getNode("Settings")
    assert loaded is not node
    assert everything(Parameters(loaded)) == values


def test_how_values_are_kept(parameters, node):
    """The form in which Slicer keeps them: scenes go to and fro between the double and Slicer."""
    set_everything(parameters)
    kept = {name: node.GetParameter(name) for name in node.GetParameterNames()}
    assert kept["preset"] == "RADIOGRAPHY"
    assert kept["livePreview"] == "False"
    assert float(kept["sdd_mm"]) == 900
    assert kept["note.0"] == "lateral"
    assert kept["angles.len"] == "2"
    assert kept["angles.1"] == "-1.0"
    assert kept["size.1"] == "4"
    assert node.GetNodeReference("ct") is parameters.ct
    assert node.GetNodeReference("center.0") is parameters.center
    assert node.GetNodeReference("implants.1").GetName() == "rod"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("primary_deg", 180.5),
        ("primary_deg", "20"),
        ("primary_deg", None),
        ("sdd_mm", 99),
        ("sdd_mm", 3001),
        ("rows", 64.5),
        ("preset", "RADIOGRAPHY"),
        ("grid", "finest"),
        ("livePreview", 1),
        ("name", ""),
        ("note", 3),
        ("angles", [1.0, "2"]),
        ("size", (1,)),
    ],
)
def test_what_is_not_allowed_is_refused_and_changes_nothing(parameters, name, value):
    before = parameters.getValue(name)
    with pytest.raises((ValueError, TypeError)):
        setattr(parameters, name, value)
    assert parameters.getValue(name) == before


def test_a_node_of_another_class_is_refused(parameters):
    with pytest.raises(TypeError):
        parameters.ct = add("vtkMRMLModelNode")
    with pytest.raises(TypeError):
        parameters.center = add("vtkMRMLModelNode")
    with pytest.raises(TypeError):
        parameters.implants.append(add("vtkMRMLScalarVolumeNode"))
    assert (parameters.ct, parameters.center, list(parameters.implants)) == (None, None, [])


def test_a_name_that_is_not_there(parameters):
    with pytest.raises(ValueError, match="Cannot find a param"):
        parameters.getValue("tertiary_deg")
    with pytest.raises(ValueError, match="Cannot find a param"):
        parameters.connectParametersToGui({"tertiary_deg": qt.QLineEdit()})


def test_reserved_names_and_unknown_types_are_refused():
    with pytest.raises(ValueError, match="reserved name 'connectGui'"):
        parameterNodeWrapper(type("Reserved", (), {"__annotations__": {"connectGui": int}, "connectGui": 3}))
    with pytest.raises(Exception, match="Unable to create serializer"):
        parameterNodeWrapper(type("Unknown", (), {"__annotations__": {"field": bytes}}))


def test_a_list_is_kept_when_it_changes(parameters, node):
    parameters.angles.append(10)
    parameters.angles += [20, 30]
    parameters.angles[0] = 5
    del parameters.angles[1]
    parameters.angles.insert(0, 1)
    parameters.angles.remove(30)
    assert parameters.angles == [1, 5]
    assert list(Parameters(node).angles) == [1, 5]
    parameters.angles.clear()
    assert list(Parameters(node).angles) == []
    assert not node.HasParameter("angles.0")


def test_a_node_that_is_removed_is_none(parameters):
    set_everything(parameters)
    for name in ("CT", "centre"):
        slicer.mrmlScene.RemoveNode(slicer.util.getNode(name))
    assert parameters.ct is None
    assert parameters.center is None
    slicer.mrmlScene.RemoveNode(slicer.util.getNode("screw"))
    assert [implant and implant.GetName() for implant in parameters.implants] == [None, "rod"]


def test_prefixes_keep_two_sets_in_one_node(node):
    first, second = Parameters(node, "first."), Parameters(node, "second.")
    first.rows, second.rows = 100, 200
    assert (first.rows, second.rows) == (100, 200)
    assert node.GetParameter("first.rows") == "100"


def test_one_event_for_many_changes(parameters):
    events = []
    tag = parameters.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: events.append(parameters.primary_deg))
    with slicer.util.NodeModify(parameters):
        parameters.primary_deg = 1
        parameters.rows = 17
        parameters.primary_deg = 2
        assert parameters.primary_deg == 2
    assert events == [2]
    parameters.RemoveObserver(tag)
    parameters.primary_deg = 3
    assert events == [2]


def test_a_wrapper_that_is_gone_no_longer_observes(node):
    parameters = Parameters(node)
    parameters.rows = 17
    del parameters
    gc.collect()
    assert not node.HasObserver("ModifiedEvent")
    node.Modified()


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
