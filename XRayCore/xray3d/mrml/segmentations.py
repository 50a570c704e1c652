"""Segments as masks on a CT's voxels, and masks as segmentations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import slicer
import slicer.util
from numpy.typing import NDArray
from slicer import vtkOrientedImageData, vtkSegmentation
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from xray3d.errors import VolumeError
from xray3d.mrml.polydata import Color
from xray3d.mrml.transforms import world_matrix
from xray3d.mrml.volumes import ijk_to_world, voxels_of
from xray3d.volumes.resampling import labels_on_grid

_BINARY_LABELMAP = "Binary labelmap"


def mask_from_segment(segmentation_node: Any, segment_id: str, reference_ct_node: Any) -> NDArray[np.bool_]:
    """A segment as a mask (K, J, I) on the voxels of a CT node, each wherever its linear parent transforms put it.

    A segment that exists only as a surface is filled with voxels on the way; the node stays as it is.

    Raises:
        VolumeError: no segmentation or no CT, no such segment, or one that cannot be turned into voxels.
        GeometryError: a parent transform that is not linear.
    """
    shape = voxels_of(reference_ct_node, "CT").shape
    labelmap, label = _labelmap(segmentation_node, segment_id, reference_ct_node)
    voxels, to_segmentation = _voxels_and_placement(labelmap)
    segment_to_world = world_matrix(segmentation_node) @ to_segmentation
    return labels_on_grid(voxels == label, segment_to_world, ijk_to_world(reference_ct_node), shape)


def add_segmentation(labels: NDArray, ct_node: Any, names: Mapping[int, str], name: str = "Segmentation") -> Any:
    """A new segmentation node on the voxels of a CT node, under the same transform.

    Args:
        labels: (K, J, I) of whole numbers or bool (then its only label is 1), 0 the background.
        names: of the segments, by label; labels that are not named are left out.

    Raises:
        VolumeError: no CT, or labels of another size.
    """
    shape = voxels_of(ct_node, "CT").shape
    if labels.shape != shape:
        raise VolumeError(f"The labels have {labels.shape} voxels (k, j, i), but {ct_node.GetName()} has {shape}.")
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    lay_on(node, ct_node)
    for label, segment_name in names.items():
        node.AddSegmentFromBinaryLabelmapRepresentation(
            _oriented_image(labels == label, _ijk_to_ras(ct_node)), segment_name
        )
    return node


def lay_on(node: Any, volume_node: Any) -> None:
    """Put a segmentation under the transform of a volume, to be drawn and saved on the voxels of that."""
    # In this order: the reference is taken relative to the transform, and files are written on its voxels.
    node.SetAndObserveTransformNodeID(volume_node.GetTransformNodeID())
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)


def put_segment(
    node: Any, segment_id: str, mask: NDArray[np.bool_], volume_node: Any, name: str = "", color: Color | None = None
) -> None:
    """Make a mask a segment of a segmentation that lies on a volume; one of this ID keeps its name and colour.

    Args:
        segment_id: of the segment.
        mask: (K, J, I) on the volume's voxels.
        name, color: of a new segment.
    """
    put_segment_on_grid(node, segment_id, mask, _ijk_to_ras(volume_node), name, color)


def put_segment_on_grid(
    node: Any,
    segment_id: str,
    mask: NDArray[np.bool_],
    ijk_to_node: NDArray[np.float64],
    name: str = "",
    color: Color | None = None,
) -> None:
    """`put_segment` of a mask (K, J, I) on a grid of its own, which `ijk_to_node` (4, 4) takes to the node's mm."""
    segmentation = node.GetSegmentation()
    known = segmentation.GetSegment(segment_id)
    if known is not None:
        name, color = known.GetName(), known.GetColor()
        segmentation.RemoveSegment(segment_id)
    image = _oriented_image(mask, ijk_to_node)
    node.AddSegmentFromBinaryLabelmapRepresentation(image, name, color, segment_id)


