"""Whether something that was made from a node still fits that node."""

from __future__ import annotations

import slicer
import vtk


def contentKey(node, device: str) -> tuple:
    """What a volume prepared on a device depends on: voxels and placement.

    VTK's modification times never repeat, so neither do keys.

    Raises:
        GeometryError: a parent transform that is not linear.
    """
    from xray3d.mrml.volumes import ijk_to_world

    image = node.GetImageData()
    modified = 0 if image is None else image.GetMTime()
    return node.GetID(), modified, ijk_to_world(node).tobytes(), device


def placementKey(volumeNode) -> tuple:
    """Changes whenever a volume, or what it lies under, is moved; of whatever transforms."""
    own = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(own)
    return slicer.util.arrayFromVTKMatrix(own).tobytes(), *parentKey(volumeNode)


def parentKey(node) -> tuple:
    """Changes whenever what a node lies under is moved, or is another."""
    parent = node.GetParentTransformNode()
    return node.GetTransformNodeID(), 0 if parent is None else parent.GetTransformToWorldMTime()
