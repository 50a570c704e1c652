"""The DRR Simulator and the scene: saved, loaded, closed; the module reloaded."""

import json

import numpy as np
import pytest
import slicer
from drrsimulator_support import add_ct, add_screw, apply, choose_ct, preview_pixels, simulated

import standin
from panel_support import settle
from xray3d.mrml.frustum import IMAGE_ROLE
from xray3d.mrml.transforms import add_transform, world_matrix
from xray3d.mrml.xrays import projection_from_node, xray_from_node

TURN = np.array([[0.8, -0.6, 0, 12], [0.6, 0.8, 0, -7], [0, 0, 1, 30], [0, 0, 0, 1.0]])


@pytest.fixture
def rich_scene(widget):
    """A CT under a transform, an implant, two X-rays and settings that are not the defaults; returns the panel."""
    ct = choose_ct(widget)
    ct.SetAndObserveTransformNodeID(add_transform(TURN, "Table").GetID())
    parameters = widget.panel.parameters
    parameters.implants = [add_screw("Screw")]
    parameters.primaryDeg, parameters.secondaryDeg, parameters.rollDeg = 23.25, -11.5, 4.0
    parameters.sddMm, parameters.sodMm, parameters.offsetColumnMm = 1100.0, 750.0, 6.0
    parameters.metal, parameters.seed, parameters.sliceView = "tantalum", 42, "Yellow"
    settle(widget)
    apply(widget)
    widget.ui.newViewButton.click()
    parameters.physics = "radiography"
    parameters.primaryDeg = 90.0
    apply(widget)
    return widget


def plain_values(parameters):
    from DRRSimulatorLib.viewsettings import SETTING_NAMES

    return {name: getattr(parameters, name) for name in (*SETTING_NAMES, "livePreview", "sliceView", "showCArm")}


def saved_models():
    """Names of the models that belong to the scene, not those by which the application shows its slices."""
    nodes = slicer.util.getNodesByClass("vtkMRMLModelNode")
    return sorted(node.GetName() for node in nodes if node.GetSaveWithScene())


def test_everything_comes_back_from_an_mrb(rich_scene, tmp_path):
    parameters = rich_scene.panel.parameters
    values = plain_values(parameters)
    before = {node.GetName(): (projection_from_node(node).matrix, xray_from_node(node).pixels) for node in simulated()}
    current = parameters.currentView.GetName()
    models = saved_models()
    standin.save_scene(tmp_path / "scene.mrb")
    standin.close_scene()
    assert simulated() == []
    standin.load_scene(tmp_path / "scene.mrb")
    settle(rich_scene)

    loaded = rich_scene.panel.parameters
    assert plain_values(loaded) == values
    assert loaded.ct.GetName() == "Patient"
    assert [node.GetName() for node in loaded.implants] == ["Screw"]
    assert loaded.currentView.GetName() == current
    np.testing.assert_allclose(world_matrix(loaded.ct), TURN, atol=1e-9)
    after = {node.GetName(): (projection_from_node(node).matrix, xray_from_node(node).pixels) for node in simulated()}
    assert set(after) == set(before)
    assert len(after) == 2
    for name, (matrix, pixels) in after.items():
        np.testing.assert_allclose(matrix, before[name][0], rtol=1e-9, atol=1e-6)
        np.testing.assert_array_equal(pixels, before[name][1])

    assert saved_models() == models
    for node in simulated():
        texture = node.GetNodeReference(IMAGE_ROLE).GetDisplayNode().GetTextureImageDataConnection()
        assert texture is not None  # files keep no connection: the panel puts it back

    taken_again = apply(rich_scene)
    assert taken_again is rich_scene.panel.parameters.currentView
    np.testing.assert_array_equal(xray_from_node(taken_again).pixels, before[current][1])


