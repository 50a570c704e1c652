"""An X-ray in a slice view: upright, filling the view, hung as a radiologist hangs it."""

from __future__ import annotations

import numpy as np
import slicer

# From here on an image's right counts as the patient's right, so that a reader would see it mirrored.
_MIRRORED_BEYOND = 0.5


def showInSliceView(node, name: str, fit: bool) -> None:
    """Make a slice view look at an X-ray on its detector.

    The source sees a frontal view mirrored to what a reader expects, who faces the patient; so the slice view looks
    at such an image from the detector's side, as the pictures of the demo do.

    Args:
        node: the X-ray's volume node.
        name: "Red", "Yellow" or "Green"; for "none", or where there are no views, nothing happens.
        fit: whether the image is to fill the view; else the zoom stays.
    """
    layout = slicer.app.layoutManager()
    widget = layout.sliceWidget(name) if layout is not None and name != "none" else None
    if widget is None:
        return
    logic = widget.sliceLogic()
    sliceNode = logic.GetSliceNode()
    composite = logic.GetSliceCompositeNode()
    if composite.GetBackgroundVolumeID() != node.GetID():
        composite.SetBackgroundVolumeID(node.GetID())
        fit = True
    _alignToDetector(sliceNode, node)
    if fit:
        logic.FitSliceToAll()


def _alignToDetector(sliceNode, node) -> None:
    from xray3d.mrml.volumes import ijk_to_world

    toRas = ijk_to_world(node)
    right, down = (axis / np.linalg.norm(axis) for axis in toRas[:3, :2].T)
    if right[0] > _MIRRORED_BEYOND:
        right = -right
    columns, rows, _ = node.GetImageData().GetDimensions()
    centre = toRas @ [(columns - 1) / 2, (rows - 1) / 2, 0, 1]
    sliceToRas = np.eye(4)
    sliceToRas[:3, :3] = np.stack([right, -down, np.cross(right, -down)], axis=1)
    sliceToRas[:3, 3] = centre[:3]
    slicer.util.updateVTKMatrixFromArray(sliceNode.GetSliceToRAS(), sliceToRas)
    sliceNode.UpdateMatrices()
