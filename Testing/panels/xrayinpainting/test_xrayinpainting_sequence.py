"""Sequences of X-rays: every frame without its implants."""

import numpy as np
import pytest
import slicer
from xrayinpainting_support import PAINTED, add_xray, image, node_named, rod, scene_state

from panel_support import press, settle
from xray3d.errors import VolumeError
from xray3d.mrml.inpainting import frames_of

COLUMNS = (10, 20, 30)


@pytest.fixture
def sequence(fake):
    """A rod that moves to the right."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "Cine")
    for number, column in enumerate(COLUMNS):
        frame = add_xray("Frame", rod(column))
        node.SetDataNodeAtValue(frame, str(number))
        slicer.mrmlScene.RemoveNode(frame)
    return node


@pytest.fixture
def chosen(widget, sequence):
    """The panel with the sequence chosen."""
    widget.ui.sequenceSelector.setCurrentNode(sequence)
    settle(widget)
    return widget


def frames(node):
    return [slicer.util.arrayFromVolume(frame)[0] for frame in frames_of(node)]


def test_every_frame(chosen, sequence):
    assert chosen.panel.bar.message == ""
    press(chosen, "sequenceButton")
    assert chosen.panel.bar.message == "The frames without implants are in Cine without implants."
    clean = node_named("Cine without implants")
    for found, column in zip(frames(clean), COLUMNS, strict=True):
        np.testing.assert_array_equal(found, np.where(rod(column), PAINTED, image(rod(column))))
    for found, column in zip(frames(sequence), COLUMNS, strict=True):
        np.testing.assert_array_equal(found, image(rod(column)))
    press(chosen, "sequenceButton")
    assert node_named("Cine without implants") is clean


def test_a_wrong_frame_is_named(chosen, sequence):
    frame = sequence.GetNthDataNode(1)
    slicer.util.updateVolumeFromArray(frame, np.full((1, 5, 5), np.nan, np.float32))
    before = scene_state()
    press(chosen, "sequenceButton")
    assert chosen.panel.bar.message.startswith("frame 2 of 3 of Cine: The X-ray has gaps")
    assert scene_state() == before


def test_a_frame_that_is_changed_meanwhile(chosen, sequence, fake):
    fake.wait = lambda: slicer.util.updateVolumeFromArray(sequence.GetNthDataNode(2), image()[None])
    before = scene_state()
    press(chosen, "sequenceButton")
    assert "frame 3 of 3 of Cine was changed while the job ran" in chosen.panel.bar.message
    assert scene_state() == before


def test_one_that_is_removed_is_not_chosen_any_more(chosen, sequence):
    slicer.mrmlScene.RemoveNode(sequence)
    settle(chosen)
    assert chosen.panel.parameters.sequence is None
    assert not chosen.ui.sequenceButton.enabled


def test_on_the_console(logic, sequence):
    clean = logic.inpaintSequence(sequence)
    assert clean is node_named("Cine without implants")
    assert [int(found[10, column]) for found, column in zip(frames(clean), COLUMNS, strict=True)] == [PAINTED] * 3
    with pytest.raises(VolumeError, match="No sequence is chosen"):
        logic.inpaintSequence(None)
