"""What happens while a job runs: the scene, the panel and the user do not wait for it."""

import threading

import numpy as np
import pytest
import slicer
from xrayregistration_support import (
    MOVED,
    SIZE,
    add_ct,
    add_xray,
    off,
    overlay_pixels,
    register,
    scene_state,
    small_ct,
    true_view,
)

import standin
from panel_support import settle
from xray3d import DRRRenderer
from xray3d.mrml.transforms import add_transform
from xray3d.mrml.xrays import projection_from_node
from xray3d.registration.overlay import blend, display_pair


@pytest.fixture
def held(ready, fake):
    """A panel whose registration waits in the middle until the test lets it go."""
    reached, go = threading.Event(), threading.Event()

    def wait():
        reached.set()
        assert go.wait(20)

    fake.wait = wait
    ready.ui.registerButton.click()
    assert reached.wait(20)
    yield ready, go
    go.set()
    settle(ready)


def test_cancel_leaves_the_scene_as_before(held):
    widget, go = held
    before = scene_state()
    widget.panel.bar.cancel()
    go.set()
    settle(widget)
    assert "ancelled" in widget.panel.bar.message
    assert scene_state() == before
    assert "Not registered" in widget.ui.verdictLabel.text
    assert not widget.ui.undoButton.enabled


@pytest.mark.parametrize("name", ["ct", "xray2"])
def test_a_node_is_deleted(held, name):
    widget, go = held
    slicer.mrmlScene.RemoveNode(getattr(widget.panel.parameters, name))
    standin.process_events()
    before = scene_state()
    go.set()
    settle(widget)
    assert "deleted while the job ran" in widget.panel.bar.message
    assert scene_state() == before


def test_the_scene_is_closed(held):
    widget, go = held
    standin.close_scene()
    go.set()
    settle(widget)
    assert "scene was closed" in widget.panel.bar.message
    assert widget.panel.parameters.ct is None


def test_the_module_is_unloaded(held):
    _, go = held
    before = scene_state()
    standin.remove_module("XRayRegistration")
    go.set()
    standin.process_events()
    assert scene_state() == before


def test_the_user_goes_to_another_module(held):
    widget, go = held
    node = widget.panel.parameters.xray1
    slicer.util.selectModule("")
    go.set()
    settle(widget)
    assert node.GetParentTransformNode() is not None
    slicer.util.selectModule("XRayRegistration")
    settle(widget)
    assert "Accepted" in widget.ui.verdictLabel.text
    assert widget.ui.undoButton.enabled


def test_an_xray_that_was_moved_comes_to_the_same_place(held):
    widget, go = held
    first, second = widget.panel.parameters.xray1, widget.panel.parameters.xray2
    first.SetAndObserveTransformNodeID(add_transform(off((30, -20, 10), (0, 5, 0)), "Moved").GetID())
    go.set()
    settle(widget)
    assert "Accepted" in widget.ui.verdictLabel.text
    for number, node in enumerate((first, second)):
        np.testing.assert_allclose(projection_from_node(node).extrinsic, true_view(number).extrinsic, rtol=0, atol=1e-6)


@pytest.mark.parametrize("what", ["ct moved", "ct changed", "image changed"])
def test_what_was_registered_is_not_there_any_more(held, what):
    widget, go = held
    ct, xray = widget.panel.parameters.ct, widget.panel.parameters.xray2
    if what == "ct moved":
        ct.SetAndObserveTransformNodeID(add_transform(off((30, -20, 10)), "Moved").GetID())
    elif what == "ct changed":
        slicer.util.updateVolumeFromArray(ct, small_ct().hu + 1)
    else:
        slicer.util.updateVolumeFromArray(xray, np.ones((1, *SIZE)))
    before = scene_state()
    go.set()
    settle(widget)
    name = xray.GetName() if what == "image changed" else ct.GetName()
    assert f"{name} was changed while the job ran" in widget.panel.bar.message
    assert widget.panel.bar.message.endswith("register again.")
    assert scene_state() == before
    assert "Not registered" in widget.ui.verdictLabel.text


def test_the_hand_keeps_off(held):
    widget, go = held
    widget.panel.parameters.rightMm = 4.0
    standin.process_events()
    for name in ("resetButton", "useAsStartButton", "loadXraysButton", "geometryButton1", "rightMmSlider"):
        assert not getattr(widget.ui, name).enabled, name
    go.set()
    settle(widget)
    assert widget.ui.loadXraysButton.enabled


def test_undo_brings_the_adjustment_back_that_it_began_with(ready, fake):
    reached, go = threading.Event(), threading.Event()
    fake.wait = lambda: (reached.set(), go.wait(20))
    ready.ui.rightMmSlider.value = 7.0
    settle(ready)
    ready.ui.registerButton.click()
    assert reached.wait(20)
    ready.panel.parameters.rightMm = -3.0
    go.set()
    settle(ready)
    assert ready.ui.rightMmSlider.value == 0
    ready.ui.undoButton.click()
    settle(ready)
    assert ready.ui.rightMmSlider.value == 7.0


def test_sliders_still_move(held):
    widget, go = held
    widget.ui.rightMmSlider.value = 4
    standin.process_events()
    assert not widget.ui.registerButton.enabled
    assert not widget.ui.undoButton.enabled
    go.set()
    settle(widget)
    assert widget.ui.registerButton.enabled


def test_what_fails_unexpectedly_has_details(ready, fake):
    def fail():
        raise RuntimeError("a defect")

    fake.wait = fail
    before = scene_state()
    register(ready)
    assert "please report" in ready.panel.bar.message
    assert scene_state() == before


def test_the_patient_that_is_chosen_while_another_is_prepared_is_shown(widget, fake, monkeypatch):
    from XRayRegistrationLib import patient, picture

    reached, go, shown = threading.Event(), threading.Event(), []
    renderer, pair_of = patient.Patient.renderer, picture.pairOf

    def slowly(self):
        if self.ct.name == "First":
            reached.set()
            assert go.wait(20)
        return renderer(self)

    monkeypatch.setattr(patient.Patient, "renderer", slowly)
    monkeypatch.setattr(picture, "pairOf", lambda *arguments: shown.append(arguments[0]) or pair_of(*arguments))
    node, first, second = add_xray(moved=off(*MOVED)), add_ct("First"), add_ct("Second")
    slicer.util.updateVolumeFromArray(first, np.where(small_ct().hu > 500, 30, small_ct().hu))
    widget.ui.xraySelector1.setCurrentNode(node)
    widget.ui.ctSelector.setCurrentNode(first)
    while not reached.is_set():
        standin.process_events()
    widget.ui.ctSelector.setCurrentNode(second)
    standin.process_events()
    assert overlay_pixels() is None
    go.set()
    settle(widget)
    assert len(set(map(id, shown))) == 1
    expected = display_pair(
        slicer.util.arrayFromVolume(node)[0], DRRRenderer(small_ct()).render(projection_from_node(node))
    )
    np.testing.assert_allclose(overlay_pixels(), blend(*expected, 0.5), atol=1e-3)
