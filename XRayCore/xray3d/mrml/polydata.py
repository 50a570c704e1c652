"""Surfaces as VTK's polydata and as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkFiltersCore import (
    vtkAppendPolyData,
    vtkCleanPolyData,
    vtkPolyDataNormals,
    vtkTriangleFilter,
    vtkTubeFilter,
)

Color = tuple[float, float, float]

COLOR_ARRAY = "Color"
"""Name of the point array that holds the colours of a surface of several parts."""


def surface(vertices_mm: ArrayLike, triangles: ArrayLike) -> vtkPolyData:
    """Polydata of vertices (n, 3) and triangles (m, 3)."""
    polydata = _with_points(vertices_mm)
    polydata.SetPolys(_cells(np.asarray(triangles, np.int64)))
    return polydata


def lines(ends_mm: ArrayLike) -> vtkPolyData:
    """Polydata of straight lines between pairs of points (n, 2, 3)."""
    ends = np.asarray(ends_mm, float)
    polydata = _with_points(ends.reshape(-1, 3))
    polydata.SetLines(_cells(np.arange(2 * len(ends)).reshape(-1, 2)))
    return polydata


def path(points_mm: ArrayLike) -> vtkPolyData:
    """Polydata of one line through points (n, 3)."""
    points = np.asarray(points_mm, float)
    polydata = _with_points(points)
    polydata.SetLines(_cells(np.arange(len(points))[None]))
    return polydata


def tubes(centerlines: vtkPolyData, radius_mm: float, sides: int = 12) -> vtkPolyData:
    """Closed tubes about lines."""
    tube = vtkTubeFilter()
    tube.SetInputData(centerlines)
    tube.SetRadius(radius_mm)
    tube.SetNumberOfSides(sides)
    tube.CappingOn()
    tube.Update()
    return tube.GetOutput()


def painted(polydata: vtkPolyData, color: Color) -> vtkPolyData:
    """The same polydata with `color` (RGB, 0 to 1) at every point, in `COLOR_ARRAY`."""
    rgb = np.tile(np.round(255 * np.asarray(color)).astype(np.uint8), (polydata.GetNumberOfPoints(), 1))
    array = numpy_to_vtk(rgb, deep=True)
    array.SetName(COLOR_ARRAY)
    polydata.GetPointData().SetScalars(array)
    return polydata


def with_values(polydata: vtkPolyData, name: str, values: ArrayLike) -> vtkPolyData:
    """The same polydata with a number (n,) at every point, as a point array of that name."""
    array = numpy_to_vtk(np.ascontiguousarray(values, np.float32), deep=True)
    array.SetName(name)
    polydata.GetPointData().AddArray(array)
    return polydata


def appended(parts: list[vtkPolyData]) -> vtkPolyData:
    """Several surfaces as one."""
    append = vtkAppendPolyData()
    for part in parts:
        append.AddInputData(part)
    append.Update()
    return append.GetOutput()


def with_normals(polydata: vtkPolyData, sharp_edges: bool = True) -> vtkPolyData:
    """The same surface with point normals for smooth shading; edges of more than 30 degrees stay sharp if wanted."""
    normals = vtkPolyDataNormals()
    normals.SetInputData(polydata)
    normals.SetSplitting(sharp_edges)
    normals.Update()
    return normals.GetOutput()


def arrays(polydata: vtkPolyData) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices (n, 3) and triangles (m, 3); other polygons and strips are cut into triangles, lines left out.

    Points at the same place become one: surfaces with normals have several at their sharp edges, STL files everywhere.
    """
    merged, triangulate = vtkCleanPolyData(), vtkTriangleFilter()
    merged.SetInputData(polydata)
    merged.ConvertPolysToLinesOff()
    triangulate.SetInputConnection(merged.GetOutputPort())
    triangulate.PassVertsOff()
    triangulate.PassLinesOff()
    triangulate.Update()
    output = triangulate.GetOutput()
    if output.GetNumberOfPolys() == 0:
        return np.empty((0, 3)), np.empty((0, 3), np.int64)
    triangles = vtk_to_numpy(output.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    return vtk_to_numpy(output.GetPoints().GetData()).astype(float), triangles.astype(np.int64)


def _with_points(points_mm: ArrayLike) -> Any:
    points, polydata = vtkPoints(), vtkPolyData()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(points_mm, float), deep=True))
    polydata.SetPoints(points)
    return polydata


def _cells(indices: NDArray[np.int64]) -> vtkCellArray:
    cells = vtkCellArray()
    cells.SetData(indices.shape[1], numpy_to_vtkIdTypeArray(np.ascontiguousarray(indices).ravel(), deep=True))
    return cells
