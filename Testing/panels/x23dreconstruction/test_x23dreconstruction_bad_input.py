"""Whatever cannot be done is one sentence in the panel, and the scene is as before."""

import numpy as np
import pytest
import slicer
from x23dreconstruction_support import (
    L3,
    L4,
    SIZE,
    add_points,
    add_xray,
    check,
    choose_places,
    is_ball,
    marked,
    node_named,
    scene_state,
)

import standin
from panel_support import press, settle
from xray3d.errors import ModelError, VolumeError
from XRayCoreLib import packages, settings


def is_one_sentence(text):
    return text.strip()[-1] in ".?" and "\n" not in text and "Traceback" not in text and "please report" not in text


def refused(widget, words):
    """Press Reconstruct; the panel says these words in a sentence and nothing has changed."""
    before = scene_state()
    press(widget, "reconstructButton")
    assert words in widget.panel.bar.message
    assert is_one_sentence(widget.panel.bar.message)
    assert scene_state() == before
    assert widget.ui.reconstructButton.enabled


class TestPlaces:
    @pytest.mark.parametrize(
        ("named", "words"),
        [
            ([], "Bad has no points yet; mark each vertebral body on two X-rays, or place a point in its middle"),
            ([("L3", L3), ("L3", L3 + 5)], "Bad has more than one place for L3"),
            ([(" ", L3)], "Bad has a point without a name"),
            ([("L3", L3), ("C1", L3 + [0, 0, 900])], "None of the X-rays shows C1"),
        ],
    )
    def test_points(self, ready, named, words):
        choose_places(ready, add_points(*named, name="Bad"))
        refused(ready, words)

    @pytest.mark.parametrize(
        ("marks", "words"),
        [
            ([("AP", L3)], "Bad marks L3 on one of the chosen X-rays only"),
            ([("AP", L3), ("LAT", L3), ("AP", L3 + 5)], "Bad marks L3 twice on the same X-ray"),
            ([("AP", L3), ("LAT", L4)], "L3 of Bad: The rays to the marked pixels miss each other by"),
        ],
    )
    def test_marks(self, ready, marks, words):
        choose_places(ready, add_points(*[("L3", marked(node_named(xray), at)) for xray, at in marks], name="Bad"))
        refused(ready, words)

    def test_marks_on_an_x_ray_that_is_not_checked(self, ready, fake):
        marks = [("L3", marked(node_named(xray), L3)) for xray in ("AP", "LAT")]
        choose_places(ready, add_points(*marks, name="Bad"))
        check(ready, node_named("AP"))
        refused(ready, "Bad marks L3 on one of the chosen X-rays only, which does not tell its depth; two must show it")
        check(ready, node_named("AP"), node_named("LAT"))
        press(ready, "reconstructButton")
        assert is_ball("L3", L3)

    def test_a_box_that_is_not_placed(self, ready):
        choose_places(ready, slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Empty"))
        refused(ready, "Empty is no box yet")

    def test_warped(self, ready):
        warp = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode", "Warp")
        ready.panel.parameters.places.SetAndObserveTransformNodeID(warp.GetID())
        refused(ready, "Middles is under a transform that is not linear")

    def test_put_right(self, ready, fake):
        points = ready.panel.parameters.places
        points.SetNthControlPointLabel(1, "L3")
        refused(ready, "more than one place for L3")
        points.SetNthControlPointLabel(1, "L4")
        press(ready, "reconstructButton")
        assert ready.panel.bar.message.startswith("Reconstructed: L3, L4")


class TestXRays:
    def test_one_that_loses_its_geometry_is_not_checked_any_more(self, ready):
        node_named("LAT").RemoveAttribute("XRay3D.PrincipalPoint")
        settle(ready)
        assert [node.GetName() for node in ready.panel.checked()] == ["AP"]
        assert "LAT has no X-ray geometry" in ready.ui.xraysTable.item(1, 0).toolTip()

    def test_one_under_a_warp_is_not_checked_any_more(self, ready):
        warp = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode", "Warp")
        node_named("LAT").SetAndObserveTransformNodeID(warp.GetID())
        settle(ready)
        assert [node.GetName() for node in ready.panel.checked()] == ["AP"]
        press(ready, "reconstructButton")
        assert is_ball("L3", L3)

    def test_gaps(self, ready):
        pixels = np.zeros((1, *SIZE))
        pixels[0, 3, 4] = np.nan
        slicer.util.updateVolumeFromArray(node_named("AP"), pixels)
        settle(ready)
        refused(ready, "AP")

    def test_what_the_library_refuses(self, ready, fake):
        def refuse():
            raise VolumeError("AP has one grey value; choose another X-ray.")

        fake.wait = refuse
        refused(ready, "AP has one grey value; choose another X-ray.")


def test_nothing_found_at_one_of_the_places_shows_none(ready, fake):
    fake.radius_mm = -30.0
    refused(ready, "L3: Nothing was reconstructed")


def test_results_under_a_warp(ready, fake):
    press(ready, "reconstructButton")
    warp = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode", "Warp")
    node_named("L4").SetAndObserveTransformNodeID(warp.GetID())
    settle(ready)
    assert "L4 is under a transform that is not linear" in ready.panel.bar.message
    refused(ready, "L4 is under a transform that is not linear")


def test_without_a_model(ready, monkeypatch):
    from xray3d.reconstruction.reconstruct import Reconstructor

    def lacks(device):
        raise ModelError("There is no model; train one.")

    monkeypatch.setattr(Reconstructor, "shipped", lacks)
    refused(ready, "There is no model; train one.")


class TestDevice:
    def choose(self, widget, choice):
        widget.ui.deviceComboBox.setCurrentIndex(list(settings.device_choices()).index(choice))
        settle(widget)

    def test_the_processor(self, ready, fake):
        self.choose(ready, "cpu")
        press(ready, "reconstructButton")
        press(ready, "reconstructButton")
        assert fake.devices == ["cpu"]

    def test_a_pytorch_without_the_graphics_card(self, ready, fake, monkeypatch):
        import torch

        import xray3d.drr.device

        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setattr(xray3d.drr.device, "has_cuda", lambda: True)
        self.choose(ready, "cuda")
        refused(ready, "This PyTorch cannot use the graphics card")


class TestPackages:
    @pytest.fixture
    def missing(self, monkeypatch):
        """A Slicer without the packages."""
        lacking = [packages.FEATURES["reconstruction"].packages[-1]]
        monkeypatch.setattr(packages, "missing", lambda feature: list(lacking))
        return lacking

    def test_refusal_leaves_the_panel_explained_and_alive(self, missing, fake, widget):
        check(widget, add_xray(), add_xray("LAT", 90.0))
        choose_places(widget, add_points(("L3", L3)))
        before = scene_state()
        with standin.CapturedMessages(answer=False) as messages:
            widget.ui.reconstructButton.click()
        assert len(messages.texts) == 1
        assert "Reconstructing vertebrae needs Python packages" in widget.panel.bar.message
        assert is_one_sentence(widget.panel.bar.message)
        assert scene_state() == before
        missing.clear()
        press(widget, "reconstructButton")
        assert widget.panel.bar.message.startswith("Reconstructed: L3")
