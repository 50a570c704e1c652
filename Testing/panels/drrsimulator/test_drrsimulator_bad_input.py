"""Whatever cannot be done is one sentence in the panel, and the scene is as before."""

import threading

import numpy as np
import pytest
import slicer
from drrsimulator_support import add_ct, apply, choose_ct, node_ids, preview_pixels, simulated, small_ct

import standin
import xray3d.drr.device
from panel_support import settle
from xray3d.drr import DRRRenderer
from xray3d.errors import VolumeError
from XRayCoreLib import packages, settings


def choose(widget, node):
    widget.panel.parameters.ct = node
    settle(widget)


def is_one_sentence(text):
    return text.strip().endswith(".") and "\n" not in text and "Traceback" not in text


def refused_cts():
    hu = small_ct().hu
    colour = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "Colour")
    slicer.util.updateVolumeFromArray(colour, np.zeros((4, 5, 6, 3), np.uint8))
    empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty")
    labels = slicer.util.addVolumeFromArray(
        (hu > 500).astype(np.int16), name="Labels", nodeClassName="vtkMRMLLabelMapVolumeNode"
    )
    warped = add_ct("Warped")
    warped.SetAndObserveTransformNodeID(
        slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode", "Warp").GetID()
    )
    return {"Colour": colour, "Empty": empty, "Labels": labels, "Warped": warped}


@pytest.mark.parametrize("name", ["Colour", "Empty", "Labels", "Warped"])
def test_what_is_no_ct_is_refused(widget, name):
    node = refused_cts()[name]
    choose(widget, node)
    assert name in widget.panel.bar.message
    assert is_one_sentence(widget.panel.bar.message)
    assert preview_pixels() is None
    before = node_ids()
    widget.ui.applyButton.click()
    settle(widget)
    assert name in widget.panel.bar.message
    assert node_ids() == before
    choose(widget, add_ct())
    assert widget.panel.bar.message == ""
    assert preview_pixels() is not None


def test_an_xray_is_no_ct(widget):
    choose_ct(widget)
    choose(widget, apply(widget))
    assert "is an X-ray" in widget.panel.bar.message


def test_a_view_beside_the_patient_says_so(widget):
    choose_ct(widget)
    widget.panel.parameters.isocenterNode = None
    widget.panel.parameters.isocenterR = 2000.0
    settle(widget)
    assert "meets the CT" in widget.panel.bar.message
    before = node_ids()
    apply(widget)
    assert node_ids() == before
    assert is_one_sentence(widget.panel.bar.message)


def test_without_a_graphics_card_the_panel_says_what_there_is(widget, monkeypatch):
    if xray3d.drr.device.has_cuda():
        pytest.skip("this machine has a graphics card")
    choose_ct(widget)
    widget.ui.deviceComboBox.setCurrentIndex(list(settings.device_choices()).index("cuda"))
    settle(widget)
    assert "cuda" in widget.panel.bar.message
    assert is_one_sentence(widget.panel.bar.message)
    widget.ui.deviceComboBox.setCurrentIndex(list(settings.device_choices()).index("cpu"))
    settle(widget)
    assert widget.panel.bar.message == ""
    assert apply(widget) is not None


class TestPackages:
    @pytest.fixture
    def missing(self, monkeypatch):
        """A Slicer without the packages; `installed` can be put right by a test."""
        lacking = [packages.FEATURES["rendering"].packages[0]]
        monkeypatch.setattr(packages, "missing", lambda feature: list(lacking))
        return lacking

    def test_the_preview_does_not_ask(self, missing, widget):
        with standin.CapturedMessages() as messages:
            choose_ct(widget)
            widget.ui.primarySlider.value = 3
            settle(widget)
        assert messages.texts == []
        assert preview_pixels() is None
        assert "Apply" in widget.panel.bar.message

    def test_refusal_leaves_the_panel_explained_and_alive(self, missing, widget):
        choose_ct(widget)
        before = node_ids()
        with standin.CapturedMessages(answer=False) as messages:
            widget.ui.applyButton.click()
        assert len(messages.texts) == 1
        assert "warp-lang" in widget.panel.bar.message
        assert is_one_sentence(widget.panel.bar.message)
        assert node_ids() == before
        missing.clear()
        assert apply(widget) is not None

    def test_failure_is_told_with_details(self, missing, widget, monkeypatch):
        def fail(requirements):
            raise RuntimeError("no network")

        monkeypatch.setattr(packages, "_pip_install", fail)
        choose_ct(widget)
        with standin.CapturedMessages(answer=True):
            widget.ui.applyButton.click()
        assert "could not be installed" in widget.panel.bar.message
        assert is_one_sentence(widget.panel.bar.message)
        missing.clear()
        assert apply(widget) is not None


class TestWhileAJobRuns:
    @pytest.fixture
    def held(self, widget, monkeypatch):
        """A panel whose job waits in the middle until the test lets it go."""
        choose_ct(widget)
        reached, go = threading.Event(), threading.Event()
        render = DRRRenderer.render_materials

        def wait(self, *arguments):
            reached.set()
            assert go.wait(20)
            return render(self, *arguments)

        monkeypatch.setattr(DRRRenderer, "render_materials", wait)
        widget.ui.applyButton.click()
        assert reached.wait(20)
        yield widget, go
        go.set()
        settle(widget)

    def test_the_ct_is_deleted(self, held):
        widget, go = held
        slicer.mrmlScene.RemoveNode(widget.panel.parameters.ct)
        standin.process_events()
        go.set()
        settle(widget)
        assert "deleted while the job ran" in widget.panel.bar.message
        assert simulated() == []
        assert not widget.ui.applyButton.enabled

    def test_the_scene_is_closed(self, held):
        widget, go = held
        standin.close_scene()
        go.set()
        settle(widget)
        assert "scene was closed" in widget.panel.bar.message
        assert simulated() == []
        assert widget.panel.parameters.ct is None

    def test_the_xray_to_be_taken_again_is_deleted(self, widget, monkeypatch):
        choose_ct(widget)
        node = apply(widget)
        widget.ui.applyButton.click()
        slicer.mrmlScene.RemoveNode(node)
        settle(widget)
        assert simulated() == []
        assert "deleted while the job ran" in widget.panel.bar.message
        assert widget.panel.parameters.currentView is None

    def test_cancel(self, held):
        widget, go = held
        before = node_ids()
        widget.panel.bar.cancel()
        go.set()
        settle(widget)
        assert "ancelled" in widget.panel.bar.message
        assert node_ids() == before

    def test_the_module_is_unloaded(self, held):
        _, go = held
        standin.remove_module("DRRSimulator")
        go.set()
        standin.process_events()
        assert simulated_attribute_nodes() == []

    def test_sliders_still_move(self, held):
        widget, go = held
        widget.ui.primarySlider.value = 44
        standin.process_events()
        assert not widget.ui.applyButton.enabled
        assert widget.ui.directionLabel.text == "LAO 44°"
        go.set()
        settle(widget)
        assert widget.ui.applyButton.enabled


def simulated_attribute_nodes():
    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return [node for node in nodes if node.GetAttribute("XRay3D.DRRSimulator.Settings")]


class TestConsole:
    def test_no_ct(self, widget):
        with pytest.raises(VolumeError, match="No CT is chosen"):
            widget.logic.simulate(None)
