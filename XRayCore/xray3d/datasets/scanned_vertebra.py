"""Vertebrae of real people, as surfaces, made into signed distances that can be given other sizes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, map_coordinates

from xray3d.datasets.morphometry import VertebraShape
from xray3d.datasets.shapes import Distance, Points, column_vector
from xray3d.datasets.vertebra_frame import GRID_AXES, GRID_MM, upright_vertebra
from xray3d.drr.surfaces import polydata, read_surface
from xray3d.errors import MeshError
from xray3d.volumes.labels import LabelVolume

_VOXEL_MM, _MARGIN_VOXELS = 0.5, 6
_BONE = 1
# Rims of end plates stand out from what is measured of a body's width, depth and height, by so much of each.
_RIMS = np.array([1.06, 1.12, 1.10])


@dataclass(frozen=True, eq=False)
class ScannedVertebra:
    """One vertebra in its own frame: x to the right, y to the front, z to the head, origin in the middle of the body.

    Attributes:
        name: of it.
        signed_mm: (X, Y, Z) distances to its surface on `GRID_AXES`, negative inside.
        size_mm: (3,) width, depth and height of its body.
    """

    name: str
    signed_mm: NDArray[np.float32]
    size_mm: NDArray[np.float64]

    @classmethod
    def of_surface(cls, vertices_ras: NDArray[np.float64], triangles: NDArray[np.int64], name: str) -> ScannedVertebra:
        """From a closed surface.

        Args:
            vertices_ras: (n, 3) mm, in any position but along RAS to within some 60 degrees.
            triangles: (m, 3).

        Raises:
            VolumeError: it is no whole vertebra.
        """
        labels = _voxels(vertices_ras, triangles, name)
        upright = upright_vertebra(labels, _BONE)
        inside = labels.labels == _BONE
        # Voxels' centres are half a voxel from the surface where it passes between two.
        signed = distance_transform_edt(~inside) - distance_transform_edt(inside)
        signed = (signed - np.sign(signed) / 2) * _VOXEL_MM
        grid = np.stack(np.meshgrid(*GRID_AXES, indexing="ij"), axis=-1)
        kji = labels.to_ijk(grid @ upright.to_ras[:3, :3].T + upright.to_ras[:3, 3])[..., ::-1]
        on_axes = map_coordinates(signed.astype(np.float32), np.moveaxis(kji, -1, 0), order=1, mode="nearest")
        return cls(name, on_axes, _body_size_mm(upright.coverage > 0.5))

    @classmethod
    def read(cls, path: str | Path) -> ScannedVertebra:
        """From a file with a closed surface in RAS; MeshError or VolumeError where it is none of a vertebra."""
        return cls.of_surface(*read_surface(path), Path(path).stem)

    def distance(self, points: Points, shape: VertebraShape) -> Distance:
        """Signed distance (mm) at points (3, ...) of the frame, of this vertebra with a body of that size.

        Where the directions are stretched unequally it is only as exact as these are alike.
        """
        stretch = np.array([shape.width_mm, shape.depth_mm, shape.height_mm]) / self.size_mm
        own = points / column_vector(stretch, points)
        where = (own - column_vector([axis[0] for axis in GRID_AXES], points)) / np.float32(GRID_MM)
        last = column_vector(np.array(self.signed_mm.shape) - 1, points)
        inside = np.clip(where, 0, last)
        # Beyond the grid, as far again as the grid's edge is away.
        beyond = np.float32(GRID_MM) * np.linalg.norm(where - inside, axis=0)
        return (map_coordinates(self.signed_mm, inside, order=1) + beyond) * np.float32(np.cbrt(stretch.prod()))


def _voxels(vertices: NDArray[np.float64], triangles: NDArray[np.int64], name: str) -> LabelVolume:
    from vtkmodules.util.numpy_support import vtk_to_numpy  # deferred: VTK is slow to import
    from vtkmodules.vtkImagingStencil import vtkImageStencilToImage, vtkPolyDataToImageStencil

    if not len(triangles):
        raise MeshError(f"{name} has no triangles; use a closed surface.")
    low = vertices.min(axis=0) - _MARGIN_VOXELS * _VOXEL_MM
    size = np.ceil((vertices.max(axis=0) - low) / _VOXEL_MM).astype(int) + _MARGIN_VOXELS
    stencil, filled = vtkPolyDataToImageStencil(), vtkImageStencilToImage()
    stencil.SetInputData(polydata(vertices, triangles))
    stencil.SetOutputOrigin(*low)
    stencil.SetOutputSpacing(*[_VOXEL_MM] * 3)
    stencil.SetOutputWholeExtent(0, size[0] - 1, 0, size[1] - 1, 0, size[2] - 1)
    filled.SetInputConnection(stencil.GetOutputPort())
    filled.SetInsideValue(_BONE)
    filled.SetOutsideValue(0)
    filled.SetOutputScalarTypeToUnsignedChar()
    filled.Update()
    voxels = vtk_to_numpy(filled.GetOutput().GetPointData().GetScalars()).reshape(size[::-1])
    to_ras = np.diag([_VOXEL_MM] * 3 + [1.0])
    to_ras[:3, 3] = low
    return LabelVolume(voxels.copy(), to_ras, name)


def _body_size_mm(bone: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Width, depth and height (3,) of the body of a vertebra (X, Y, Z) on `GRID_AXES`.

    As `VertebraShape` has them: width and depth are those of the end plates, height that of the middle.
    """
    x, y, z = GRID_AXES
    ahead = np.abs(y) < 5.0
    column = bone[np.abs(x) < 5.0][:, ahead]
    height = float(column.sum(axis=2).mean()) * GRID_MM
    near_plates = (np.abs(z) > 0.2 * height) & (np.abs(z) < 0.45 * height)
    width = float(bone[:, ahead][:, :, near_plates].sum(axis=0).max(axis=0).mean()) * GRID_MM
    # The canal ends the body to the back.
    lines = bone[np.abs(x) < 5.0][:, :, near_plates]
    middle = int(np.abs(y).argmin())
    front = np.argmin(np.concatenate([lines[:, middle:], np.zeros_like(lines[:, :1])], axis=1), axis=1)
    back = np.argmin(np.concatenate([lines[:, middle::-1], np.zeros_like(lines[:, :1])], axis=1), axis=1)
    return np.array([width, float(np.mean(front + back - 1)) * GRID_MM, height]) * _RIMS
