"""What a registration leaves out of an X-ray, and the bone that it looks at, from segmentations and label maps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import VolumeError
from xray3d.mrml.segmentations import mask_from_segment
from xray3d.mrml.volumes import ijk_to_world, voxels_of
from xray3d.mrml.xrays import projection_from_node
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
    if mask_node.IsA("vtkMRMLSegmentationNode"):
        covered = _covered_by_segments(mask_node, xray_node)
    else:
        covered = _covered_by_labels(mask_node, xray_node)
    name, xray_name = mask_node.GetName(), xray_node.GetName()
    if not covered.any():
        raise VolumeError(f"{name} covers nothing of {xray_name}; draw it on that X-ray, or choose no mask.")
    if covered.all():
        raise VolumeError(f"{name} covers all of {xray_name}, so nothing is left to register; make the mask smaller.")
    return covered


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
    covered = np.zeros(voxels_of(xray_node, "X-ray").shape[1:], bool)
    for segment_id in node.GetSegmentation().GetSegmentIDs():
        covered |= mask_from_segment(node, segment_id, xray_node)[0]
    return covered


def _covered_by_labels(node: Any, xray_node: Any) -> NDArray[np.bool_]:
    labels = voxels_of(node, "label map") != 0
    shape = voxels_of(xray_node, "X-ray").shape
    return labels_on_grid(labels, ijk_to_world(node), ijk_to_world(xray_node), shape)[0]
