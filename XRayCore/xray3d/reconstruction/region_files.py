"""Where a vertebra is, from files: what Slicer saves of points and boxes, and JSON.

The JSON has one of the fields "middle_ras", [x, y, z], the middle of the vertebral body; "box_ras", the lowest and the
highest corner of a box about the vertebra; "frame_to_ras", 4×4, its frame, see `frame_of`; and "middle_px", [column,
row] for each X-ray, where it shows the middle of the body, or null.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.geometry.markups import finite_numbers, holds_roi, is_markups, load_point_list, load_roi, read_json
from xray3d.geometry.rays import nearest_to_rays, rays_of
from xray3d.reconstruction.region import frame_of, frame_of_box

_FIELDS = ("middle_ras", "box_ras", "frame_to_ras")
_PIXELS = "middle_px"
# Rays that miss each other by more do not show the same point.
_MOST_APART_MM = 15.0
# Of views five degrees apart.
_LEAST_INFORMATION = 1 - np.cos(np.deg2rad(5.0))


def load_region(path: str | Path, projections: Sequence[Projection]) -> NDArray[np.float64]:
    """The frame (4, 4) of a vertebra, see `frame_of`.

    Args:
        path: a .mrk.json file with a box about the vertebra or with one point, the middle of its body, or such a .fcsv
            file, as Slicer saves them; or JSON as this module describes.
        projections: of the X-rays.

    Raises:
        GeometryError: one sentence that names the file.
    """
    path = Path(path)
    if is_markups(path):
        if holds_roi(path):
            return frame_of_box(load_roi(path)[0])
        points = load_point_list(path)
        if len(points.names) != 1:
            raise GeometryError(f"{path} has {len(points.names)} points; leave the middle of one vertebra.")
        return frame_of(points.points_ras[0])
    fields = read_json(path)
    given = [field for field in (*_FIELDS, _PIXELS) if isinstance(fields, dict) and field in fields]
    if len(given) != 1:
        raise GeometryError(f"{path} must hold one of the fields {', '.join(_FIELDS)} and {_PIXELS}.")
    try:
        if given[0] == _PIXELS:
            return frame_of(triangulated(projections, fields[_PIXELS]))
        return frame_of(fields[given[0]])
    except GeometryError as wrong:
        raise GeometryError(f"{path}: {wrong}") from wrong


def triangulated(projections: Sequence[Projection], pixels: Sequence[Any]) -> NDArray[np.float64]:
    """The point (3,) in RAS mm that is nearest to the rays to a pixel of each view.

    Args:
        pixels: for each view (column, row), or None where it does not show the point.

    Raises:
        GeometryError: another number of pixels than of views, fewer than two, views from one direction, or rays that
            miss each other.
    """
    if not isinstance(pixels, Sequence) or len(pixels) != len(projections):
        raise GeometryError(f"There must be a pixel, or null, for each of {len(projections)} X-rays.")
    shown = [number for number, pixel in enumerate(pixels) if pixel is not None]
    marked = [finite_numbers(pixels[number], 2) for number in shown]
    if any(pixel is None for pixel in marked):
        raise GeometryError("Each pixel must be [column, row], two finite numbers, or null.")
    if len(shown) < 2:
        raise GeometryError("Two X-rays must show the point; mark it on another one.")
    sources = np.stack([projections[number].source_ras for number in shown])
    rays = np.concatenate(
        [rays_of(projections[number], np.array([pixel])) for number, pixel in zip(shown, marked, strict=True)]
    )
    point, information = nearest_to_rays(sources, rays)
    if np.linalg.eigvalsh(information)[0] < _LEAST_INFORMATION:
        raise GeometryError("The X-rays that show the point are from one direction; mark it on one from another.")
    apart_mm = np.linalg.norm(np.cross(point - sources, rays), axis=1).max()
    if apart_mm > _MOST_APART_MM:
        raise GeometryError(
            f"The rays to the marked pixels miss each other by {apart_mm:.0f} mm: mark the same point on all X-rays, "
            "and check their geometry."
        )
    return point
