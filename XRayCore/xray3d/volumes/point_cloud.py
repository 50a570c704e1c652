"""Points on bone with an uncertainty each, and their files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import VolumeError
from xray3d.files import extension, refuse_existing

SIGMA_ARRAY, EXIT_ARRAY = "sigma_mm", "exit"
"""Names of the points' values in files and model nodes: the uncertainty, and 0 for entry, 1 for exit points."""

UNSURE_MM = 6.0
"""The uncertainty that gets the last colour."""

# Files are in LPS, as Slicer writes models, and say so in the words that Slicer reads.
_TO_LPS = np.array([-1.0, -1.0, 1.0])
_SPACE = "SPACE"
# From sure to unsure, so that people who cannot tell red from green see it too.
_COLORS = np.array([[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]])


@dataclass(frozen=True, eq=False)
class PointCloud:
    """Points where rays of X-rays enter and leave bone.

    Attributes:
        points_ras: (n, 3) mm, in the CT's frame.
        sigma_mm: (n,) standard error of each coordinate.
        is_exit: (n,) bool: whether a ray leaves bone there, else it enters.
        name: what messages and nodes call it.

    Raises:
        VolumeError: no points, arrays that do not fit together, or numbers that are not finite.
    """

    points_ras: NDArray[np.float32]
    sigma_mm: NDArray[np.float32]
    is_exit: NDArray[np.bool_]
    name: str = "Partial point cloud"

    def __post_init__(self) -> None:
        points, sigma = np.asarray(self.points_ras, np.float32), np.asarray(self.sigma_mm, np.float32)
        is_exit = np.asarray(self.is_exit, bool)
        if points.ndim != 2 or points.shape[1] != 3 or sigma.shape != points.shape[:1] or is_exit.shape != sigma.shape:
            raise VolumeError(f"{self.name} must have three coordinates, a sigma and a kind for each point.")
        if not len(points):
            raise VolumeError(f"{self.name} has no points; the X-rays show no bone that the model knows.")
        if not (np.isfinite(points).all() and np.isfinite(sigma).all()):
            raise VolumeError(f"{self.name} has numbers that are not finite; leave these points out.")
        for field, value in (("points_ras", points), ("sigma_mm", sigma), ("is_exit", is_exit)):
            object.__setattr__(self, field, value)

    @property
    def colors(self) -> NDArray[np.uint8]:
        """(n, 3) RGB by uncertainty: violet at 0, over green to yellow at 6 mm and more."""
        position = np.clip(self.sigma_mm / UNSURE_MM, 0, 1) * (len(_COLORS) - 1)
        channels = [np.interp(position, np.arange(len(_COLORS)), channel) for channel in _COLORS.T]
        return np.round(np.stack(channels, axis=1)).astype(np.uint8)


def save_point_cloud(cloud: PointCloud, path: str | Path, overwrite: bool = False) -> None:
    """Write the points in LPS, with their uncertainty, kind and, in a PLY, colour; the header says LPS.

    Args:
        path: a .ply or .vtp file.

    Raises:
        OutputExistsError: the file exists and is not to be overwritten.
        VolumeError: another extension, or a folder that cannot be written to.
    """
    path = Path(path)
    writers = {".ply": _ply, ".vtp": _vtp}
    if extension(path) not in writers:
        raise VolumeError(f"{path} cannot be written as points; choose {' or '.join(writers)}.")
    refuse_existing(path, overwrite=overwrite)
    try:
        path.write_bytes(writers[extension(path)](cloud))
    except OSError as failure:
        raise VolumeError(f"{path} cannot be written; check that its folder exists and has room.") from failure


def point_polydata(cloud: PointCloud) -> Any:
    """VTK polydata in RAS: the points, one vertex each, with `SIGMA_ARRAY`, the active scalars, and `EXIT_ARRAY`."""
    return _polydata(cloud, cloud.points_ras)


def _ply(cloud: PointCloud) -> bytes:
    columns = [
        *((axis, "<f4", "float", cloud.points_ras[:, n] * _TO_LPS[n]) for n, axis in enumerate("xyz")),
        *((name, "u1", "uchar", cloud.colors[:, n]) for n, name in enumerate(("red", "green", "blue"))),
        (SIGMA_ARRAY, "<f4", "float", cloud.sigma_mm),
        (EXIT_ARRAY, "u1", "uchar", cloud.is_exit),
    ]
    vertices = np.zeros(len(cloud.sigma_mm), [(name, numpy_type) for name, numpy_type, _, _ in columns])
    for name, _, _, values in columns:
        vertices[name] = values
    header = [
        "ply",
        "format binary_little_endian 1.0",
        f"comment {_SPACE}=LPS, mm",
        f"element vertex {len(vertices)}",
        *(f"property {ply_type} {name}" for name, _, ply_type, _ in columns),
        "end_header",
    ]
    return ("\n".join(header) + "\n").encode() + vertices.tobytes()


def _vtp(cloud: PointCloud) -> bytes:
    from vtkmodules.vtkCommonCore import vtkStringArray  # deferred, here and below: VTK is slow to import
    from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter

    polydata, space, writer = _polydata(cloud, cloud.points_ras * _TO_LPS), vtkStringArray(), vtkXMLPolyDataWriter()
    space.SetName(_SPACE)
    space.InsertNextValue("LPS")
    polydata.GetFieldData().AddArray(space)
    writer.SetInputData(polydata)
    writer.WriteToOutputStringOn()
    writer.Write()
    return writer.GetOutputString().encode()


def _polydata(cloud: PointCloud, points: NDArray) -> Any:
    from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

    places, vertices, polydata = vtkPoints(), vtkCellArray(), vtkPolyData()
    places.SetData(numpy_to_vtk(points.astype(np.float32), deep=True))
    vertices.SetData(1, numpy_to_vtkIdTypeArray(np.arange(len(points)), deep=True))
    polydata.SetPoints(places)
    polydata.SetVerts(vertices)
    for name, values in ((EXIT_ARRAY, cloud.is_exit.astype(np.uint8)), (SIGMA_ARRAY, cloud.sigma_mm)):
        array = numpy_to_vtk(values, deep=True)
        array.SetName(name)
        polydata.GetPointData().AddArray(array)
    polydata.GetPointData().SetActiveScalars(SIGMA_ARRAY)
    return polydata
