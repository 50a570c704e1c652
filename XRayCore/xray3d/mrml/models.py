"""Surfaces in the scene: implants from model nodes, and new model nodes."""

from __future__ import annotations

from typing import Any

import slicer
from numpy.typing import ArrayLike
from vtkmodules.vtkFiltersCore import vtkAssignAttribute

from xray3d.drr import Implant
from xray3d.errors import MeshError
from xray3d.mrml.polydata import COLOR_ARRAY, Color, arrays, surface, with_normals
from xray3d.mrml.transforms import world_matrix
from xray3d.volumes.point_cloud import SIGMA_ARRAY

METAL_COLOR: Color = (0.82, 0.83, 0.86)

# A colour table that every scene has: red where sure, yellow where not.
_UNCERTAINTY_COLORS = "vtkMRMLColorTableNodeWarm1"


def implant_from_node(model_node: Any) -> Implant:
    """The implant of a model node: its surface in RAS, all linear parent transforms applied.

    Raises:
        MeshError: no node, no model, no surface, or one that is not closed.
        GeometryError: a parent transform that is not linear.
    """
    if model_node is None:
        raise MeshError("No implant is chosen; choose a model.")
    name = model_node.GetName()
    if not model_node.IsA("vtkMRMLModelNode"):
        raise MeshError(f"{name} is no model but a {model_node.GetNodeTagName()}; choose a model as implant.")
    polydata = model_node.GetPolyData()
    if polydata is None:
        raise MeshError(f"{name} has no surface; load it again as a closed triangle mesh.")
    vertices, triangles = arrays(polydata)
    to_world = world_matrix(model_node)
    return Implant(vertices @ to_world[:3, :3].T + to_world[:3, 3], triangles, name=name)


def add_surface(vertices_ras: ArrayLike, triangles: ArrayLike, name: str, color: Color = METAL_COLOR) -> Any:
    """A new model node of vertices (n, 3) in RAS mm and triangles (m, 3), in one colour (RGB, 0 to 1)."""
    return show_polydata(with_normals(surface(vertices_ras, triangles)), name, color=color)


def show_polydata(polydata: Any, name: str, node: Any = None, color: Color | None = None) -> Any:
    """Show polydata as a model, in its own point colours (see `polydata.painted`) or in one `color`.

    Args:
        node: the model node to update in place, which keeps its name and display; None for a new one.
    """
    if node is not None:
        node.SetAndObservePolyData(polydata)
        return node
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", name)
    node.SetAndObservePolyData(polydata)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    if color is not None:
        display.SetColor(*color)
    elif polydata.GetPointData().HasArray(COLOR_ARRAY):
        display.SetActiveScalar(COLOR_ARRAY, vtkAssignAttribute.POINT_DATA)
        display.SetScalarRangeFlag(slicer.vtkMRMLDisplayNode.UseDirectMapping)
        display.SetScalarVisibility(True)
    return node


def color_by_uncertainty(node: Any, unsure_mm: float) -> None:
    """Show a model in the colours of its point array `point_cloud.SIGMA_ARRAY`.

    Args:
        node: the model node.
        unsure_mm: the uncertainty that gets the last colour.
    """
    display = node.GetDisplayNode()
    display.SetActiveScalar(SIGMA_ARRAY, vtkAssignAttribute.POINT_DATA)
    display.SetAndObserveColorNodeID(_UNCERTAINTY_COLORS)
    display.SetScalarRangeFlag(slicer.vtkMRMLDisplayNode.UseManualScalarRange)
    display.SetScalarRange(0.0, unsure_mm)
    display.SetScalarVisibility(True)
