"""Pictures over an X-ray: they lie where the X-ray shows the same things."""

import numpy as np
import pytest
import slicer
import slicer.util

from mrml_support import rigid, under, view, xray
from xray3d import XRayImage
from xray3d.errors import DeviceError
from xray3d.mrml.offscreen import picture_slice, require_drawing
from xray3d.mrml.overlays import show_contours, show_image
from xray3d.mrml.volumes import ijk_to_world
from xray3d.mrml.xrays import projection_from_node, xray_to_node

SIZE = (40, 48)


@pytest.fixture
def xray_node(scene):
    node = xray_to_node(xray(view(0, 0, size_px=SIZE)), name="AP")
    under(node, rigid((0, 0, 0), (15, 0, -25)))
    return node


@pytest.mark.parametrize("size_px", [SIZE, (20, 24), (80, 96)])
def test_an_image_fills_the_field_of_the_xray(xray_node, size_px):
    node = show_image(np.zeros(size_px), xray_node)
    expected = projection_from_node(xray_node).resampled(size_px).image_to_ras
    np.testing.assert_allclose(ijk_to_world(node), expected, atol=1e-6)


def test_what_is_shown_follows_the_xray_and_is_not_the_users(xray_node):
    line = np.array([[0.0, 0], [10, 5]])
    nodes = [show_image(np.zeros((4, 4)), xray_node), show_contours([line], SIZE, xray_node)]
    for node in nodes:
        assert node.GetTransformNodeID() == xray_node.GetTransformNodeID()
        assert node.GetHideFromEditors()
        assert not node.GetSaveWithScene()


def test_updates_in_place(xray_node):
    node = show_image(np.zeros((4, 4)), xray_node)
    contours = show_contours([np.array([[0.0, 0], [1, 1]])], SIZE, xray_node)
    count = slicer.mrmlScene.GetNumberOfNodes()
    assert show_image(np.ones((8, 8)), xray_node, node) is node
    assert show_contours([], SIZE, xray_node, contours) is contours
    assert slicer.mrmlScene.GetNumberOfNodes() == count
    assert slicer.util.arrayFromVolume(node).shape == (1, 8, 8)
    assert contours.GetPolyData().GetNumberOfLines() == 0


def test_lines_run_through_the_pixels(xray_node):
    line = np.array([[0.0, 0], [10, 5], [23.5, 19.5]])
    node = show_contours([line[:2] / 2, line[1:] / 2 - 0.25], (20, 24), xray_node)
    points = slicer.util.arrayFromModelPoints(node)
    to_world = np.eye(4)
    to_world[:3, 3] = (15, 0, -25)
    seen = projection_from_node(xray_node).project(points + to_world[:3, 3])
    np.testing.assert_allclose(seen[0], [0.5, 0.5], atol=1e-3)  # pixel 0 of half the size covers two pixels
    np.testing.assert_allclose(seen[3], line[2], atol=1e-3)


def test_contours_are_drawn_about_what_they_outline(own, xray_node, tmp_path):
    try:
        require_drawing()
    except DeviceError:
        pytest.skip("nothing here draws without a display")
    pixels = np.zeros(SIZE, np.float32)
    pixels[6:16, 8:30] = 1.0  # to the right of the patient, towards the head, as the source sees it
    xray_to_node(XRayImage(pixels, projection_from_node(xray_node)), xray_node)
    xray_node.GetDisplayNode().SetAutoWindowLevel(False)
    xray_node.GetDisplayNode().SetWindowLevelMinMax(0, 2)
    corners = np.array([[7.5, 5.5], [29.5, 5.5], [29.5, 15.5], [7.5, 15.5], [7.5, 5.5]])
    show_contours([corners], SIZE, xray_node)
    center = (ijk_to_world(xray_node) @ [23.5, 19.5, 0, 1])[:3]
    picture = picture_slice(own, xray_node, "Coronal", center)
    red, green, blue = np.moveaxis(picture.astype(int), -1, 0)
    outline = (red > 150) & (blue < 0.5 * red)
    bright = (abs(red - green) < 10) & (red > 90)
    assert outline.sum() > 300
    rows, columns = np.nonzero(bright)
    for axis, found in ((0, rows), (1, columns)):
        drawn = np.nonzero(outline)[axis]
        assert drawn.min() == pytest.approx(found.min(), abs=4)
        assert drawn.max() == pytest.approx(found.max(), abs=4)
