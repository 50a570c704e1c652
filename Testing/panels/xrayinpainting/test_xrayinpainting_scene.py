"""The X-ray Inpainting and the scene: saved, loaded, closed; the module reloaded."""

import numpy as np
import pytest
import slicer
from xrayinpainting_support import (
    OUTPUTS,
    PAINTED,
    add_segmentation_on,
    add_xray,
    check,
    image,
    mask_of,
    node_named,
    pixels_of,
    rod,
    table_text,
)

import standin
from panel_support import press, settle


@pytest.fixture
def rich_scene(ready):
    """A scene with results and with settings that are not the defaults; returns the panel."""
    parameters = ready.panel.parameters
    (first,) = ready.panel.checked()
    second = add_xray("LAT", rod(30), 90.0)
    check(ready, first, second)
    press(ready, "removeButton")
    press(ready, "regionButton")
    parameters.implants = add_segmentation_on(first, rod(40))
    parameters.growPx, parameters.difference, parameters.uncertainty = 7, False, False
    parameters.overlay, parameters.blend, parameters.outlines = "difference", 0.25, False
    parameters.sliceView, parameters.shownXray = "Yellow", second
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
    before, rows = values(rich_scene.panel.parameters), table_text(rich_scene)
    assert before["xrays"] == ["AP", "LAT"]
    assert before["region"] == "AP region"
    standin.save_scene(tmp_path / "scene.mrb")
    standin.close_scene()
    settle(rich_scene)
    assert table_text(rich_scene) == []
    standin.load_scene(tmp_path / "scene.mrb")
    settle(rich_scene)
    assert values(rich_scene.panel.parameters) == before
    assert table_text(rich_scene) == rows == [["AP", "found", "made"], ["LAT", "found", "made"]]
    np.testing.assert_array_equal(mask_of(node_named("LAT")), rod(30))


def test_results_of_a_loaded_scene_are_updated(rich_scene, tmp_path):
    standin.save_scene(tmp_path / "scene.mrb")
    standin.close_scene()
    standin.load_scene(tmp_path / "scene.mrb")
    rich_scene.panel.parameters.implants = None
    settle(rich_scene)
    outputs = [node_named(f"AP {name}") for name in OUTPUTS]
    slicer.util.updateVolumeFromArray(node_named("AP"), image(rod(8))[None])
    rich_scene.panel.parameters.region = None
    press(rich_scene, "findButton")
    press(rich_scene, "removeButton")
    assert [node_named(f"AP {name}") for name in OUTPUTS] == outputs
    np.testing.assert_array_equal(pixels_of("AP without implants"), np.where(rod(8), PAINTED, image(rod(8))))


def test_closing_the_scene_empties_the_panel(rich_scene):
    standin.close_scene()
    settle(rich_scene)
    assert rich_scene.panel.checked() == []
    assert rich_scene.panel.parameters.shownXray is None
    assert not rich_scene.ui.removeButton.enabled
    assert rich_scene.panel.bar.message == "Load an X-ray, or simulate one, to begin."
    check(rich_scene, add_xray())
    press(rich_scene, "removeButton")
    np.testing.assert_array_equal(pixels_of("AP without implants"), np.where(rod(), PAINTED, image()))


def test_closing_the_scene_while_another_module_is_shown_leaves_it_empty(rich_scene):
    slicer.util.selectModule("")
    standin.close_scene()
    assert rich_scene.panel.parameters is None
    slicer.util.selectModule("XRayInpainting")
    settle(rich_scene)
    assert table_text(rich_scene) == []


def test_reloading_the_module_keeps_the_work(rich_scene):
    before, rows = values(rich_scene.panel.parameters), table_text(rich_scene)
    reloaded = standin.reload_module("XRayInpainting")
    settle(reloaded)
    assert reloaded is not rich_scene
    assert values(reloaded.panel.parameters) == before
    assert table_text(reloaded) == rows
    assert rich_scene.panel.parameters is None


def test_a_scene_of_another_version_opens_with_one_sentence(ready, tmp_path):
    node = ready.panel.parameters.parameterNode
    slicer.util.selectModule("")
    node.SetParameter("overlay", "hologram")
    node.SetParameter("growPx", "much")
    node.SetParameter("futureParameter", "7")
    standin.save_scene(tmp_path / "scene.mrb")
    standin.close_scene()
    standin.load_scene(tmp_path / "scene.mrb")
    slicer.util.selectModule("XRayInpainting")
    assert "this version cannot read (overlay, growPx)" in ready.panel.bar.message
    assert ready.panel.parameters.overlay == "without implants"


@pytest.mark.parametrize("what", ["xray", "copy", "implants", "region", "drawn"])
def test_nodes_that_are_removed_are_not_chosen_any_more(rich_scene, what):
    name = {"xray": "LAT", "copy": "AP without implants", "implants": "AP implants", "region": "AP region"}
    slicer.mrmlScene.RemoveNode(node_named(name.get(what, "Drawn")))
    settle(rich_scene)
    parameters = rich_scene.panel.parameters
    if what == "xray":
        assert [node.GetName() for node in rich_scene.panel.checked()] == ["AP"]
        assert parameters.shownXray.GetName() == "AP"
    elif what in ("region", "drawn"):
        assert {"region": parameters.region, "drawn": parameters.implants}[what] is None
    else:
        assert table_text(rich_scene)[0] == {"copy": ["AP", "found", "–"], "implants": ["AP", "–", "made"]}[what]
    parameters.implants = parameters.region = None
    press(rich_scene, "removeButton")
    assert "Implants were removed from AP" in rich_scene.panel.bar.message
