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
    logic = _logicOf(name)
    if logic is None:
        return
    composite = logic.GetSliceCompositeNode()
    if composite.GetBackgroundVolumeID() != node.GetID():
        composite.SetBackgroundVolumeID(node.GetID())
        fit = True
    _alignToDetector(logic.GetSliceNode(), node)
    if fit:
        logic.FitSliceToAll()


def isShownIn(node, name: str) -> bool:
    """Whether a volume is what a slice view shows below all others.

    Args:
        name: as for `showInSliceView`.
    """
    logic = _logicOf(name)
    return logic is not None and logic.GetSliceCompositeNode().GetBackgroundVolumeID() == node.GetID()


def layOver(node, name: str, opacity: float = 1.0) -> None:
    """Show a volume over what a slice view shows, and over no other view any more.

    Args:
        node: the volume node.
        name: as for `showInSliceView`.
        opacity: from 0 for what is below to 1.
    """
    for other in _viewNames():
        composite = _logicOf(other).GetSliceCompositeNode()
        if other == name:
            composite.SetForegroundVolumeID(node.GetID())
            composite.SetForegroundOpacity(opacity)
        elif composite.GetForegroundVolumeID() == node.GetID():
            composite.SetForegroundVolumeID(None)


def drawIn(node, name: str) -> None:
    """Draw a model in one slice view and the 3D views only.

    Args:
        node: the model node.
        name: as for `showInSliceView`.
    """
    layout = slicer.app.layoutManager()
    if layout is None:
        return
    display = node.GetDisplayNode()
    threeD = [layout.threeDWidget(n).mrmlViewNode() for n in range(layout.threeDViewCount)]
    logic = _logicOf(name)
    views = threeD if logic is None else [*threeD, logic.GetSliceNode()]
    wanted = [view.GetID() for view in views]
    if list(display.GetViewNodeIDs() or ()) != wanted:
        display.SetViewNodeIDs(wanted)


def takeOff(node) -> None:
    """Show a volume over no slice view any more."""
    layOver(node, "none")


def isSeenFromDetector(imageToRas) -> bool:
    """Whether `showInSliceView` shows an X-ray from the detector's side, its columns running to the left.

    Args:
        imageToRas: (4, 4) from (column, row, slice) to RAS.
    """
    right = np.asarray(imageToRas, float)[:3, 0]
    return bool(right[0] / np.linalg.norm(right) > _MIRRORED_BEYOND)


def _viewNames() -> list[str]:
    layout = slicer.app.layoutManager()
    return [] if layout is None else [name for name in layout.sliceViewNames() if _logicOf(name) is not None]


def _logicOf(name: str):
    layout = slicer.app.layoutManager()
    widget = layout.sliceWidget(name) if layout is not None and name != "none" else None
    return None if widget is None else widget.sliceLogic()


def _alignToDetector(sliceNode, node) -> None:
    from xray3d.mrml.volumes import ijk_to_world

    toRas = ijk_to_world(node)
    right, down = (axis / np.linalg.norm(axis) for axis in toRas[:3, :2].T)
    if isSeenFromDetector(toRas):
        right = -right
    columns, rows, _ = node.GetImageData().GetDimensions()
    centre = toRas @ [(columns - 1) / 2, (rows - 1) / 2, 0, 1]
    sliceToRas = np.eye(4)
    sliceToRas[:3, :3] = np.stack([right, -down, np.cross(right, -down)], axis=1)
    sliceToRas[:3, 3] = centre[:3]
    slicer.util.updateVTKMatrixFromArray(sliceNode.GetSliceToRAS(), sliceToRas)
    sliceNode.UpdateMatrices()
