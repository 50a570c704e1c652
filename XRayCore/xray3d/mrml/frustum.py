"""An X-ray in the 3D view: the image on its detector, and the frustum of its rays.

The models hang on the X-ray's node by node references and are under the same parent transform, so that they are found
again in a loaded scene and move when the X-ray is registered. MRML does not save the connection of a texture; call
`reconnect_images` after a scene was loaded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer.util
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkPolyData

from xray3d.geometry import Projection
from xray3d.mrml.models import show_polydata
from xray3d.mrml.polydata import Color, lines, surface, tubes
from xray3d.mrml.transforms import world_matrix
from xray3d.mrml.xrays import projection_from_node

IMAGE_ROLE = "XRay3D.DetectorImage"
"""Node reference from an X-ray to the model that shows it on its detector."""

FRUSTUM_ROLE = "XRay3D.Frustum"
"""Node reference from an X-ray to the model of its frustum."""

FRUSTUM_COLOR: Color = (0.95, 0.75, 0.20)
_EDGE_RADIUS_MM = 1.0


def show_frustum(xray_node: Any) -> list[Any]:
    """Show an X-ray in 3D; returns the model nodes of the image and of the frustum, updated where they exist.

    Raises:
        VolumeError, GeometryError: as `projection_from_node`.
    """
    projection = projection_from_node(xray_node)
    # The models get the X-ray's own parent transform, so their points are in the coordinates below it.
    local = projection.moved(np.linalg.inv(world_matrix(xray_node)))
    return [
        _show(xray_node, IMAGE_ROLE, "image", _image_plane(local), (1.0, 1.0, 1.0)),
        _show(xray_node, FRUSTUM_ROLE, "frustum", _frustum(local), FRUSTUM_COLOR),
    ]


def reconnect_images(scene: Any) -> None:
    """Put the X-rays of a loaded scene back on their detectors: textures are connections, which no file keeps."""
    for xray_node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode", scene):
        model = xray_node.GetNodeReference(IMAGE_ROLE)
        if model is not None:
            _connect(model, xray_node)


def _show(xray_node: Any, role: str, part: str, polydata: vtkPolyData, color: Color) -> Any:
    known = xray_node.GetNodeReference(role)
    model = show_polydata(polydata, f"{xray_node.GetName()} {part}", known, color)
    model.SetAndObserveTransformNodeID(xray_node.GetTransformNodeID())
    if known is None:
        xray_node.SetNodeReferenceID(role, model.GetID())
        model.SetSelectable(False)  # a click in the 3D view shall find the anatomy
    if role == IMAGE_ROLE:
        _connect(model, xray_node)
    return model


def _connect(model: Any, xray_node: Any) -> None:
    """The model shows what the slice views show: the X-ray's display, with its window, level and colours."""
    for node in (model, xray_node):
        if node.GetDisplayNode() is None:
            node.CreateDefaultDisplayNodes()
    display = model.GetDisplayNode()
    display.SetBackfaceCulling(False)
    display.SetAmbient(1.0)
    display.SetDiffuse(0.0)
    display.SetSpecular(0.0)
    display.SetInterpolateTexture(True)
    display.SetTextureImageDataConnection(xray_node.GetDisplayNode().GetImageDataConnection())


def _image_plane(projection: Projection) -> vtkPolyData:
    """The detector as two triangles, with the texture coordinates of its corners."""
    polydata = surface(_corners(projection), [[0, 1, 3], [0, 3, 2]])
    coordinates = numpy_to_vtk(np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32), deep=True)
    coordinates.SetName("TextureCoordinates")
    polydata.GetPointData().SetTCoords(coordinates)
    return polydata


def _frustum(projection: Projection) -> vtkPolyData:
    first, second, third, fourth = _corners(projection)
    outline = [[first, second], [second, fourth], [fourth, third], [third, first]]
    rays = [[projection.source_ras, corner] for corner in (first, second, third, fourth)]
    return tubes(lines(outline + rays), _EDGE_RADIUS_MM, sides=6)


def _corners(projection: Projection) -> np.ndarray:
    """The detector's corners (4, 3): outer edges of the corner pixels, columns first."""
    rows, cols = projection.size_px
    corners = [[column, row, 0.0, 1.0] for row in (-0.5, rows - 0.5) for column in (-0.5, cols - 0.5)]
    return (corners @ projection.image_to_ras.T)[:, :3]
