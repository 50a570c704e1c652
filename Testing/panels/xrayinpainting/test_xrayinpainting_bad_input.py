"""Whatever cannot be done is one sentence in the panel, and the scene is as before."""

import numpy as np
import pytest
import slicer
from xrayinpainting_support import SIZE, add_segmentation_on, add_xray, check, image, node_named, rod, scene_state

import standin
from panel_support import press, settle
from xray3d.errors import BlankXRayError
from XRayCoreLib import packages, settings


def is_one_sentence(text):
    return text.strip().endswith(".") and "\n" not in text and "Traceback" not in text and "please report" not in text


def refused(widget, words, buttons=("findButton", "removeButton")):
    """Press the buttons; each time the panel says these words in a sentence and nothing has changed."""
    before = scene_state()
    for button in buttons:
        press(widget, button)
        assert words in widget.panel.bar.message
        assert is_one_sentence(widget.panel.bar.message)
        assert scene_state() == before
        assert getattr(widget.ui, button).enabled


class TestXRays:
    def test_no_image(self, ready):
        check(ready, slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty"))
        refused(ready, "Empty is empty: it has no voxels")

    def test_colours(self, ready):
        photo = slicer.util.addVolumeFromArray(
            np.zeros((1, *SIZE, 3), np.uint8), name="Photo", nodeClassName="vtkMRMLVectorVolumeNode"
        )
        check(ready, photo)
        refused(ready, "Photo has 3 values per voxel (colour")

    @pytest.mark.parametrize("gap", [np.nan, np.inf])
    def test_gaps(self, ready, gap):
        pixels = image(dtype=np.float32)
        pixels[3, 4] = gap
        check(ready, slicer.util.addVolumeFromArray(pixels[None], name="Torn"))
        refused(ready, "Torn: The X-ray has gaps")

    def test_a_volume_that_became_a_ct(self, ready):
        (xray,) = ready.panel.checked()
        slicer.util.updateVolumeFromArray(xray, np.zeros((7, 8, 9)))
        settle(ready)
        refused(ready, "AP has 7 slices; an X-ray has one")

    def test_one_wrong_xray_among_good_ones(self, ready, fake):
        empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty")
        check(ready, *ready.panel.checked(), empty)
        refused(ready, "Empty is empty")
        assert fake.asked == []

    def test_what_the_library_refuses_names_the_xray(self, ready, fake):
        def refuse():
            raise BlankXRayError("What the mask leaves of the X-ray has one grey value.")

        fake.wait = refuse
        refused(ready, "AP: What the mask leaves of the X-ray has one grey value.")


class TestImplants:
    def choose(self, widget, node):
        widget.ui.implantsSelector.setCurrentNode(node)
        settle(widget)

    def test_those_of_another_xray(self, ready):
        self.choose(ready, add_segmentation_on(add_xray("LAT", angle=90.0), rod()))
        refused(ready, "Drawn covers nothing of AP; it was drawn on something else", ["removeButton"])

    def test_everything(self, ready):
        self.choose(ready, add_segmentation_on(ready.panel.checked()[0], np.ones(SIZE, bool)))
        refused(ready, "Drawn covers all of AP, so nothing is left to go on from", ["removeButton"])

    def test_none_at_all_is_no_error(self, ready):
        (xray,) = ready.panel.checked()
        self.choose(ready, add_segmentation_on(xray, np.zeros(SIZE, bool)))
        press(ready, "removeButton")
        assert ready.panel.bar.message == "No implant was found on AP, which stays as it is."
        clean = slicer.util.arrayFromVolume(node_named("AP without implants"))
        np.testing.assert_array_equal(clean, slicer.util.arrayFromVolume(xray))

    def test_warped(self, ready):
        node = add_segmentation_on(ready.panel.checked()[0], rod())
        warp = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode", "Warp")
        node.SetAndObserveTransformNodeID(warp.GetID())
        self.choose(ready, node)
        refused(ready, "not linear", ["removeButton"])


def test_a_region_of_another_xray(ready):
    ready.ui.regionSelector.setCurrentNode(add_segmentation_on(add_xray("LAT", angle=90.0), rod(), "Box"))
    settle(ready)
    refused(ready, "Box covers nothing of AP; draw it on that X-ray, or choose no region")


def test_a_wrong_choice_is_forgotten_when_it_is_put_right(ready):
    (xray,) = ready.panel.checked()
    pixels = image(dtype=np.float32)
    slicer.util.updateVolumeFromArray(xray, np.where(rod(), np.nan, pixels)[None])
    refused(ready, "has gaps")
    slicer.util.updateVolumeFromArray(xray, pixels[None])
    press(ready, "findButton")
    assert "Implants were found on AP" in ready.panel.bar.message


class TestDevice:
    def choose(self, widget, choice):
        widget.ui.deviceComboBox.setCurrentIndex(list(settings.device_choices()).index(choice))
        settle(widget)

    def test_the_processor(self, ready, fake):
        self.choose(ready, "cpu")
        press(ready, "findButton")
        press(ready, "findButton")
        assert fake.devices == ["cpu"]

    def test_a_pytorch_without_the_graphics_card(self, ready, fake, monkeypatch):
        import torch

        import xray3d.drr.device

        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setattr(xray3d.drr.device, "has_cuda", lambda: True)
        press(ready, "findButton")
        assert fake.devices == ["cpu"]
        self.choose(ready, "cuda")
        refused(ready, "This PyTorch cannot use the graphics card")

    def test_a_graphics_card(self, ready, fake, monkeypatch):
        import torch

        import xray3d.drr.device

        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(xray3d.drr.device, "has_cuda", lambda: True)
        press(ready, "findButton")
        self.choose(ready, "cpu")
        press(ready, "findButton")
        assert fake.devices == ["cuda", "cpu"]


class TestPackages:
    @pytest.fixture
    def missing(self, monkeypatch):
        """A Slicer without the packages."""
        lacking = [packages.FEATURES["inpainting"].packages[-1]]
        monkeypatch.setattr(packages, "missing", lambda feature: list(lacking))
        return lacking

    def test_showing_an_xray_does_not_ask(self, missing, widget):
        with standin.CapturedMessages() as messages:
            check(widget, add_xray())
        assert messages.texts == []
        assert "press Find implants to install" in widget.panel.bar.message

    def test_refusal_leaves_the_panel_explained_and_alive(self, missing, fake, widget):
        check(widget, add_xray())
        before = scene_state()
        with standin.CapturedMessages(answer=False) as messages:
            widget.ui.findButton.click()
        assert len(messages.texts) == 1
        assert "Removing implants needs Python packages" in widget.panel.bar.message
        assert is_one_sentence(widget.panel.bar.message)
        assert scene_state() == before
        missing.clear()
        press(widget, "findButton")
        assert "Implants were found on AP" in widget.panel.bar.message
