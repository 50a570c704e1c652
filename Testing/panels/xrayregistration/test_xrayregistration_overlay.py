"""The overlay of CT and X-ray in the slice view, and the adjustment by hand that it follows."""

import time

import numpy as np
import pytest
import slicer
from xrayregistration_support import (
    MOVED,
    add_ct,
    add_xray,
    choose,
    hand_motion,
    off,
    overlay_pixels,
    register,
    small_ct,
    true_view,
)

import standin
from panel_support import settle
from xray3d.drr import DRRRenderer
from xray3d.mrml.xrays import projection_from_node
from xray3d.registration.overlay import blend, checkerboard, display_pair


def composite(name="Red"):
    return slicer.app.layoutManager().sliceWidget(name).mrmlSliceCompositeNode()


def contour_node():
    nodes = slicer.util.getNodesByClass("vtkMRMLModelNode")
    return next((node for node in nodes if node.GetName() == "X-ray contours"), None)


def expected_pair(node, projection):
    """X-ray and CT as they must be shown, by the library alone."""
    return display_pair(slicer.util.arrayFromVolume(node)[0], DRRRenderer(small_ct()).render(projection))


@pytest.fixture
def shown(ready):
    """The first X-ray, whose overlay is shown."""
    return ready.panel.parameters.shownXray


def test_comes_with_ct_and_xray(ready, shown):
    pair = expected_pair(shown, true_view(0).moved(off(*MOVED)))
    np.testing.assert_allclose(overlay_pixels(), blend(*pair, 0.5), atol=1e-3)
    assert composite().GetBackgroundVolumeID() == shown.GetID()
    overlay = slicer.mrmlScene.GetNodeByID(composite().GetForegroundVolumeID())
    assert overlay.GetHideFromEditors()
    assert composite().GetForegroundOpacity() == 1.0


def test_blend_and_checkerboard(ready, shown):
    pair = expected_pair(shown, true_view(0).moved(off(*MOVED)))
    ready.ui.blendSlider.value = 0.8
    settle(ready)
    np.testing.assert_allclose(overlay_pixels(), blend(*pair, 0.8), atol=1e-3)
    ready.ui.overlayComboBox.setCurrentText("checkerboard")
    settle(ready)
    np.testing.assert_allclose(overlay_pixels(), checkerboard(*pair), atol=1e-3)
    assert not ready.ui.blendSlider.enabled
    ready.ui.overlayComboBox.setCurrentText("X-ray alone")
    settle(ready)
    assert composite().GetForegroundVolumeID() is None
    assert composite().GetBackgroundVolumeID() == shown.GetID()


def test_bone_edges_lie_on_the_detector_and_can_be_hidden(ready, shown):
    points = slicer.util.arrayFromModelPoints(contour_node())
    depth = (points - projection_from_node(shown).source_ras) @ projection_from_node(shown).viewing_direction_ras
    np.testing.assert_allclose(depth, 1020, atol=1e-2)
    views = contour_node().GetDisplayNode().GetViewNodeIDs()
    assert "vtkMRMLSliceNodeRed" in views
    assert "vtkMRMLSliceNodeYellow" not in views
    ready.ui.contoursCheckBox.checked = False
    settle(ready)
    assert contour_node().GetPolyData().GetNumberOfLines() == 0


def test_the_bone_edges_of_the_right_pose_lie_on_the_bones(ready, shown):
    def steepness_at_edges():
        """The X-ray's mean gradient where the edges are drawn, relative to that of all of it."""
        pixels = projection_from_node(shown).project(slicer.util.arrayFromModelPoints(contour_node()))
        gradient = np.hypot(*np.gradient(slicer.util.arrayFromVolume(shown)[0]))
        columns, rows = np.clip(np.round(pixels).astype(int), 0, np.array(gradient.shape[::-1]) - 1).T
        return gradient[rows, columns].mean() / gradient.mean()

    before = steepness_at_edges()
    register(ready)
    assert steepness_at_edges() > 1.3 * before


def test_follows_the_hand(ready, shown):
    ready.ui.rightMmSlider.value = 12.0
    ready.ui.tiltDegSlider.value = -6.0
    settle(ready)
    moved = projection_from_node(shown).moved(hand_motion(ready))
    assert not np.allclose(moved.extrinsic, projection_from_node(shown).extrinsic)
    np.testing.assert_allclose(overlay_pixels(), blend(*expected_pair(shown, moved), 0.5), atol=1e-3)
    ready.ui.resetButton.click()
    settle(ready)
    assert ready.ui.rightMmSlider.value == 0
    pair = expected_pair(shown, projection_from_node(shown))
    np.testing.assert_allclose(overlay_pixels(), blend(*pair, 0.5), atol=1e-3)


