"""Whatever cannot be done is one sentence in the panel, and the scene is as before."""

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
    register,
    scene_state,
    small_ct,
)

import standin
from panel_support import settle
from xray3d.mrml.transforms import add_transform
from XRayCoreLib import packages


def is_one_sentence(text):
    return text.strip().endswith(".") and "\n" not in text and "Traceback" not in text and "please report" not in text


def refused(widget, words):
    """Press Register; the panel says these words in a sentence and nothing has changed."""
    before = scene_state()
    register(widget)
    assert words in widget.panel.bar.message
    assert is_one_sentence(widget.panel.bar.message)
    assert scene_state() == before
    assert widget.ui.registerButton.enabled


def warp(node):
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode", "Warp")
    node.SetAndObserveTransformNodeID(transform.GetID())


class TestInput:
    def test_a_warped_ct(self, ready):
        warp(ready.panel.parameters.ct)
        refused(ready, "not linear")

    def test_an_xray_as_ct(self, ready):
        ready.ui.ctSelector.setCurrentNode(add_xray(2))
        settle(ready)
        refused(ready, "is an X-ray, not a CT")

    def test_an_xray_without_geometry(self, ready):
        other = slicer.util.addVolumeFromArray(np.zeros((1, 5, 5)), name="From elsewhere")
        ready.ui.xraySelector3.setCurrentNode(other)
        settle(ready)
        refused(ready, "From elsewhere has no X-ray geometry")

    def test_a_ct_as_xray(self, ready):
        ready.ui.xraySelector3.setCurrentNode(ready.panel.parameters.ct)
        settle(ready)
        refused(ready, "an X-ray has one")

    def test_the_same_xray_twice(self, ready):
        ready.ui.xraySelector2.setCurrentNode(ready.panel.parameters.xray1)
        settle(ready)
        refused(ready, "X-ray 1 is chosen twice")

    def test_parents_that_are_not_rigid(self, ready):
        ready.panel.parameters.xray2.SetAndObserveTransformNodeID(add_transform(np.diag([2, 2, 2, 1]), "Scale").GetID())
        settle(ready)
        refused(ready, "X-ray 2 is under transforms that scale")

    @pytest.mark.parametrize(
        ("filled", "words"), [(True, "covers all of X-ray 1"), (False, "covers nothing of X-ray 1")]
    )
    def test_a_mask_over_everything_or_nothing(self, ready, filled, words):
        ready.ui.maskSelector1.setCurrentNode(add_mask(ready.panel.parameters.xray1, np.full(SIZE, filled)))
        settle(ready)
        refused(ready, words)

    def test_a_segmentation_without_a_segment_chosen(self, ready):
        from xray3d.mrml.segmentations import add_segmentation

        segmentation = add_segmentation(small_ct().hu > 500, ready.panel.parameters.ct, {1: "L3"}, "Bones")
        ready.panel.parameters.region = segmentation
        settle(ready)
        refused(ready, "Bones has no segment")

    def test_landmarks_that_are_not_there(self, ready):
        ready.ui.startComboBox.setCurrentText("landmarks")
        settle(ready)
        refused(ready, "landmarks in the CT")
        points = np.array([[5.0, 10, 20], [40, -10, 50]])
        ready.ui.ctLandmarksSelector.setCurrentNode(add_points("In CT", points, ["a", "b"]))
        settle(ready)
        refused(ready, "landmarks on an X-ray")
        ready.ui.landmarksSelector1.setCurrentNode(add_points("In X-ray", points[:1], ["?"]))
        settle(ready)
        refused(ready, "In CT has 2 points and In X-ray has 1")

    @pytest.mark.parametrize("kind", ["mask", "landmarks"])
    def test_one_mask_or_list_for_two_xrays_that_may_move_apart(self, ready, kind):
        parameters = ready.panel.parameters
        if kind == "mask":
            shared = add_mask(parameters.xray1, np.eye(*SIZE, dtype=bool), name="Shared")
        else:
            shared = add_points("Shared", np.array([[5.0, 10, 20]]), ["a"])
        for n in (1, 2):
            getattr(ready.ui, f"{kind}Selector{n}").setCurrentNode(shared)
        ready.ui.viewsMayMoveCheckBox.checked = True
        settle(ready)
        refused(ready, "Shared is chosen for two X-rays that may move apart")

    def test_a_wrong_choice_is_forgotten_when_it_is_put_right(self, ready):
        ct = ready.panel.parameters.ct
        warp(ct)
        refused(ready, "not linear")
        ct.SetAndObserveTransformNodeID(None)
        register(ready)
        assert ready.panel.bar.message == ""
        assert "Accepted" in ready.ui.verdictLabel.text

    def test_without_a_graphics_card_the_panel_says_what_there_is(self, ready):
        import xray3d.drr.device
        from XRayCoreLib import settings

        if xray3d.drr.device.has_cuda():
            pytest.skip("this machine has a graphics card")
        choices = list(settings.device_choices())
        ready.ui.deviceComboBox.setCurrentIndex(choices.index("cuda"))
        settle(ready)
        assert "cuda" in ready.panel.bar.message
        assert is_one_sentence(ready.panel.bar.message)


class TestRefusedByTheLibrary:
    """With the true registrar, which refuses before it begins."""

    def test_a_ct_that_does_not_cover_the_view(self, widget):
        choose(widget, add_ct(), [add_xray(0, moved=off((0, 0, 900)))])
        refused(widget, "does not cover")

    def test_views_from_the_same_place(self, widget):
        choose(widget, add_ct(), [add_xray(0), add_xray(0, name="Again")])
        refused(widget, "same place")


class TestPackages:
    @pytest.fixture
    def missing(self, monkeypatch):
        """A Slicer without the packages."""
        lacking = [packages.FEATURES["registration"].packages[-1]]
        monkeypatch.setattr(packages, "missing", lambda feature: list(lacking))
        return lacking

    def test_the_overlay_does_not_ask(self, missing, widget):
        with standin.CapturedMessages() as messages:
            choose(widget, add_ct(), [add_xray()])
        assert messages.texts == []
        assert "Register" in widget.panel.bar.message

    def test_refusal_leaves_the_panel_explained_and_alive(self, missing, widget, monkeypatch, fake):
        choose(widget, add_ct(), [add_xray(moved=off(*MOVED))])
        before = scene_state()
        with standin.CapturedMessages(answer=False) as messages:
            widget.ui.registerButton.click()
        assert len(messages.texts) == 1
        assert "opencv" in widget.panel.bar.message
        assert is_one_sentence(widget.panel.bar.message)
        assert scene_state() == before
        missing.clear()
        register(widget)
        assert "Accepted" in widget.ui.verdictLabel.text
