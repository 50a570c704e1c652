"""CT volumes and label maps from volume nodes, and volume nodes from CT volumes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import slicer
import slicer.util
from numpy.typing import ArrayLike, NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from xray3d.errors import VolumeError
from xray3d.mrml.transforms import world_matrix
from xray3d.volumes import CTVolume, LabelVolume
from xray3d.volumes.hounsfield import check_hounsfield, cut_away_value, without_cut_away
from xray3d.volumes.xray_files import SDD_ATTRIBUTE


def ct_from_node(node: Any) -> CTVolume:
    """The CT of a scalar volume node, where its linear parent transforms put it.

    As with files, what a masked CT has cut away is taken as air, with a warning (`UserWarning`).

    Raises:
        VolumeError: no node, a node that is no scalar 3D volume (label map, colour or vector volume, X-ray, other),
            an empty one, or values that are not Hounsfield units.
        GeometryError: a parent transform that is not linear.
    """
    voxels = voxels_of(node, "CT")
    name = node.GetName()
    if node.IsA("vtkMRMLLabelMapVolumeNode"):
        raise VolumeError(f"{name} is a label map, not a CT; choose the CT that it belongs to.")
    if node.GetAttribute(SDD_ATTRIBUTE) is not None:
        raise VolumeError(f"{name} is an X-ray, not a CT; choose a CT volume.")
    ct = CTVolume(voxels.astype(np.float32), ijk_to_world(node), name)
    background = cut_away_value(ct.hu)
    if background is not None:
        warnings.warn(
            f"{name} is masked: what was cut away, set to {background:.3g} HU, is taken as air.", stacklevel=2
        )
        ct = CTVolume(without_cut_away(ct.hu, background), ct.ijk_to_ras, name)
    check_hounsfield(ct.hu, name)
    return ct


def labels_from_node(node: Any) -> LabelVolume:
    """The label map of a label map (or scalar) volume node, where its linear parent transforms put it.

    Raises:
        VolumeError: no node, no scalar 3D volume, an empty one, or voxels that are not whole numbers.
        GeometryError: a parent transform that is not linear.
    """
    voxels = voxels_of(node, "label map")
    return LabelVolume(voxels.copy(), ijk_to_world(node), node.GetName())


def ct_to_node(ct: CTVolume, name: str) -> Any:
    """A new scalar volume node of a CT, with its default display; whole numbers as 16 bit, which keeps scenes small."""
    whole = ct.hu.astype(np.int16)
    hu = whole if np.array_equal(whole, ct.hu) else ct.hu
    return slicer.util.addVolumeFromArray(hu, _vtk_matrix(ct.ijk_to_ras), name)


def voxels_of(node: Any, wanted: str) -> NDArray:
    """The voxels (K, J, I) of a scalar volume node: a view of the node's own memory, not to be written to.

    Args:
        wanted: what messages say should be chosen instead, such as "CT".

    Raises:
        VolumeError: no node, no volume, several values per voxel, or no voxels.
    """
    if node is None:
        raise VolumeError(f"No {wanted} is chosen; choose a {wanted} volume.")
    name = node.GetName()
    if not node.IsA("vtkMRMLScalarVolumeNode"):
        raise VolumeError(f"{name} is no volume but a {node.GetNodeTagName()}; choose a {wanted} volume.")
    image = node.GetImageData()
    if image is None or image.GetNumberOfPoints() == 0 or image.GetPointData().GetScalars() is None:
        raise VolumeError(f"{name} is empty: it has no voxels; load it again or choose another {wanted} volume.")
    if image.GetNumberOfScalarComponents() != 1 or node.IsA("vtkMRMLTensorVolumeNode"):
        raise VolumeError(
            f"{name} has {image.GetNumberOfScalarComponents()} values per voxel (colour, vector or time series); "
            f"choose a {wanted} with one value per voxel, or extract one component or frame of it."
        )
    scalars = vtk_to_numpy(image.GetPointData().GetScalars())
    return scalars.reshape(image.GetDimensions()[::-1])


def ijk_to_world(node: Any) -> NDArray[np.float64]:
    """IJKToRAS of a volume node with all its parent transforms, (4, 4); GeometryError where one is not linear."""
    own = vtkMatrix4x4()
    node.GetIJKToRASMatrix(own)
    return world_matrix(node) @ slicer.util.arrayFromVTKMatrix(own)


def place(node: Any, ijk_to_world: ArrayLike) -> None:
    """Give a volume node the IJKToRAS with which it lies, under its present parents, at `ijk_to_world` (4, 4)."""
    node.SetIJKToRASMatrix(_vtk_matrix(np.linalg.solve(world_matrix(node), np.asarray(ijk_to_world, float))))


def _vtk_matrix(matrix: ArrayLike) -> vtkMatrix4x4:
    return slicer.util.vtkMatrixFromArray(np.asarray(matrix, float))
