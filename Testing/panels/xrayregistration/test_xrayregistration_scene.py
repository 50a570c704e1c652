"""The X-ray Registration and the scene: saved, loaded, closed; the module reloaded."""

import numpy as np
import pytest
import slicer
from xrayregistration_support import (
    MOVED,
    SIZE,
    add_ct,
    add_mask,
    add_points,
    add_xray,
    choose,
    off,
    overlay_pixels,
    register,
    small_ct,
    true_view,
)

import standin
from panel_support import settle
from xray3d.mrml.registration import projection_at_start
from xray3d.mrml.segmentations import add_segmentation
from xray3d.mrml.transforms import add_transform
from xray3d.mrml.xrays import projection_from_node


@pytest.fixture
def rich_scene(ready):
    """A registered scene with settings that are not the defaults; returns the panel."""
    parameters = ready.panel.parameters
    first, second = parameters.xray1, parameters.xray2
    second.SetAndObserveTransformNodeID(add_transform(off((0, 5, 0)), "Table").GetID())
    covered = np.zeros(SIZE, bool)
    covered[10:20, 5:9] = True
    parameters.mask1 = add_mask(first, covered)
    segmentation = add_segmentation(small_ct().hu > 500, parameters.ct, {1: "L3", 2: "L4"})
    parameters.region = segmentation
    parameters.regionSegment = segmentation.GetSegmentation().GetNthSegmentID(0)
    register(ready)
    points = np.array([[5.0, 10, 20], [40, -10, 50]])
    parameters.ctLandmarks = add_points("In CT", points, ["a", "b"])
    parameters.landmarks2 = add_points("In X-ray", points, ["a", "b"])
    parameters.start, parameters.searchAround, parameters.anglesKnown = "landmarks", False, False
    parameters.viewsMayMove, parameters.relativeMm, parameters.relativeDeg = True, 4.5, 2.25
    parameters.overlay, parameters.blend, parameters.contours = "checkerboard", 0.25, False
    parameters.sliceView, parameters.shownXray = "Yellow", second
    parameters.rightMm, parameters.turnDeg = 3.5, -2.0
    settle(ready)
    return ready


def values(parameters):
    """Everything the user set: plain values, and nodes by their names."""
    names = [name for name in type(parameters).__annotations__] if hasattr(type(parameters), "__annotations__") else []
    found = {}
    for name in names or parameters.allParameters:
        value = getattr(parameters, name)
        found[name] = value.GetName() if hasattr(value, "GetName") else value
    return found


def test_everything_comes_back_from_an_mrb(rich_scene, tmp_path):
    before = values(rich_scene.panel.parameters)
    assert len(before) > 30
    projections = [projection_from_node(getattr(rich_scene.panel.parameters, f"xray{n}")) for n in (1, 2)]
    start = projection_at_start(rich_scene.panel.parameters.xray2)
    verdict, rows = rich_scene.ui.verdictLabel.text, rich_scene.ui.resultTable.rowCount
    standin.save_scene(tmp_path / "scene.mrb")
    standin.close_scene()
    settle(rich_scene)
    assert "Not registered" in rich_scene.ui.verdictLabel.text
    standin.load_scene(tmp_path / "scene.mrb")
    settle(rich_scene)
    parameters = rich_scene.panel.parameters
    assert values(parameters) == before
    for n, projection in zip((1, 2), projections, strict=True):
        found = projection_from_node(getattr(parameters, f"xray{n}"))
        np.testing.assert_allclose(found.extrinsic, projection.extrinsic, atol=1e-6)
    np.testing.assert_allclose(projection_at_start(parameters.xray2).extrinsic, start.extrinsic, atol=1e-6)
    assert (rich_scene.ui.verdictLabel.text, rich_scene.ui.resultTable.rowCount) == (verdict, rows)
    assert rich_scene.ui.regionSelector.currentSegmentID() == before["regionSegment"]
    assert overlay_pixels() is not None
    assert rich_scene.ui.compareButton.enabled
    assert not rich_scene.ui.undoButton.enabled


