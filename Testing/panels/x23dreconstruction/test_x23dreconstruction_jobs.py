"""While a job runs: the scene, the panel and the user do not wait for it."""

import threading

import numpy as np
import pytest
import slicer
from x23dreconstruction_support import L3, L4, SIZE, is_ball, node_named, scene_state, table_text

import standin
from panel_support import press, settle, wait_for


@pytest.fixture
def held(ready, fake):
    """A panel whose job waits in the middle until the test lets it go."""
    reached, go = threading.Event(), threading.Event()

    def wait():
        reached.set()
        assert go.wait(20)

    fake.wait = wait
    ready.ui.reconstructButton.click()
    assert reached.wait(20)
    yield ready, go
    go.set()
    settle(ready)


def test_says_how_far_it_is(held):
    widget, _ = held
    wait_for(lambda: "Reconstructing L3" in widget.panel.bar.message)
    assert not widget.ui.reconstructButton.enabled
    assert not widget.ui.newPointsButton.enabled


def test_cancel_leaves_the_scene_as_before_and_stops_between_levels(held, fake):
    widget, go = held
    before = scene_state()
    widget.panel.bar.cancel()
    go.set()
    settle(widget)
    assert "Cancelled" in widget.panel.bar.message
    assert scene_state() == before
    assert len(fake.asked) == 1
    assert widget.ui.reconstructButton.enabled


@pytest.mark.parametrize("name", ["LAT", "Middles"])
def test_an_input_is_deleted(held, name):
    widget, go = held
    slicer.mrmlScene.RemoveNode(node_named(name))
    standin.process_events()
    before = scene_state()
    go.set()
    settle(widget)
    assert f'"{name}" was deleted while the job ran' in widget.panel.bar.message
    assert scene_state() == before


def test_an_x_ray_is_changed(held):
    widget, go = held
    slicer.util.updateVolumeFromArray(node_named("LAT"), np.ones((1, *SIZE)))
    before = scene_state()
    go.set()
    settle(widget)
    assert widget.panel.bar.message.startswith("LAT was changed while the job ran")
    assert scene_state() == before


def test_an_x_ray_is_moved(held):
    widget, go = held
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Moved")
    matrix = np.eye(4)
    matrix[0, 3] = 10
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    node_named("AP").SetAndObserveTransformNodeID(transform.GetID())
    go.set()
    settle(widget)
    assert widget.panel.bar.message.startswith("AP was changed while the job ran")
    assert node_named("L3") is None


def test_the_scene_is_closed(held):
    widget, go = held
    standin.close_scene()
    go.set()
    settle(widget)
    assert "scene was closed" in widget.panel.bar.message
    assert widget.panel.checked() == []
    assert table_text(widget.ui.foundTable) == []


def test_the_module_is_unloaded(held):
    _, go = held
    before = scene_state()
    standin.remove_module("X23DReconstruction")
    go.set()
    standin.process_events()
    assert scene_state() == before


def test_the_user_goes_to_another_module(held):
    widget, go = held
    slicer.util.selectModule("")
    go.set()
    settle(widget)
    assert is_ball("L3", L3)
    assert is_ball("L4", L4)
    slicer.util.selectModule("X23DReconstruction")
    settle(widget)
    assert len(table_text(widget.ui.foundTable)) == 2


def test_a_result_is_deleted_and_made_anew(ready, fake):
    press(ready, "reconstructButton")

    def delete():
        fake.deleting.set()
        assert fake.deleted.wait(20)

    fake.deleting, fake.deleted, fake.wait = threading.Event(), threading.Event(), delete
    ready.ui.reconstructButton.click()
    assert fake.deleting.wait(20)
    slicer.mrmlScene.RemoveNode(node_named("L3"))
    slicer.mrmlScene.RemoveNode(node_named("Vertebrae"))
    fake.deleted.set()
    settle(ready)
    assert is_ball("L3", L3)
    assert list(node_named("Vertebrae").GetSegmentation().GetSegmentIDs()) == ["L3", "L4"]


def test_what_fails_unexpectedly_has_details(ready, fake):
    def fail():
        raise RuntimeError("a defect")

    fake.wait = fail
    before = scene_state()
    press(ready, "reconstructButton")
    assert "please report" in ready.panel.bar.message
    assert scene_state() == before
