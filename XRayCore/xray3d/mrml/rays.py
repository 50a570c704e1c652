"""Rays through landmarks: from the source, through the anatomy, to where the detector shows it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xray3d.errors import GeometryError
from xray3d.mrml.models import show_polydata
from xray3d.mrml.polydata import Color, lines, tubes
from xray3d.mrml.xrays import projection_from_node

RAY_COLOR: Color = (0.95, 0.35, 0.25)
_RADIUS_MM = 1.2


def show_rays(xray_node: Any, points_ras: ArrayLike, node: Any = None, color: Color = RAY_COLOR) -> Any:
    """Show the rays of an X-ray through points (n, 3) in RAS mm; returns their model node.

    Args:
        node: the model node to update in place; None for a new one.

    Raises:
        VolumeError, GeometryError: as `projection_from_node`, or a point that is not in front of the source.
    """
    projection = projection_from_node(xray_node)
    pixels = projection.project(np.reshape(points_ras, (-1, 3)))
    if np.isnan(pixels).any():
        raise GeometryError(f"A point lies behind the source of {xray_node.GetName()}; choose points in its field.")
    ends = projection.unproject(pixels, np.full(len(pixels), projection.sdd_mm))
    rays = [[projection.source_ras, end] for end in ends]
    return show_polydata(tubes(lines(rays), _RADIUS_MM), f"{xray_node.GetName()} rays", node, color)
