"""parameterNodeWrapper, Slicer's own or the double: the same tests hold for both."""

import gc
import pathlib

import pytest
import qt
import slicer
import vtk
from slicer.parameterNodeWrapper import (
    isParameterNodeWrapper,
    parameterNodeWrapper,
)

import standin
from standin_parameters import Parameters, Preset, add, set_everything


@pytest.fixture
def node():
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")


@pytest.fixture
def parameters(node):
    return Parameters(node)


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