def test_the_hand_moves_the_anatomy_as_seen_in_the_slice_view(ready, shown):
    def middle_of_bone_in_view():
        """Where the edges are drawn in the slice view, mean (right, up) in mm."""
        to_slice = np.linalg.inv(slicer.util.arrayFromVTKMatrix(slice_node.GetSliceToRAS()))
        points = slicer.util.arrayFromModelPoints(contour_node())
        return (points @ to_slice[:3, :3].T + to_slice[:3, 3]).mean(axis=0)[:2]

    slice_node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    before = middle_of_bone_in_view()
    ready.ui.rightMmSlider.value = 20.0
    ready.ui.downMmSlider.value = 10.0
    settle(ready)
    right, up = middle_of_bone_in_view() - before
    assert right == pytest.approx(20 * 1020 / 700, rel=0.2)
    assert up == pytest.approx(-10 * 1020 / 700, rel=0.2)


def test_many_moves_before_the_next_picture_make_one_picture(ready, monkeypatch):
    from XRayRegistrationLib import picture

    made = []
    pair_of = picture.pairOf
    monkeypatch.setattr(picture, "pairOf", lambda *arguments: made.append(arguments) or pair_of(*arguments))
    for number in range(1, 31):
        ready.ui.rightMmSlider.value = number / 2
    settle(ready)
    assert len(made) == 1


def test_registration_starts_from_what_is_shown(ready, fake, shown):
    ready.ui.downMmSlider.value = -7.0
    settle(ready)
    expected = projection_from_node(shown).moved(hand_motion(ready))
    register(ready)
    np.testing.assert_allclose(fake.calls[0]["initial"][0].extrinsic, expected.extrinsic, atol=1e-9)
    assert ready.ui.downMmSlider.value == 0
    ready.ui.undoButton.click()
    settle(ready)
    assert ready.ui.downMmSlider.value == -7.0


def test_use_as_start_moves_the_xrays_and_can_be_undone(ready, shown):
    other = ready.panel.parameters.xray2
    ready.ui.turnDegSlider.value = 9.0
    settle(ready)
    before, shown_picture = projection_from_node(other), overlay_pixels()
    motion = hand_motion(ready)
    expected = [projection_from_node(node).moved(motion) for node in (shown, other)]
    ready.ui.useAsStartButton.click()
    settle(ready)
    for node, projection in zip((shown, other), expected, strict=True):
        np.testing.assert_allclose(projection_from_node(node).extrinsic, projection.extrinsic, atol=1e-6)
    assert ready.ui.turnDegSlider.value == 0
    np.testing.assert_allclose(overlay_pixels(), shown_picture, atol=1e-3)
    ready.ui.undoButton.click()
    settle(ready)
    np.testing.assert_allclose(projection_from_node(other).extrinsic, before.extrinsic, atol=1e-9)


def test_compared_with_the_start(ready, shown):
    start = expected_pair(shown, projection_from_node(shown))
    register(ready)
    after = overlay_pixels()
    ready.ui.compareButton.click()
    settle(ready)
    np.testing.assert_allclose(overlay_pixels(), blend(*start, 0.5), atol=1e-3)
    assert not ready.ui.rightMmSlider.enabled
    ready.ui.compareButton.click()
    settle(ready)
    np.testing.assert_allclose(overlay_pixels(), after, atol=1e-6)


def test_another_xray_can_be_shown(ready):
    ready.ui.shownXrayComboBox.setCurrentText("X-ray 2")
    settle(ready)
    other = ready.panel.parameters.xray2
    assert composite().GetBackgroundVolumeID() == other.GetID()
    pair = expected_pair(other, projection_from_node(other))
    np.testing.assert_allclose(overlay_pixels(), blend(*pair, 0.5), atol=1e-3)


def test_the_adjustment_stays_what_it_is_when_another_xray_is_shown(ready):
    ready.ui.rightMmSlider.value = 12.0
    ready.ui.turnDegSlider.value = 5.0
    settle(ready)
    motion = hand_motion(ready)
    ready.ui.shownXrayComboBox.setCurrentText("X-ray 2")
    settle(ready)
    assert ready.ui.rightMmSlider.value != pytest.approx(12)
    np.testing.assert_allclose(hand_motion(ready), motion, atol=1e-4)


