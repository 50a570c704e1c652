"""What happens while a job runs: the scene, the panel and the user do not wait for it."""

import threading

import numpy as np
import pytest
import slicer
from xrayinpainting_support import PAINTED, add_xray, check, image, node_named, pixels_of, rod, scene_state

import standin
from panel_support import press, settle, wait_for


@pytest.fixture
def held(ready, fake):
    """A panel with two X-rays whose job waits in the middle until the test lets it go."""
    check(ready, *ready.panel.checked(), add_xray("LAT", rod(30), 90.0))
    reached, go = threading.Event(), threading.Event()

    def wait():
        reached.set()
        assert go.wait(20)

    fake.wait = wait
    ready.ui.removeButton.click()
    assert reached.wait(20)
    yield ready, go
    go.set()
    settle(ready)


def test_says_how_far_it_is(held):
    widget, _ = held
    wait_for(lambda: "Removing implants from AP" in widget.panel.bar.message)
    for name in ("findButton", "removeButton", "growButton", "shrinkButton", "paintButton", "regionButton"):
        assert not getattr(widget.ui, name).enabled, name


def test_cancel_leaves_the_scene_as_before(held):
    widget, go = held
    before = scene_state()
    widget.panel.bar.cancel()
    go.set()
    settle(widget)
    assert "Cancelled" in widget.panel.bar.message
    assert scene_state() == before
    assert widget.ui.removeButton.enabled


def test_cancel_stops_between_xrays(held, fake):
    widget, go = held
    widget.panel.bar.cancel()
    go.set()
    settle(widget)
    assert len([what for what, _ in fake.asked if what == "paint"]) == 1


def test_an_xray_is_deleted(held):
    widget, go = held
    slicer.mrmlScene.RemoveNode(node_named("LAT"))
    standin.process_events()
    before = scene_state()
    go.set()
    settle(widget)
    assert '"LAT" was deleted while the job ran' in widget.panel.bar.message
    assert scene_state() == before
    assert [node.GetName() for node in widget.panel.checked()] == ["AP"]


def test_an_xray_is_changed(held):
    widget, go = held
    slicer.util.updateVolumeFromArray(node_named("LAT"), image(rod(40))[None])
    before = scene_state()
    go.set()
    settle(widget)
    assert widget.panel.bar.message.startswith("LAT was changed while the job ran")
    assert scene_state() == before


def test_an_xray_that_was_moved_has_its_copy_where_it_is(held):
    widget, go = held
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Moved")
    node_named("AP").SetAndObserveTransformNodeID(transform.GetID())
    go.set()
    settle(widget)
    assert node_named("AP without implants").GetTransformNodeID() == transform.GetID()


def test_the_scene_is_closed(held):
    widget, go = held
    standin.close_scene()
    go.set()
    settle(widget)
    assert "scene was closed" in widget.panel.bar.message
    assert widget.panel.checked() == []


def test_the_module_is_unloaded(held):
    _, go = held
    before = scene_state()
    standin.remove_module("XRayInpainting")
    go.set()
    standin.process_events()
    assert scene_state() == before


def test_the_user_goes_to_another_module(held):
    widget, go = held
    slicer.util.selectModule("")
    go.set()
    settle(widget)
    np.testing.assert_array_equal(pixels_of("LAT without implants"), np.where(rod(30), PAINTED, image(rod(30))))
    slicer.util.selectModule("XRayInpainting")
    settle(widget)
    assert widget.panel.parameters.blend == 1.0


def test_what_fails_unexpectedly_has_details(ready, fake):
    def fail():
        raise RuntimeError("a defect")

    fake.wait = fail
    before = scene_state()
    press(ready, "findButton")
    assert "please report" in ready.panel.bar.message
    assert scene_state() == before
