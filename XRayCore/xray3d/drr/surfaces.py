"""Triangle surfaces: files, checking that they enclose something, and turning them outside out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import MeshError, VolumeError
from xray3d.files import refuse_existing

Points = NDArray[np.float64]
Triangles = NDArray[np.int64]

SURFACE_EXTENSIONS = (".stl", ".ply", ".vtp")
"""What surfaces are written as."""

# Slicer takes surfaces for LPS, and reads in these words that they are.
_TO_LPS = np.array([-1.0, -1.0, 1.0])
_SPACE = ("SPACE", "LPS")


def read_surface(path: str | Path) -> tuple[Points, Triangles]:
    """Vertices (n, 3) and triangles (m, 3) of an STL, PLY, VTK, VTP or OBJ file, coordinates as they are in it.

    Raises:
        MeshError: a file that is missing, of another type or unreadable.
    """
    from vtkmodules.vtkIOGeometry import vtkOBJReader, vtkSTLReader  # deferred, here and below: VTK is slow to import
    from vtkmodules.vtkIOLegacy import vtkPolyDataReader
    from vtkmodules.vtkIOPLY import vtkPLYReader
    from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

    readers: dict[str, Any] = {
        ".stl": vtkSTLReader,
        ".ply": vtkPLYReader,
        ".vtk": vtkPolyDataReader,
        ".vtp": vtkXMLPolyDataReader,
        ".obj": vtkOBJReader,
    }
    path = Path(path)
    if not path.is_file():
        raise MeshError(f"There is no file {path}; check the path.")
    if path.suffix.lower() not in readers:
        raise MeshError(f"{path.name} is not a surface file; use one of {', '.join(readers)}.")
    reader = readers[path.suffix.lower()]()
    reader.SetFileName(str(path))
    vertices, triangles = _arrays(_quietly_updated(_merged(reader.GetOutputPort())))
    if not len(triangles):
        raise MeshError(f"{path.name} could not be read as a surface; it is empty, damaged or of another format.")
    return vertices, triangles


def save_surface(
    vertices: Points,
    triangles: Triangles,
    path: str | Path,
    overwrite: bool = False,
    values: Mapping[str, NDArray[np.floating]] | None = None,
) -> None:
    """Write a surface in LPS, which its header says, binary.

    Args:
        vertices: (n, 3) RAS mm.
        triangles: (m, 3), counter-clockwise from outside.
        path: a file with one of `SURFACE_EXTENSIONS`.
        values: (n,) each, by name, of the vertices; only a .vtp file holds them.

    Raises:
        OutputExistsError: the file exists and is not to be overwritten.
        VolumeError: another extension, or a folder that cannot be written to.
    """
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkStringArray
    from vtkmodules.vtkIOGeometry import vtkSTLWriter
    from vtkmodules.vtkIOPLY import vtkPLYWriter
    from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter

    path = Path(path)
    writers: dict[str, Any] = dict(
        zip(SURFACE_EXTENSIONS, (vtkSTLWriter, vtkPLYWriter, vtkXMLPolyDataWriter), strict=True)
    )
    if path.suffix.lower() not in writers:
        raise VolumeError(f"{path} cannot be written as a surface; choose one of {', '.join(writers)}.")
    refuse_existing(path, overwrite=overwrite)
    surface, writer = polydata(vertices * _TO_LPS, triangles), writers[path.suffix.lower()]()
    space = vtkStringArray()
    space.SetName(_SPACE[0])
    space.InsertNextValue(_SPACE[1])
    surface.GetFieldData().AddArray(space)
    for name, of_vertices in (values or {}).items():
        array = numpy_to_vtk(np.asarray(of_vertices, np.float32), deep=True)
        array.SetName(name)
        surface.GetPointData().AddArray(array)
    writer.SetInputData(surface)
    writer.SetFileName(str(path))
    if isinstance(writer, vtkXMLPolyDataWriter):
        writer.SetDataModeToBinary()
    else:
        writer.SetFileTypeToBinary()
        said = "=".join(_SPACE)
        writer.SetHeader(said) if isinstance(writer, vtkSTLWriter) else writer.AddComment(said)
    if not path.absolute().parent.is_dir() or not writer.Write() or not path.is_file():
        raise VolumeError(f"{path} cannot be written; check that its folder exists and has room.")


def rim_length_mm(vertices: Points, triangles: Triangles) -> float:
    """Total length of the edges that only one of the triangles (m, 3) has: the rims of holes."""
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    unique, counts = np.unique(edges, axis=0, return_counts=True)
    start, end = vertices[unique[counts == 1]].swapaxes(0, 1)
    return float(np.linalg.norm(end - start, axis=1).sum())


def oriented_outwards(vertices: Points, triangles: Triangles) -> Triangles:
    """The triangles (m, 3) of closed surfaces, each counter-clockwise seen from outside."""
    from vtkmodules.vtkFiltersCore import vtkPolyDataNormals

    normals = vtkPolyDataNormals()
    normals.SetInputData(polydata(vertices, triangles))
    normals.SplittingOff()
    normals.ConsistencyOn()
    normals.AutoOrientNormalsOn()
    normals.Update()
    return _arrays(normals.GetOutput())[1]


def polydata(vertices: Points, triangles: Triangles) -> Any:
    """A surface as VTK has it."""
    from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

    points, cells, surface = vtkPoints(), vtkCellArray(), vtkPolyData()
    points.SetData(numpy_to_vtk(vertices, deep=True))
    cells.SetData(3, numpy_to_vtkIdTypeArray(triangles.ravel(), deep=True))
    surface.SetPoints(points)
    surface.SetPolys(cells)
    return surface


def _merged(port: Any) -> Any:
    """Triangles that share their corners: STL repeats every corner for every triangle."""
    from vtkmodules.vtkFiltersCore import vtkCleanPolyData, vtkTriangleFilter

    clean, triangulate = vtkCleanPolyData(), vtkTriangleFilter()
    clean.SetInputConnection(port)
    clean.ConvertPolysToLinesOff()
    triangulate.SetInputConnection(clean.GetOutputPort())
    triangulate.PassVertsOff()
    triangulate.PassLinesOff()
    return triangulate


def _quietly_updated(algorithm: Any) -> Any:
    """The filter's output; VTK's own report of a bad file is left to the caller to put into one sentence."""
    from vtkmodules.vtkCommonCore import vtkObject

    shown = vtkObject.GetGlobalWarningDisplay()
    vtkObject.GlobalWarningDisplayOff()
    try:
        algorithm.Update()
    finally:
        vtkObject.SetGlobalWarningDisplay(shown)
    return algorithm.GetOutput()


def _arrays(surface: Any) -> tuple[Points, Triangles]:
    from vtkmodules.util.numpy_support import vtk_to_numpy

    if surface.GetNumberOfPolys() == 0:
        return np.empty((0, 3)), np.empty((0, 3), np.int64)
    triangles = vtk_to_numpy(surface.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    return vtk_to_numpy(surface.GetPoints().GetData()).astype(float), triangles.astype(np.int64)