def test_an_adjustment_too_large_for_the_other_xray_keeps_this_one(ready, shown):
    ready.panel.parameters.rightMm = 200.0
    ready.panel.parameters.downMm = 200.0
    ready.panel.parameters.rotateDeg = 45.0
    ready.panel.parameters.tiltDeg = 45.0
    ready.panel.parameters.turnDeg = 45.0
    settle(ready)
    ready.ui.shownXrayComboBox.setCurrentText("X-ray 2")
    assert "too large to be shown on X-ray 2" in ready.panel.bar.message
    assert ready.panel.parameters.shownXray is shown
    assert ready.ui.shownXrayComboBox.currentText == "X-ray 1"


def test_an_adjustment_goes_with_the_xray_that_it_was_made_on(ready, shown):
    ready.ui.rightMmSlider.value = 12.0
    settle(ready)
    slicer.mrmlScene.RemoveNode(shown)
    settle(ready)
    assert ready.ui.rightMmSlider.value == 0


def test_a_large_xray_is_shown_small_while_it_moves_and_larger_at_rest(widget, fake):
    from xray3d import XRayImage
    from xray3d.mrml.xrays import xray_to_node

    large = true_view(0).resampled((500, 600))
    node = xray_to_node(XRayImage(DRRRenderer(small_ct()).render(large), large), name="Large")
    choose(widget, add_ct(), [node])
    assert overlay_pixels().shape == (213, 256)
    end = time.monotonic() + 20
    while overlay_pixels().shape == (213, 256) and time.monotonic() < end:
        settle(widget)
    assert overlay_pixels().shape == (427, 512)
    widget.ui.rightMmSlider.value = 3
    settle(widget)
    assert overlay_pixels().shape == (213, 256)


def test_follows_the_ct_that_other_modules_move(ready, shown):
    from xray3d.mrml.transforms import add_transform

    before = overlay_pixels()
    ready.panel.parameters.ct.SetAndObserveTransformNodeID(add_transform(off((15, 0, 10)), "Table").GetID())
    settle(ready)
    assert np.abs(overlay_pixels() - before).max() > 0.1


def test_without_a_ct_there_is_no_overlay(ready):
    ready.ui.ctSelector.setCurrentNode(None)
    settle(ready)
    assert overlay_pixels() is None
    assert contour_node() is None


def test_another_slice_view_can_show_it(ready, shown):
    ready.ui.sliceViewComboBox.setCurrentText("Yellow")
    settle(ready)
    assert composite("Yellow").GetForegroundVolumeID() is not None
    assert composite("Red").GetForegroundVolumeID() is None


def test_follows_what_other_modules_move(ready, shown):
    from xray3d.mrml.transforms import add_transform

    before = overlay_pixels()
    shown.SetAndObserveTransformNodeID(add_transform(off((15, 0, 10)), "By hand").GetID())
    settle(ready)
    assert np.abs(overlay_pixels() - before).max() > 0.1
    pair = expected_pair(shown, projection_from_node(shown))
    np.testing.assert_allclose(overlay_pixels(), blend(*pair, 0.5), atol=1e-3)


def test_leaving_the_module_takes_it_away_and_coming_back_brings_it(ready):
    before = overlay_pixels()
    slicer.util.selectModule("")
    assert overlay_pixels() is None
    assert contour_node() is None
    assert composite().GetForegroundVolumeID() is None
    slicer.util.selectModule("XRayRegistration")
    settle(ready)
    np.testing.assert_array_equal(overlay_pixels(), before)


def test_is_seen_in_the_slice_view_as_the_radiologist_expects(ready, shown):
    """The patient faces the reader, head up."""
    slice_node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    register(ready)
    axes = slicer.util.arrayFromVTKMatrix(slice_node.GetSliceToRAS())[:3, :3]
    np.testing.assert_allclose(axes[:, 0], [-1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(axes[:, 1], [0, 0, 1], atol=1e-6)


def test_a_second_patient_is_shown_although_nothing_else_changes(widget, fake):
    node = add_xray()
    choose(widget, add_ct("First"), [node])
    first = overlay_pixels()
    other = add_ct("Other")
    slicer.util.updateVolumeFromArray(other, np.where(small_ct().hu > 500, 30, small_ct().hu))
    widget.ui.ctSelector.setCurrentNode(other)
    settle(widget)
    assert np.abs(overlay_pixels() - first).max() > 0.1
    standin.close_scene()
    settle(widget)
    assert overlay_pixels() is None
