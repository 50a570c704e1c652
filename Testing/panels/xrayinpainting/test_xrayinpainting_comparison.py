"""The X-ray Inpainting's slice view: before and after, difference, uncertainty, outlines."""

import numpy as np
import slicer
from xrayinpainting_support import add_xray, image, node_named, pixels_of, rod

from panel_support import press, settle


def composite():
    return slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()


def test_before_and_after(ready):
    (xray,) = ready.panel.checked()
    assert composite().GetBackgroundVolumeID() == xray.GetID()
    assert composite().GetForegroundVolumeID() is None
    press(ready, "removeButton")
    assert composite().GetBackgroundVolumeID() == xray.GetID()
    assert composite().GetForegroundVolumeID() == node_named("AP without implants").GetID()
    assert composite().GetForegroundOpacity() == 1.0
    ready.ui.blendSlider.value = 0.25
    settle(ready)
    assert composite().GetForegroundOpacity() == 0.25


def test_difference_and_uncertainty(ready):
    press(ready, "removeButton")
    for choice, name in (("difference", "AP difference"), ("uncertainty", "AP inpainting uncertainty")):
        ready.ui.overlayComboBox.setCurrentText(choice)
        settle(ready)
        assert composite().GetForegroundVolumeID() == node_named(name).GetID()


def test_the_row_that_is_selected_is_shown(ready):
    press(ready, "removeButton")
    other = add_xray("LAT", rod(30), 90.0)
    settle(ready)
    ready.ui.xraysTable.selectRow(1)
    settle(ready)
    assert ready.panel.parameters.shownXray is other
    assert composite().GetBackgroundVolumeID() == other.GetID()
    assert composite().GetForegroundVolumeID() is None
    assert not node_named("AP implants").GetDisplayVisibility()
    ready.ui.xraysTable.selectRow(0)
    settle(ready)
    assert composite().GetForegroundVolumeID() == node_named("AP without implants").GetID()
    assert node_named("AP implants").GetDisplayVisibility()


def test_outlines(ready):
    press(ready, "findButton")
    assert node_named("AP implants").GetDisplayVisibility()
    ready.ui.outlinesCheckBox.checked = False
    settle(ready)
    assert not node_named("AP implants").GetDisplayVisibility()


def test_the_slider_leaves_the_zoom(ready):
    press(ready, "removeButton")
    node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    node.SetFieldOfView(33, 44, 1)
    node.JumpSliceByCentering(3, 4, 5)
    before = slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())
    ready.ui.blendSlider.value = 0.5
    settle(ready)
    np.testing.assert_array_equal(slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS()), before)
    assert node.GetFieldOfView()[0] == 33


def test_window_and_level_follow_the_xray(ready):
    (xray,) = ready.panel.checked()
    press(ready, "removeButton")
    xray.GetDisplayNode().SetAutoWindowLevel(False)
    xray.GetDisplayNode().SetWindowLevel(700, 350)
    settle(ready)
    shown = node_named("AP without implants").GetDisplayNode()
    assert (shown.GetWindow(), shown.GetLevel()) == (700, 350)


def test_what_the_console_makes_is_shown(ready):
    (xray,) = ready.panel.checked()
    clean = ready.logic.inpaint(xray)
    settle(ready)
    assert composite().GetForegroundVolumeID() == clean.GetID()


def test_the_xray_is_shown_again_after_another_module(ready):
    (xray,) = ready.panel.checked()
    press(ready, "removeButton")
    node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    slicer.util.selectModule("")
    slicer.util.selectModule("XRayInpainting")
    node.JumpSliceByCentering(3, 4, 5)
    before = slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())
    settle(ready)
    np.testing.assert_array_equal(slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS()), before)
    slicer.util.selectModule("")
    slicer.util.setSliceViewerLayers(background=node_named("AP difference"), foreground=None)
    slicer.util.selectModule("XRayInpainting")
    settle(ready)
    assert composite().GetBackgroundVolumeID() == xray.GetID()
    assert composite().GetForegroundVolumeID() == node_named("AP without implants").GetID()


def test_a_stale_difference_is_made_again(ready):
    (xray,) = ready.panel.checked()
    press(ready, "removeButton")
    ready.ui.differenceCheckBox.checked = ready.ui.uncertaintyCheckBox.checked = False
    slicer.util.updateVolumeFromArray(xray, image(rod(30))[None])
    press(ready, "findButton")
    press(ready, "removeButton")
    np.testing.assert_array_equal(pixels_of("AP difference") != 0, rod(30))
    np.testing.assert_array_equal(pixels_of("AP inpainting uncertainty") != 0, rod(30))
