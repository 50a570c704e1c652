"""The live preview of the DRR Simulator."""

from dataclasses import replace

import numpy as np
import pytest
import slicer
from drrsimulator_support import expected_drr, preview_pixels, small_ct

from panel_support import settle
from xray3d.mrml.xrays import projection_from_node


def test_comes_with_the_ct_and_follows_the_slider(with_ct):
    np.testing.assert_allclose(preview_pixels(), expected_drr(0, 0), rtol=1e-4, atol=1e-4)
    with_ct.ui.primarySlider.value = 40
    with_ct.ui.secondarySlider.value = -15
    settle(with_ct)
    np.testing.assert_allclose(preview_pixels(), expected_drr(40, -15), rtol=1e-4, atol=1e-4)


def test_many_moves_before_the_next_image_make_one_image(with_ct, monkeypatch):
    from DRRSimulatorLib import views

    stored = []
    store = views.storePreview
    monkeypatch.setattr(views, "storePreview", lambda xray, physics: stored.append(xray) or store(xray, physics))
    for angle in range(1, 31):
        with_ct.ui.primarySlider.value = angle
    settle(with_ct)
    assert len(stored) == 1
    np.testing.assert_allclose(preview_pixels(), expected_drr(30, 0), rtol=1e-4, atol=1e-4)


def test_a_large_detector_is_previewed_small_with_the_same_field(with_ct):
    with_ct.panel.parameters.rows = with_ct.panel.parameters.columns = 1024
    with_ct.panel.parameters.pixelRowMm = with_ct.panel.parameters.pixelColumnMm = 0.3
    settle(with_ct)
    assert preview_pixels().shape == (256, 256)
    from DRRSimulatorLib.views import previewNode

    assert projection_from_node(previewNode()).pixel_mm == pytest.approx((1.2, 1.2))


def test_is_seen_upright_in_the_slice_view_hung_as_radiologists_do(with_ct):
    slice_node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    axes = slicer.util.arrayFromVTKMatrix(slice_node.GetSliceToRAS())[:3, :3]
    np.testing.assert_allclose(axes[:, 0], [-1, 0, 0], atol=1e-9)  # the patient's left is on the right
    np.testing.assert_allclose(axes[:, 1], [0, 0, 1], atol=1e-9)  # the head is up
    from DRRSimulatorLib.views import previewNode

    composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert composite.GetBackgroundVolumeID() == previewNode().GetID()


def test_has_the_greys_of_what_it_shows_whatever_the_physics(with_ct):
    from DRRSimulatorLib.views import previewNode

    for physics in ("line integrals", "fluoroscopy", "radiography"):
        with_ct.ui.physicsComboBox.setCurrentText(physics)
        settle(with_ct)
        display = previewNode().GetDisplayNode()
        low, high = display.GetWindowLevelMin(), display.GetWindowLevelMax()
        pixels = preview_pixels()
        assert pixels.min() <= low < high <= pixels.max()
        assert high - low > 0.2 * np.ptp(pixels)


def test_can_be_switched_off(with_ct):
    with_ct.ui.livePreviewCheckBox.checked = False
    before = preview_pixels()
    with_ct.ui.primarySlider.value = 40
    settle(with_ct)
    np.testing.assert_array_equal(preview_pixels(), before)


def test_follows_changed_voxels_and_transforms(with_ct):
    ct = with_ct.panel.parameters.ct
    slicer.util.updateVolumeFromArray(ct, np.where(small_ct().hu > 500, 3000, small_ct().hu))
    with_ct.ui.primarySlider.value = 5
    settle(with_ct)
    denser = replace(small_ct(), hu=np.where(small_ct().hu > 500, 3000, small_ct().hu))
    np.testing.assert_allclose(preview_pixels(), expected_drr(5, 0, denser), rtol=1e-4, atol=1e-4)
