"""A template module, driven end to end in the stand-in as a user would."""

from pathlib import Path

import numpy as np
import pytest
import slicer

import standin

TEMPLATE = Path(__file__).parent / "template"


@pytest.fixture
def panel():
    standin.make_module("PanelTemplate", TEMPLATE)
    slicer.util.selectModule("PanelTemplate")
    return slicer.util.getModuleWidget("PanelTemplate")


def add_ct(name: str = "CT") -> object:
    """A small CT whose voxels are all different."""
    node = slicer.util.addVolumeFromArray(np.arange(24.0).reshape(2, 3, 4) * 10, name=name)
    node.SetSpacing(0.5, 0.7, 2.0)
    return node


def parameter_node() -> object:
    return slicer.util.getModuleLogic("PanelTemplate").getParameterNode()


def test_parameters_are_shown(panel):
    assert panel.ui.thresholdSlider.value == 100
    assert panel.ui.thresholdSlider.minimum == -1000
    assert panel.ui.thresholdSlider.decimals == 1
    assert panel.ui.marginBox.value == 2
    assert panel.ui.marginBox.maximum == 9
    assert panel.ui.sideBox.count == 2
    assert panel.ui.labelLine.text == "bone"
    assert panel.ui.ctSelector.currentNode() is None
    assert not panel.ui.applyButton.enabled


def test_widgets_write_parameters(panel):
    ct = add_ct()
    panel.ui.ctSelector.setCurrentNode(ct)
    panel.ui.thresholdSlider.value = 55.5
    panel.ui.sideBox.setCurrentText("BELOW")
    panel.ui.keepBox.click()
    panel.ui.labelLine.setText("soft")
    node = parameter_node()
    assert node.GetNodeReference("ct") is ct
    assert float(node.GetParameter("threshold")) == 55.5
    assert node.GetParameter("side") == "BELOW"
    assert node.GetParameter("keepValues") == "True"
    assert node.GetParameter("label") == "soft"
    assert panel.ui.applyButton.enabled


def test_parameters_written_elsewhere_are_shown(panel):
    node = parameter_node()
    with slicer.util.NodeModify(node):
        node.SetParameter("threshold", "-20.5")
        node.SetParameter("side", "BELOW")
        assert panel.ui.thresholdSlider.value == 100  # not before the end
    assert panel.ui.thresholdSlider.value == -20.5
    assert panel.ui.sideBox.currentText == "BELOW"


def test_apply(panel):
    ct = add_ct()
    panel.ui.ctSelector.setCurrentNode(ct)
    panel.ui.applyButton.click()
    result = slicer.util.getNode("bone")
    assert slicer.util.arrayFromVolume(result).sum() == 14
    assert result.GetSpacing() == ct.GetSpacing()
    assert panel.ui.resultSelector.currentNode() is result
    assert list(panel._parameterNode.history) == [100.0]
    red = slicer.app.layoutManager().sliceWidget("Red")
    assert red.mrmlSliceCompositeNode().GetBackgroundVolumeID() == result.GetID()
    assert red.sliceLogic().GetBackgroundLayer().GetVolumeNode() is result


def test_an_error_is_shown_with_its_reason(panel, monkeypatch):
    panel.ui.ctSelector.setCurrentNode(add_ct())
    panel.ui.thresholdSlider.value = 3000
    with standin.CapturedMessages() as messages, pytest.raises(ValueError, match="No voxel"):
        panel.onApply()
    assert messages.texts == ["The threshold could not be applied.\n\nNo voxel is left: choose another threshold."]
    assert "Traceback" in messages.details[0]


def test_node_deleted(panel):
    ct = add_ct()
    panel.ui.ctSelector.setCurrentNode(ct)
    slicer.mrmlScene.RemoveNode(ct)
    assert panel._parameterNode.ct is None
    assert panel.ui.ctSelector.currentNode() is None
    assert not panel.ui.applyButton.enabled


def test_scene_closed(panel):
    panel.ui.ctSelector.setCurrentNode(add_ct())
    panel.ui.thresholdSlider.value = 200
    standin.close_scene()
    assert panel.ui.thresholdSlider.value == 100
    assert panel.ui.ctSelector.currentNode() is None
    assert panel.ui.ctSelector.nodeCount() == 0
    panel.ui.ctSelector.setCurrentNode(add_ct())
    panel.ui.applyButton.click()
    assert slicer.util.getNode("bone")


@pytest.mark.parametrize("ending", ["mrb", "mrml"])
def test_scene_saved_and_loaded(panel, tmp_path, ending):
    panel.ui.ctSelector.setCurrentNode(add_ct())
    panel.ui.thresholdSlider.value = 150.5
    panel.ui.applyButton.click()
    expected = slicer.util.arrayFromVolume(slicer.util.getNode("bone")).copy()
    if ending == "mrml":  # a .mrml file only names the files of its nodes: they are written beside it
        for name in ("CT", "bone"):
            assert slicer.util.saveNode(slicer.util.getNode(name), str(tmp_path / f"{name}.nrrd"), {})
    scene = standin.save_scene(tmp_path / f"scene.{ending}")
    standin.close_scene()
    assert slicer.mrmlScene.GetFirstNodeByName("CT") is None
    standin.load_scene(scene)
    assert panel.ui.thresholdSlider.value == 150.5
    assert panel.ui.ctSelector.currentNode() is slicer.util.getNode("CT")
    assert panel.ui.resultSelector.currentNode() is slicer.util.getNode("bone")
    assert list(panel._parameterNode.history) == [150.5]
    assert np.array_equal(slicer.util.arrayFromVolume(slicer.util.getNode("bone")), expected)
    assert slicer.util.getNode("CT").GetSpacing() == (0.5, 0.7, 2.0)


def test_module_reloaded(panel):
    panel.ui.ctSelector.setCurrentNode(add_ct())
    panel.ui.thresholdSlider.value = 42
    again = standin.reload_module("PanelTemplate")
    assert again is not panel
    assert again is slicer.modules.PanelTemplateWidget
    assert again.ui.thresholdSlider.value == 42
    assert panel._parameterNode is None  # cleaned up
    again.ui.thresholdSlider.value = 43
    assert panel.ui.thresholdSlider.value == 42


def test_module_entered_and_left(panel):
    assert panel.entered == 1
    slicer.util.selectModule("")
    assert panel.entered == 0
    assert slicer.util.selectedModule() == ""


def test_module_unloaded_forgets_its_code(panel):
    standin.remove_module("PanelTemplate")
    assert panel._parameterNode is None
    assert not hasattr(slicer.modules, "paneltemplate")
    with pytest.raises(RuntimeError, match="Could not find module"):
        slicer.util.getModule("PanelTemplate")


def test_the_module_s_own_tests_run(panel):
    slicer.selfTests["PanelTemplate"](msec=0)


def test_picture(panel, tmp_path):
    panel.ui.ctSelector.setCurrentNode(add_ct())
    picture = standin.grab(panel, tmp_path / "panel.png")
    image = slicer.util.findChild(panel.parent, "applyButton").grab().toImage()
    assert picture.stat().st_size > 2000
    colors = {image.pixel(x, image.height() // 2) for x in range(image.width())}
    assert len(colors) > 3  # the button carries its text: fonts are there