def has_voxels(node: Any) -> bool:
    """Whether a segmentation has a segment with a voxel, or with a point of its surface."""
    segmentation = node.GetSegmentation()
    segments = [segmentation.GetSegment(segment_id) for segment_id in segmentation.GetSegmentIDs()]
    for segment in segments:
        labelmap = segment.GetRepresentation(_BINARY_LABELMAP)
        if labelmap is None:
            surface = segment.GetRepresentation("Closed surface")
            if surface is not None and surface.GetNumberOfPoints():
                return True
        elif (_voxels_and_placement(labelmap)[0] == segment.GetLabelValue()).any():
            return True
    return False


def _labelmap(node: Any, segment_id: str, reference_ct_node: Any) -> tuple[vtkOrientedImageData, int]:
    if node is None or not node.IsA("vtkMRMLSegmentationNode"):
        raise VolumeError("No segmentation is chosen; choose a segmentation and one of its segments.")
    if node.GetSegmentation().GetSegment(segment_id) is None:
        raise VolumeError(f"{node.GetName()} has no segment {segment_id!r}; choose one of its segments.")
    segmentation = node.GetSegmentation()
    if not segmentation.ContainsRepresentation(_BINARY_LABELMAP):
        segmentation = _voxelised_copy(segmentation, node, reference_ct_node)
    segment = segmentation.GetSegment(segment_id)
    return segment.GetRepresentation(_BINARY_LABELMAP), segment.GetLabelValue()


def _voxelised_copy(segmentation: Any, node: Any, reference_ct_node: Any) -> vtkSegmentation:
    copy = vtkSegmentation()
    copy.DeepCopy(segmentation)
    to_segmentation = np.linalg.solve(world_matrix(node), ijk_to_world(reference_ct_node))
    extent = [0, 0, 0, 0, 0, 0]
    extent[1::2] = [size - 1 for size in reference_ct_node.GetImageData().GetDimensions()]
    geometry = slicer.vtkSegmentationConverter.SerializeImageGeometry(
        slicer.util.vtkMatrixFromArray(to_segmentation), extent
    )
    copy.SetConversionParameter(slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName(), geometry)
    if not copy.CreateRepresentation(_BINARY_LABELMAP):
        raise VolumeError(f"{node.GetName()} cannot be turned into voxels; create its binary labelmap first.")
    return copy


def _voxels_and_placement(labelmap: vtkOrientedImageData) -> tuple[NDArray, NDArray[np.float64]]:
    """Voxels (K, J, I) of a labelmap and the matrix (4, 4) from their indices, counted from 0, to its coordinates."""
    matrix = vtkMatrix4x4()
    labelmap.GetImageToWorldMatrix(matrix)
    placement = slicer.util.arrayFromVTKMatrix(matrix)
    first = labelmap.GetExtent()[::2]
    placement[:3, 3] += placement[:3, :3] @ first
    scalars = labelmap.GetPointData().GetScalars()
    if labelmap.IsEmpty() or scalars is None:
        return np.empty((0, 0, 0), np.uint8), placement
    return vtk_to_numpy(scalars).reshape(labelmap.GetDimensions()[::-1]), placement


def _ijk_to_ras(volume_node: Any) -> NDArray[np.float64]:
    """Of a volume node, below its parents, (4, 4)."""
    to_ras = vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(to_ras)
    return slicer.util.arrayFromVTKMatrix(to_ras)


def _oriented_image(mask: NDArray[np.bool_], ijk_to_node: NDArray[np.float64]) -> vtkOrientedImageData:
    image = vtkOrientedImageData()
    image.SetDimensions(mask.shape[::-1])
    image.SetImageToWorldMatrix(slicer.util.vtkMatrixFromArray(ijk_to_node))
    image.GetPointData().SetScalars(numpy_to_vtk(mask.ravel().astype(np.uint8), deep=True))
    return image
