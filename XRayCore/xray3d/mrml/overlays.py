"""Pictures over an X-ray on its detector: another image of the same field, and lines.

Both are for looking at only: hidden from selectors, not saved with the scene, and moved with the X-ray.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import slicer
import slicer.util
from numpy.typing import NDArray
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from xray3d.mrml.models import show_polydata
from xray3d.mrml.polydata import Color, lines
from xray3d.mrml.volumes import voxels_of

CONTOUR_COLOR: Color = (1.0, 0.75, 0.1)
_LINE_WIDTH_PX = 2


def show_image(image: NDArray[np.floating], xray_node: Any, node: Any = None) -> Any:
    """Lay an image over all of an X-ray's field; returns its scalar volume node.

    Args:
        image: (rows, cols) of any size, 0 black to 1 white.
        xray_node: the X-ray's volume node.
        node: the node to update in place; None for a new one.
    """
    if node is None:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "X-ray overlay")
        node.CreateDefaultDisplayNodes()
        _hide_from_users(node)
    display = node.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(0.0, 1.0)
    with slicer.util.NodeModify(node):
        node.SetAndObserveTransformNodeID(xray_node.GetTransformNodeID())
        node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(_pixel_to_local(image.shape, xray_node)))
        slicer.util.updateVolumeFromArray(node, np.ascontiguousarray(image, np.float32)[None])
    return node


def show_contours(
    polylines: Sequence[NDArray[np.floating]], size_px: tuple[int, int], xray_node: Any, node: Any = None
) -> Any:
    """Draw lines on an X-ray's detector, in slice views and in 3D; returns their model node.

    Args:
        polylines: (n, 2) each, column and row in an image of the X-ray's field.
        size_px: (rows, cols) of that image.
        xray_node: the X-ray's volume node.
        node: the model node to update in place; None for a new one.
    """
    to_local = _pixel_to_local(size_px, xray_node)
    pieces = [np.stack([line[:-1], line[1:]], axis=1) for line in polylines if len(line) > 1]
    pixels = np.concatenate(pieces) if pieces else np.empty((0, 2, 2))
    ends = pixels @ to_local[:3, :2].T + to_local[:3, 3]
    known = node is not None
    node = show_polydata(lines(ends), "X-ray contours", node, CONTOUR_COLOR)
    if not known:
        _hide_from_users(node)
        display = node.GetDisplayNode()
        display.SetVisibility2D(True)
        # The lines lie in the slice, which therefore does not cut them.
        display.SetSliceDisplayModeToProjection()
        display.SetSliceIntersectionThickness(_LINE_WIDTH_PX)
        display.SetLineWidth(_LINE_WIDTH_PX)
        display.SetLighting(False)
    node.SetAndObserveTransformNodeID(xray_node.GetTransformNodeID())
    return node


def _hide_from_users(node: Any) -> None:
    node.SetHideFromEditors(True)
    node.SetSelectable(False)
    for part in (node, node.GetDisplayNode()):
        part.SetSaveWithScene(False)


def _pixel_to_local(size_px: tuple[int, ...], xray_node: Any) -> NDArray[np.float64]:
    """(column, row, slice) of an image of the X-ray's field to the coordinates below the X-ray's parents, (4, 4)."""
    _, rows, cols = voxels_of(xray_node, "X-ray").shape
    own = vtkMatrix4x4()
    xray_node.GetIJKToRASMatrix(own)
    row_scale, col_scale = rows / size_px[0], cols / size_px[1]
    to_xray = np.diag([col_scale, row_scale, 1.0, 1.0])
    to_xray[:2, 3] = (col_scale - 1) / 2, (row_scale - 1) / 2
    return slicer.util.arrayFromVTKMatrix(own) @ to_xray
