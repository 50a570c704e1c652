"""X-rays in the scene: one-slice volumes that stand on their detector.

The node's IJKToRAS places the image on the detector; two attributes, the source to detector distance and the
principal point, place the source relative to it. So a rigid parent transform moves image and source together, and
scene files keep everything.
"""

from __future__ import annotations

from typing import Any

import slicer
import slicer.util
from numpy.typing import NDArray

from xray3d.errors import GeometryError, VolumeError
from xray3d.geometry import Projection, principal_point_px, projection_from_placement
from xray3d.geometry.poses import is_rigid
from xray3d.mrml.transforms import world_matrix
from xray3d.mrml.volumes import ijk_to_world, place, voxels_of
from xray3d.volumes import XRayImage
from xray3d.volumes.xray_files import PRINCIPAL_POINT_ATTRIBUTE, SDD_ATTRIBUTE


def xray_to_node(xray: XRayImage, node: Any = None, name: str = "X-ray") -> Any:
    """Show an X-ray in the scene; returns its scalar volume node.

    Args:
        xray: the image and its geometry in RAS.
        node: the node to update in place, which keeps its name, display and parent transforms; None for a new one.
        name: of a new node.

    Raises:
        GeometryError: the node to update is under a transform that is not rigid.
    """
    if node is None:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    _require_rigid_parents(node)
    column, row = principal_point_px(xray.projection)
    modifying = node.StartModify()
    try:
        place(node, xray.projection.image_to_ras)
        node.SetAttribute(SDD_ATTRIBUTE, repr(xray.projection.sdd_mm))
        node.SetAttribute(PRINCIPAL_POINT_ATTRIBUTE, f"{column!r} {row!r}")
        slicer.util.updateVolumeFromArray(node, xray.pixels[None])
    finally:
        node.EndModify(modifying)
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    return node


def xray_from_node(node: Any) -> XRayImage:
    """The X-ray of a scalar volume node, where its rigid parent transforms put it.

    Raises:
        VolumeError: no node, no volume, not one slice, or NaN pixels.
        GeometryError: as `projection_from_node`.
    """
    projection = projection_from_node(node)
    return XRayImage(pixels_of(node).astype("float32"), projection, node.GetName())


def pixels_of(node: Any) -> NDArray:
    """The pixels (rows, cols) of an X-ray, also without geometry: a view of the node's memory, not to be written to.

    Raises:
        VolumeError: no node, no volume, or not one slice.
    """
    voxels = voxels_of(node, "X-ray")
    if len(voxels) != 1:
        raise VolumeError(f"{node.GetName()} has {len(voxels)} slices; an X-ray has one: choose an X-ray, not a CT.")
    return voxels[0]


def projection_from_node(node: Any) -> Projection:
    """The geometry of an X-ray's node, parent transforms included.

    Raises:
        VolumeError: no node, no volume, or not one slice.
        GeometryError: the node lacks our attributes or has unreadable ones, is mirrored, or is under a transform that
            is not rigid.
    """
    rows, columns = pixels_of(node).shape
    sdd_mm, principal_point = _attributes(node)
    _require_rigid_parents(node)
    try:
        return projection_from_placement(ijk_to_world(node), sdd_mm, principal_point, (rows, columns))
    except GeometryError as wrong:
        raise GeometryError(f"{node.GetName()}: {wrong}") from wrong


def _attributes(node: Any) -> tuple[float, tuple[float, float]]:
    sdd, principal_point = node.GetAttribute(SDD_ATTRIBUTE), node.GetAttribute(PRINCIPAL_POINT_ATTRIBUTE)
    if sdd is None or principal_point is None:
        raise GeometryError(
            f"{node.GetName()} has no X-ray geometry: it lacks the attributes {SDD_ATTRIBUTE} and "
            f"{PRINCIPAL_POINT_ATTRIBUTE}; simulate it again, or load it with its JSON or DICOM header."
        )
    try:
        column, row = (float(number) for number in principal_point.split())
        return float(sdd), (column, row)
    except ValueError as failure:
        raise GeometryError(
            f"{node.GetName()}: its attributes {SDD_ATTRIBUTE} and {PRINCIPAL_POINT_ATTRIBUTE} must be one number and "
            f"two, not {sdd!r} and {principal_point!r}; simulate or load it again."
        ) from failure


def _require_rigid_parents(node: Any) -> None:
    if not is_rigid(world_matrix(node)):
        raise GeometryError(
            f"{node.GetName()} is under transforms that scale, shear or mirror; only a rigid transform moves an X-ray "
            "and its source together: take it out of them."
        )