def test_the_overlay_is_not_saved(rich_scene, tmp_path):
    assert overlay_pixels() is not None
    slicer.util.selectModule("")
    standin.save_scene(tmp_path / "scene.mrb")
    standin.close_scene()
    standin.load_scene(tmp_path / "scene.mrb")
    assert overlay_pixels() is None
    names = [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLModelNode")]
    assert "X-ray contours" not in names


def test_the_overlay_is_not_saved_while_it_is_shown(rich_scene, tmp_path):
    standin.save_scene(tmp_path / "scene.mrb")
    slicer.util.selectModule("")
    standin.close_scene()
    standin.load_scene(tmp_path / "scene.mrb")
    assert overlay_pixels() is None


def test_closing_the_scene_empties_the_panel(rich_scene):
    standin.close_scene()
    settle(rich_scene)
    assert rich_scene.panel.parameters.ct is None
    assert not rich_scene.ui.registerButton.enabled
    assert not rich_scene.ui.undoButton.enabled
    assert rich_scene.ui.resultTable.rowCount == 0
    assert rich_scene.ui.shownXrayComboBox.count == 0
    choose(rich_scene, add_ct(), [add_xray(moved=off(*MOVED))])
    register(rich_scene)
    node = rich_scene.panel.parameters.xray1
    np.testing.assert_allclose(projection_from_node(node).extrinsic, true_view(0).extrinsic, atol=1e-6)


def test_another_scene_that_comes_in_leaves_undo(ready, tmp_path):
    slicer.util.selectModule("")
    standin.save_scene(tmp_path / "other.mrb")
    slicer.util.selectModule("XRayRegistration")
    settle(ready)
    node = ready.panel.parameters.xray1
    before = projection_from_node(node)
    register(ready)
    assert not np.allclose(projection_from_node(node).extrinsic, before.extrinsic)
    slicer.util.loadNodeFromFile(str(tmp_path / "other.mrb"), "SceneFile", {"clear": False})
    settle(ready)
    assert ready.ui.undoButton.enabled
    ready.ui.undoButton.click()
    settle(ready)
    np.testing.assert_allclose(projection_from_node(node).extrinsic, before.extrinsic, atol=1e-9)


def test_closing_the_scene_while_another_module_is_shown_leaves_it_empty(rich_scene):
    slicer.util.selectModule("")
    standin.close_scene()
    assert rich_scene.panel.parameters is None
    slicer.util.selectModule("XRayRegistration")
    assert rich_scene.panel.parameters is not None


def test_the_next_patient_is_shown_although_it_has_the_same_node_ids(ready):
    standin.close_scene()
    choose(ready, add_ct(), [add_xray(1)])
    assert overlay_pixels() is not None


def test_reloading_the_module_keeps_the_work(rich_scene):
    before = values(rich_scene.panel.parameters)
    reloaded = standin.reload_module("XRayRegistration")
    settle(reloaded)
    assert reloaded is not rich_scene
    assert values(reloaded.panel.parameters) == before
    assert overlay_pixels() is not None
    assert rich_scene.panel.parameters is None


def test_a_scene_of_another_version_opens_with_one_sentence(ready, tmp_path):
    node = ready.panel.parameters.parameterNode
    slicer.util.selectModule("")
    node.SetParameter("overlay", "hologram")
    node.SetParameter("rightMm", "much")
    node.SetParameter("result", '{"verdict": "excellent"}')
    node.SetParameter("futureParameter", "7")
    standin.save_scene(tmp_path / "scene.mrb")
    standin.close_scene()
    standin.load_scene(tmp_path / "scene.mrb")
    slicer.util.selectModule("XRayRegistration")
    assert "this version cannot read (overlay, rightMm)" in ready.panel.bar.message
    assert ready.panel.parameters.overlay == "blend"
    assert "Not registered" in ready.ui.verdictLabel.text


def test_a_renamed_xray_is_called_by_its_new_name(ready):
    ready.panel.parameters.xray1.SetName("Frontal")
    settle(ready)
    assert ready.ui.shownXrayComboBox.itemText(0) == "Frontal"
