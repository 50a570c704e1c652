"""What is left out of an X-ray, painted anew or looked at, from segmentations, label maps and regions of interest."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer.util
from numpy.typing import NDArray

from xray3d.errors import VolumeError
from xray3d.mrml.segmentations import has_voxels, mask_from_segment
from xray3d.mrml.transforms import world_matrix
from xray3d.mrml.volumes import ijk_to_world, voxels_of
from xray3d.mrml.xrays import pixels_of, projection_from_node
from xray3d.volumes import LabelVolume
from xray3d.volumes.resampling import labels_on_grid


def mask_from_node(mask_node: Any, xray_node: Any) -> NDArray[np.bool_]:
    """What a segmentation or label map covers of an X-ray: (rows, cols), True where it does.

    All segments of a segmentation count. Both lie where their linear parent transforms put them.

    Raises:
        VolumeError: neither of the two, or it covers nothing or all of the X-ray.
        GeometryError: as `projection_from_node`, or a parent transform that is not linear.
    """
    projection_from_node(xray_node)
    covered = covered_pixels(mask_node, xray_node)
    name, xray_name = mask_node.GetName(), xray_node.GetName()
    if not covered.any():
        raise VolumeError(f"{name} covers nothing of {xray_name}; draw it on that X-ray, or choose no mask.")
    if covered.all():
        raise VolumeError(f"{name} covers all of {xray_name}, so nothing is left to register; make the mask smaller.")
    return covered


def implants_from_node(mask_node: Any, xray_node: Any) -> NDArray[np.bool_]:
    """Where a segmentation or label map says that there are implants on an X-ray: (rows, cols), nowhere if it is empty.

    Raises:
        VolumeError: neither of the two, or one that is drawn beside the X-ray or covers all of it.
        GeometryError: a parent transform that is not linear.
    """
    covered = covered_pixels(mask_node, xray_node)
    name, xray_name = mask_node.GetName(), xray_node.GetName()
    if not covered.any() and not _is_empty(mask_node):
        raise VolumeError(
            f"{name} covers nothing of {xray_name}; it was drawn on something else: draw it on that X-ray."
        )
    if covered.all():
        raise VolumeError(f"{name} covers all of {xray_name}, so nothing is left to go on from; make it smaller.")
    return covered


def region_from_node(region_node: Any, xray_node: Any) -> NDArray[np.bool_]:
    """What of an X-ray lies in a region of interest, or in a segmentation or label map: (rows, cols).

    Raises:
        VolumeError: another node, or one that covers nothing of the X-ray.
        GeometryError: a parent transform that is not linear.
    """
    covered = covered_pixels(region_node, xray_node)
    if not covered.any():
        name, xray_name = region_node.GetName(), xray_node.GetName()
        raise VolumeError(f"{name} covers nothing of {xray_name}; draw it on that X-ray, or choose no region.")
    return covered


def covered_pixels(node: Any, xray_node: Any) -> NDArray[np.bool_]:
    """What a segmentation (all its segments), label map or region of interest covers of an X-ray: (rows, cols).

    Both lie where their linear parent transforms put them.

    Raises:
        VolumeError: a node of another kind, or an X-ray that is not one slice.
        GeometryError: a parent transform that is not linear.
    """
    pixels_of(xray_node)
    if node is not None and node.IsA("vtkMRMLSegmentationNode"):
        return _covered_by_segments(node, xray_node)
    if node is not None and node.IsA("vtkMRMLMarkupsROINode"):
        return _covered_by_box(node, xray_node)
    return _covered_by_labels(node, xray_node)


def region_from_segment(segmentation_node: Any, segment_id: str, ct_node: Any) -> LabelVolume:
    """A segment as a label map on the voxels of a CT: 1 inside, 0 outside.

    Raises:
        VolumeError: no such segment, or one without a voxel inside the CT.
        GeometryError: a parent transform that is not linear.
    """
    mask = mask_from_segment(segmentation_node, segment_id, ct_node)
    name = segmentation_node.GetSegmentation().GetSegment(segment_id).GetName()
    if not mask.any():
        raise VolumeError(f"The segment {name} has no voxel inside {ct_node.GetName()}; choose another segment.")
    return LabelVolume(mask.astype(np.uint8), ijk_to_world(ct_node), name)


def _covered_by_segments(node: Any, xray_node: Any) -> NDArray[np.bool_]:
    covered = np.zeros(pixels_of(xray_node).shape, bool)
    for segment_id in node.GetSegmentation().GetSegmentIDs():
        covered |= mask_from_segment(node, segment_id, xray_node)[0]
    return covered


def _covered_by_labels(node: Any, xray_node: Any) -> NDArray[np.bool_]:
    labels = voxels_of(node, "label map") != 0
    shape = voxels_of(xray_node, "X-ray").shape
    return labels_on_grid(labels, ijk_to_world(node), ijk_to_world(xray_node), shape)[0]


def _covered_by_box(node: Any, xray_node: Any) -> NDArray[np.bool_]:
    to_world = world_matrix(node) @ slicer.util.arrayFromVTKMatrix(node.GetObjectToNodeMatrix())
    rows, columns = np.indices(pixels_of(xray_node).shape)
    pixels = np.stack([columns, rows, np.zeros_like(rows), np.ones_like(rows)], axis=-1)
    in_box = pixels @ np.linalg.solve(to_world, ijk_to_world(xray_node)).T
    return (np.abs(in_box[..., :3]) <= np.divide(node.GetSize(), 2)).all(axis=-1)


def _is_empty(node: Any) -> bool:
    if node.IsA("vtkMRMLSegmentationNode"):
        return not has_voxels(node)
    return not voxels_of(node, "label map").any()
