"""Point clouds as models, coloured by their uncertainty."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import slicer

from xray3d.mrml.models import color_by_uncertainty, show_polydata
from xray3d.mrml.transforms import world_matrix
from xray3d.volumes.point_cloud import UNSURE_MM, PointCloud, point_polydata

_POINT_SIZE_PX = 3


def show_point_cloud(cloud: PointCloud, node: Any = None, beside: Any = None) -> Any:
    """Show points as a model in RAS, red where they are sure to yellow where not; returns the model node.

    The uncertainty is the point data array `point_cloud.SIGMA_ARRAY`.

    Args:
        node: the model node to update in place, which keeps its name and display; None for a new one.
        beside: a node, such as the CT, in whose own coordinates the points are: they go under its parent transform, so
            that they lie on it wherever it is moved. None for points that stay in the world as they are.
    """
    known = node is not None
    node = show_polydata(point_polydata(cloud), cloud.name, node)
    if beside is not None:
        node.SetAndObserveTransformNodeID(beside.GetTransformNodeID())
    if not known:
        display = node.GetDisplayNode()
        display.SetRepresentation(slicer.vtkMRMLModelDisplayNode.PointsRepresentation)
        display.SetPointSize(_POINT_SIZE_PX)
        display.SetLighting(False)
        color_by_uncertainty(node, UNSURE_MM)
    return node


def in_coordinates_of(cloud: PointCloud, node: Any) -> PointCloud:
    """The points, which are in the world, in a node's own coordinates, below all its parent transforms.

    Args:
        node: any vtkMRMLTransformableNode, such as the CT.

    Raises:
        GeometryError: one of its parents is not linear.
    """
    from_world = np.linalg.inv(world_matrix(node))
    return replace(cloud, points_ras=cloud.points_ras @ from_world[:3, :3].T + from_world[:3, 3])
