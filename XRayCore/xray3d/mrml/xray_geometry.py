"""The geometry of an X-ray that is in the scene already, from a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from xray3d.errors import GeometryError, XRay3DError
from xray3d.files import extension
from xray3d.geometry import Projection, load_geometry, principal_point_px
from xray3d.geometry.geometry_file import P_MATRIX_EXTENSIONS
from xray3d.mrml.frustum import IMAGE_ROLE, show_frustum
from xray3d.mrml.registration import START_ATTRIBUTE
from xray3d.mrml.volumes import place
from xray3d.mrml.xrays import pixels_of, projection_from_node
from xray3d.volumes.xray_files import PRINCIPAL_POINT_ATTRIBUTE, SDD_ATTRIBUTE

GEOMETRY_EXTENSIONS = (".json", *P_MATRIX_EXTENSIONS)


class GeometryChange:
    """What `give_geometry` did.

    Attributes:
        node: the X-ray.
    """

    def __init__(self, node: Any) -> None:
        self.node = node
        self._placement = vtkMatrix4x4()
        node.GetIJKToRASMatrix(self._placement)
        names = (SDD_ATTRIBUTE, PRINCIPAL_POINT_ATTRIBUTE, START_ATTRIBUTE)
        self._attributes = {name: node.GetAttribute(name) for name in names}

    def undo(self) -> None:
        """Give the X-ray back the geometry that it had, or none; nothing where it was deleted since."""
        if not slicer.mrmlScene.IsNodePresent(self.node):
            return
        self.node.SetIJKToRASMatrix(self._placement)
        for name, value in self._attributes.items():
            self.node.SetAttribute(name, value)
        _update_pictures(self.node)


def geometry_for_node(node: Any, path: str | Path) -> Projection:
    """The geometry in a JSON or P-matrix file, for the image of a volume node.

    The node's size and pixel spacing complete a P-matrix that comes without them.

    Raises:
        VolumeError: no node, no volume, or not one slice.
        GeometryError: a file of another kind, one that cannot be read, or one for an image of another size.
    """
    path = Path(path)
    rows, cols = pixels_of(node).shape
    if extension(path) not in GEOMETRY_EXTENSIONS:
        raise GeometryError(
            f"{path} is no geometry file (XRay3D's JSON, or a P-matrix as {', '.join(P_MATRIX_EXTENSIONS)}); an image "
            "that has its geometry with it, such as DICOM, is to be loaded as an X-ray."
        )
    col_mm, row_mm = node.GetSpacing()[:2]
    projection = load_geometry(path, size_px=(rows, cols), pixel_mm=(row_mm, col_mm))
    if projection.size_px != (rows, cols):
        raise GeometryError(
            f"{path} is for an image of {projection.size_px[0]}×{projection.size_px[1]} pixels, but {node.GetName()} "
            f"has {rows}×{cols}; choose the geometry of this image."
        )
    return projection


def give_geometry(node: Any, projection: Projection) -> GeometryChange:
    """Put an image of the scene on its receptor, with its source, whatever geometry it had; its pixels stay.

    Args:
        node: one-slice volume node of the projection's size.
        projection: in RAS; parent transforms of the node stay, and are taken into account.

    Raises:
        GeometryError: a parent transform that is not rigid; nothing has changed then.
    """
    change = GeometryChange(node)
    column, row = principal_point_px(projection)
    try:
        place(node, projection.image_to_ras)
        node.SetAttribute(SDD_ATTRIBUTE, repr(projection.sdd_mm))
        node.SetAttribute(PRINCIPAL_POINT_ATTRIBUTE, f"{column!r} {row!r}")
        node.SetAttribute(START_ATTRIBUTE, None)
        projection_from_node(node)
    except XRay3DError:
        change.undo()
        raise
    _update_pictures(node)
    return change


def _update_pictures(node: Any) -> None:
    """Have what shows an X-ray in 3D, if anything does, show it where it is now."""
    shown = node.GetNodeReference(IMAGE_ROLE) is not None
    if shown and node.GetAttribute(SDD_ATTRIBUTE) is not None:
        show_frustum(node)