def test_the_preview_is_not_saved(rich_scene, tmp_path):
    rich_scene.ui.primarySlider.value = 1
    settle(rich_scene)
    assert preview_pixels() is not None
    standin.save_scene(tmp_path / "scene.mrb")
    standin.close_scene()
    rich_scene.panel.parameters.livePreview = False
    standin.load_scene(tmp_path / "scene.mrb")
    names = [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")]
    assert len(names) == 3
    assert not any("preview" in name for name in names)


def test_closing_the_scene_empties_the_panel(rich_scene):
    standin.close_scene()
    settle(rich_scene)
    assert rich_scene.panel.parameters.ct is None
    assert rich_scene.ui.viewsTable.rowCount == 0
    assert rich_scene.ui.implantsList.count == 0
    assert not rich_scene.ui.applyButton.enabled
    choose_ct(rich_scene)
    assert preview_pixels() is not None


def test_closing_the_scene_while_another_module_is_shown_leaves_it_empty(rich_scene):
    slicer.util.selectModule("")
    standin.close_scene()
    assert rich_scene.panel.parameters is None
    slicer.util.selectModule("DRRSimulator")
    assert rich_scene.panel.parameters is not None


def test_the_next_patient_is_previewed_although_it_has_the_same_node_id(widget):
    first = choose_ct(widget).GetID()
    standin.close_scene()
    assert choose_ct(widget).GetID() == first
    assert preview_pixels() is not None


def test_reloading_the_module_keeps_the_work(rich_scene):
    values = plain_values(rich_scene.panel.parameters)
    reloaded = standin.reload_module("DRRSimulator")
    settle(reloaded)
    assert reloaded is not rich_scene
    assert plain_values(reloaded.panel.parameters) == values
    assert reloaded.ui.viewsTable.rowCount == 2
    reloaded.ui.primarySlider.value = 15
    settle(reloaded)
    assert preview_pixels() is not None
    assert rich_scene.panel.parameters is None


def test_a_view_that_was_moved_is_selected_where_it_is(widget):
    from DRRSimulatorLib.parameters import readSettings
    from DRRSimulatorLib.pose import projectionOf, sameGeometry

    choose_ct(widget)
    node = apply(widget)
    taken = projection_from_node(node)
    node.SetAndObserveTransformNodeID(add_transform(TURN, "Registration").GetID())
    widget.ui.newViewButton.click()
    widget.ui.viewsTable.selectRow(0)
    settle(widget)
    shown = projectionOf(readSettings(widget.panel.parameters))
    assert sameGeometry(shown, taken.moved(TURN))


def test_a_scene_of_another_version_opens_with_one_sentence(widget, tmp_path):
    choose_ct(widget)
    apply(widget)
    node = widget.panel.parameters.parameterNode
    node.SetParameter("futureParameter", "7")
    standin.save_scene(tmp_path / "scene.mrb")
    standin.close_scene()
    _edit_scene(tmp_path / "scene.mrb", "physics line integrals", "physics phase contrast")
    standin.load_scene(tmp_path / "scene.mrb")
    settle(widget)
    assert "this version cannot read (physics)" in widget.panel.bar.message
    assert widget.panel.parameters.physics == "line integrals"
    assert len(simulated()) == 1


def _edit_scene(mrb, old, new):
    """Change the text of the .mrml file in a .mrb archive."""
    import zipfile

    with zipfile.ZipFile(mrb) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    changed = 0
    with zipfile.ZipFile(mrb, "w") as archive:
        for name, content in files.items():
            if name.endswith(".mrml"):
                text = content.decode()
                changed += text.count(old)
                content = text.replace(old, new).encode()
            archive.writestr(name, content)
    assert changed, f"the scene does not contain {old!r}"


def test_an_xray_with_settings_of_another_version_is_selected_by_its_geometry(widget):
    from DRRSimulatorLib.views import SETTINGS_ATTRIBUTE

    choose_ct(widget)
    widget.ui.primarySlider.value = 17
    node = apply(widget)
    node.SetAttribute(SETTINGS_ATTRIBUTE, json.dumps({"version": 99}))
    widget.ui.newViewButton.click()
    widget.ui.primarySlider.value = 0
    settle(widget)
    widget.ui.viewsTable.selectRow(0)
    settle(widget)
    assert widget.ui.primarySlider.value == pytest.approx(17)
    assert widget.panel.bar.message == ""


def test_the_isocentre_follows_the_next_ct_unless_it_was_put_elsewhere(widget):
    from DRRSimulatorLib.parameters import readSettings

    choose_ct(widget)
    other = add_ct("Other")
    other.SetAndObserveTransformNodeID(add_transform(TURN, "Table").GetID())
    widget.ui.ctSelector.setCurrentNode(other)
    settle(widget)
    centre = (TURN @ [5, 10, 20, 1])[:3]
    np.testing.assert_allclose(readSettings(widget.panel.parameters).isocenterRas, centre, atol=1e-4)
    slicer.mrmlScene.RemoveNode(other)
    widget.ui.ctSelector.setCurrentNode(add_ct("After a deletion"))
    settle(widget)
    np.testing.assert_allclose(readSettings(widget.panel.parameters).isocenterRas, [5, 10, 20], atol=1e-4)
    widget.ui.isocenterSelector.setCurrentNode(None)
    widget.ui.isocenterRSpinBox.value = -3
    widget.ui.ctSelector.setCurrentNode(add_ct("Third"))
    settle(widget)
    assert readSettings(widget.panel.parameters).isocenterR == -3
