"""Linear transforms: what stands above a node, and new ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import slicer.util
from numpy.typing import ArrayLike, NDArray
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from xray3d.errors import GeometryError


def world_matrix(node: Any) -> NDArray[np.float64]:
    """All parent transforms of a node as one matrix (4, 4): the node's coordinates to RAS, mm.

    Args:
        node: any vtkMRMLTransformableNode.

    Raises:
        GeometryError: one of the parents is not linear.
    """
    parent = node.GetParentTransformNode()
    to_world = vtkMatrix4x4()
    if parent is not None:
        if not parent.IsTransformToWorldLinear():
            raise GeometryError(
                f"{node.GetName()} is under a transform that is not linear ({parent.GetName()}, or one above it); "
                "harden that transform or take the node out of it."
            )
        parent.GetMatrixTransformToWorld(to_world)
    return slicer.util.arrayFromVTKMatrix(to_world)


def add_transform(matrix: ArrayLike, name: str) -> Any:
    """A new linear transform node whose transform to its parent is the matrix (4, 4), RAS to RAS in mm."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", name)
    node.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.asarray(matrix, float)))
    return node
