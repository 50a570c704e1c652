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

METAL_COLOR: Color = (0.82, 0.83, 0.86)


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
