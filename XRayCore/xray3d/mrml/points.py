"""Points from the nodes that the user chose for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import slicer.util
from numpy.typing import NDArray

from xray3d.errors import GeometryError
from xray3d.geometry.markups import PointList


def point_from_node(node: Any) -> NDArray[np.float64]:
    """The centre (3,) of a node in RAS mm, parent transforms applied.

    Of markups other than a region of interest that is the mean of their control points; of a region of interest, a
    volume, a model or a segmentation the centre of its box.

    Raises:
        GeometryError: no node, one that has no place, or an empty one.
    """
    if node is None:
        raise GeometryError("No point is chosen; choose a point, a region of interest, a volume or a model.")
    name = node.GetName()
    if node.IsA("vtkMRMLMarkupsROINode"):
        return np.array(node.GetCenterWorld())
    if node.IsA("vtkMRMLMarkupsNode"):
        points = slicer.util.arrayFromMarkupsControlPoints(node, world=True)
        if len(points) == 0:
            raise GeometryError(f"{name} has no points yet; place one in a view.")
        return points.mean(axis=0)
    if not node.IsA("vtkMRMLDisplayableNode"):
        raise GeometryError(f"{name} is a {node.GetNodeTagName()} and has no place; choose a point, volume or model.")
    bounds = np.ones(6)
    node.GetRASBounds(bounds)
    low, high = bounds[::2], bounds[1::2]
    if (low > high).any() or not np.isfinite(bounds).all():
        raise GeometryError(f"{name} is empty and has no centre; load it again or choose another.")
    return (low + high) / 2


def placed_points(markups: Any) -> PointList:
    """The points of a markups node that were placed, with their labels, in RAS mm where its transforms put them."""
    placed = [
        n
        for n in range(markups.GetNumberOfControlPoints())
        if markups.GetNthControlPointPositionStatus(n) == slicer.vtkMRMLMarkupsNode.PositionDefined
    ]
    points = slicer.util.arrayFromMarkupsControlPoints(markups, world=True)[placed] if placed else np.empty((0, 3))
    return PointList(markups.GetName(), tuple(markups.GetNthControlPointLabel(n) for n in placed), points)
