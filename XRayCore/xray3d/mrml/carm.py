"""The C-arm in the 3D view: source, detector, the C between them and the central ray."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkFiltersSources import vtkSphereSource

from xray3d.geometry import Projection, principal_point_px
from xray3d.mrml.frustum import show_frustum
from xray3d.mrml.models import show_polydata
from xray3d.mrml.polydata import Color, appended, lines, painted, path, surface, tubes, with_normals

__all__ = ["carm_surfaces", "show_carm", "show_frustum"]

_C_COLOR: Color = (0.75, 0.78, 0.82)
_DETECTOR_COLOR: Color = (0.35, 0.42, 0.52)
_SOURCE_COLOR: Color = (0.95, 0.75, 0.20)
_RAY_COLOR: Color = (0.95, 0.35, 0.25)

_SOURCE_RADIUS_MM = 30.0
_ISOCENTER_RADIUS_MM = 6.0
_RAY_RADIUS_MM = 1.5
_C_RADIUS_MM = 18.0
# Behind the image, so that the housing never hides it.
_HOUSING_DEPTH_MM = (4.0, 60.0)

_BOX_TRIANGLES = np.array(
    [[0, 2, 1], [1, 2, 3], [4, 5, 6], [5, 7, 6], [0, 1, 4], [1, 5, 4], [2, 6, 3], [3, 6, 7], [0, 4, 2], [2, 4, 6]]
    + [[1, 3, 5], [3, 7, 5]]
)
"""Of a box whose corner number has, in its bits, column (1), row (2) and depth (4)."""


def carm_surfaces(projection: Projection, isocenter_ras: ArrayLike) -> vtkPolyData:
    """The C-arm of a projection as one coloured surface in RAS, mm.

    Source and isocentre are spheres, the detector is a box behind the image, the central ray a thin tube. The C is half
    a circle over source and detector; the machine itself may hold them from another side.

    Args:
        isocenter_ras: (3,) mm.
    """
    principal = np.array([*principal_point_px(projection), 0.0, 1.0])
    detector = (projection.image_to_ras @ principal)[:3]
    behind = detector + _HOUSING_DEPTH_MM[1] / 2 * projection.viewing_direction_ras
    central_ray = lines([[projection.source_ras, detector]])
    return appended(
        [
            painted(_sphere(projection.source_ras, _SOURCE_RADIUS_MM), _SOURCE_COLOR),
            painted(_sphere(np.asarray(isocenter_ras, float), _ISOCENTER_RADIUS_MM), _RAY_COLOR),
            painted(_housing(projection), _DETECTOR_COLOR),
            painted(tubes(central_ray, _RAY_RADIUS_MM), _RAY_COLOR),
            painted(tubes(path(_half_circle(projection, behind)), _C_RADIUS_MM), _C_COLOR),
        ]
    )


def show_carm(projection: Projection, isocenter_ras: ArrayLike, node: Any = None) -> Any:
    """Show the C-arm in the scene; returns its model node.

    Args:
        isocenter_ras: (3,) mm.
        node: the model node to update in place; None for a new one.
    """
    return show_polydata(carm_surfaces(projection, isocenter_ras), "C-arm", node)


def _sphere(center_ras: NDArray[np.float64], radius_mm: float) -> vtkPolyData:
    sphere = vtkSphereSource()
    sphere.SetCenter(*center_ras)
    sphere.SetRadius(radius_mm)
    sphere.SetThetaResolution(24)
    sphere.SetPhiResolution(16)
    sphere.Update()
    return sphere.GetOutput()


def _housing(projection: Projection) -> vtkPolyData:
    rows, cols = projection.size_px
    corners = [
        [column, row, depth, 1.0]
        for depth in _HOUSING_DEPTH_MM
        for row in (-0.5, rows - 0.5)
        for column in (-0.5, cols - 0.5)
    ]
    return with_normals(surface((corners @ projection.image_to_ras.T)[:, :3], _BOX_TRIANGLES))


def _half_circle(projection: Projection, end_ras: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 3) from the source to `end_ras`, bulging to the left of the image."""
    center, half = (end_ras + projection.source_ras) / 2, (end_ras - projection.source_ras) / 2
    outwards = -projection.extrinsic[0, :3] * np.linalg.norm(half)
    angles = np.linspace(0, np.pi, 49)[:, None]
    return center - np.cos(angles) * half + np.sin(angles) * outwards
