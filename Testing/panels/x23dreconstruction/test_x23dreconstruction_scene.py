"""The X23D Reconstruction and the scene: saved, loaded, closed; the module reloaded."""

import pytest
import slicer
from x23dreconstruction_support import (
    L3,
    add_box,
    add_points,
    add_xray,
    check,
    choose_places,
    is_ball,
    node_named,
    outline_nodes,
    table_text,
)

import standin
from panel_support import press, settle


@pytest.fixture
def rich_scene(ready):
    """A scene with results and with settings that are not the defaults; returns the panel."""
    parameters = ready.panel.parameters
    press(ready, "reconstructButton")
    add_xray("Oblique", 45.0)
    settle(ready)
    parameters.sigmaColors, parameters.sliceView = False, "Yellow"
    parameters.shownXray = node_named("LAT")
    settle(ready)
    return ready


def values(parameters):
    """Everything the user set: plain values, and nodes by their names."""
    found = {}
    for name in parameters.allParameters:
        value = getattr(parameters, name)
        if name == "xrays":
            found[name] = [node.GetName() for node in value]
        else:
            found[name] = value.GetName() if hasattr(value, "GetName") else value
    return found


def test_everything_comes_back_from_an_mrb(rich_scene, tmp_path):
    before, rows = values(rich_scene.panel.parameters), table_text(rich_scene.ui.foundTable)
    assert before["xrays"] == ["AP", "LAT"]
    assert before["places"] == "Middles"
    standin.save_scene(tmp_path / "scene.mrb")
    standin.close_scene()
    settle(rich_scene)
    assert table_text(rich_scene.ui.foundTable) == []
    assert outline_nodes() == []
    standin.load_scene(tmp_path / "scene.mrb")
    settle(rich_scene)
    assert values(rich_scene.panel.parameters) == before
    assert table_text(rich_scene.ui.foundTable) == rows
    assert len(outline_nodes()) == 2
    assert not node_named("L3").GetDisplayNode().GetScalarVisibility()


def test_results_of_a_loaded_scene_are_updated(rich_scene, fake, tmp_path):
    standin.save_scene(tmp_path / "scene.mrb")
    standin.close_scene()
    standin.load_scene(tmp_path / "scene.mrb")
    settle(rich_scene)
    nodes = [node_named(name) for name in ("L3", "L4", "Vertebrae")]
    fake.radius_mm = 11.0
    press(rich_scene, "reconstructButton")
    assert [node_named(name) for name in ("L3", "L4", "Vertebrae")] == nodes
    assert is_ball("L3", L3, 11.0)


def test_closing_the_scene_empties_the_panel(rich_scene):
    standin.close_scene()
    settle(rich_scene)
    assert rich_scene.panel.checked() == []
    assert rich_scene.panel.parameters.places is None
    assert not rich_scene.ui.reconstructButton.enabled
    assert rich_scene.panel.bar.message.startswith("Load X-rays")
    check(rich_scene, add_xray(), add_xray("LAT", 90.0))
    choose_places(rich_scene, add_points(("L3", L3)))
    press(rich_scene, "reconstructButton")
    assert is_ball("L3", L3)


def test_closing_the_scene_while_another_module_is_shown_leaves_it_empty(rich_scene):
    slicer.util.selectModule("")
    standin.close_scene()
    assert rich_scene.panel.parameters is None
    slicer.util.selectModule("X23DReconstruction")
    settle(rich_scene)
    assert table_text(rich_scene.ui.xraysTable) == []


def test_reloading_the_module_keeps_the_work(rich_scene):
    before, rows = values(rich_scene.panel.parameters), table_text(rich_scene.ui.foundTable)
    reloaded = standin.reload_module("X23DReconstruction")
    settle(reloaded)
    assert reloaded is not rich_scene
    assert values(reloaded.panel.parameters) == before
    assert table_text(reloaded.ui.foundTable) == rows
    assert len(outline_nodes()) == 2
    assert rich_scene.panel.parameters is None


def test_a_scene_of_another_version_opens_with_one_sentence(ready, tmp_path):
    node = ready.panel.parameters.parameterNode
    slicer.util.selectModule("")
    node.SetParameter("sliceView", "Purple")
    node.SetParameter("futureParameter", "7")
    standin.save_scene(tmp_path / "scene.mrb")
    standin.close_scene()
    standin.load_scene(tmp_path / "scene.mrb")
    slicer.util.selectModule("X23DReconstruction")
    assert "this version cannot read (sliceView)" in ready.panel.bar.message
    assert ready.panel.parameters.sliceView == "Red"


@pytest.mark.parametrize("what", ["AP", "LAT", "Middles", "L3", "Vertebrae"])
def test_nodes_that_are_removed_are_not_used_any_more(rich_scene, what):
    slicer.mrmlScene.RemoveNode(node_named(what))
    settle(rich_scene)
    parameters = rich_scene.panel.parameters
    checked = [node.GetName() for node in rich_scene.panel.checked()]
    assert checked == [name for name in ("AP", "LAT") if name != what]
    assert len(outline_nodes()) == len(checked)
    if what == "LAT":
        assert parameters.shownXray.GetName() == "AP"
    if what == "Middles":
        assert parameters.places is None
        choose_places(rich_scene, add_box(L3, "L5"))
    press(rich_scene, "reconstructButton")
    assert rich_scene.panel.bar.message.startswith(f"Reconstructed: {'L5' if what == 'Middles' else 'L3'}")
    assert is_ball("L3", L3)
    assert node_named("Vertebrae") is not None


def test_nodes_are_removed_while_the_panel_is_closed(rich_scene):
    slicer.util.selectModule("")
    slicer.mrmlScene.RemoveNode(node_named("AP"))
    slicer.mrmlScene.RemoveNode(node_named("L4"))
    slicer.util.selectModule("X23DReconstruction")
    settle(rich_scene)
    assert [node.GetName() for node in rich_scene.panel.checked()] == ["LAT"]
    assert [row[0] for row in table_text(rich_scene.ui.foundTable)] == ["L3"]
