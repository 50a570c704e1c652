"""Landmarks from files: pairs in JSON.

The JSON of pairs: {"points": [{"name": "L3 spinous process", "ras": [x, y, z], "pixels": [[column, row], null]}]},
with one entry of `pixels` for each X-ray, null where it does not show the point.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import GeometryError
from xray3d.geometry.markups import finite_numbers, read_json
from xray3d.registration.landmark_pairs import LandmarkPairs


def load_pairs(path: str | Path, views: int) -> LandmarkPairs:
    """Pairs from the JSON that this module describes, for so many X-rays.

    Raises:
        GeometryError: one sentence that names the file, the landmark and the field.
    """
    path = Path(path)
    fields = read_json(path)
    listed = fields.get("points") if isinstance(fields, dict) else None
    if not isinstance(listed, list) or not listed:
        raise GeometryError(f'{path} must hold {{"points": [...]}} with at least one landmark.')
    names = tuple(
        str(point.get("name", f"Landmark {k + 1}")) if isinstance(point, dict) else f"Landmark {k + 1}"
        for k, point in enumerate(listed)
    )
    points = [_position(point, f"{path}: {name}") for name, point in zip(names, listed, strict=True)]
    pixels = [_pixels(point["pixels"], views, f"{path}: {name}") for name, point in zip(names, listed, strict=True)]
    return LandmarkPairs(names, np.stack(points), np.stack(pixels, axis=1))


def _position(point: Any, name: str) -> NDArray[np.float64]:
    numbers = finite_numbers(point.get("ras"), 3) if isinstance(point, dict) else None
    if numbers is None:
        raise GeometryError(f"{name} needs ras, three finite numbers in mm.")
    if not isinstance(point.get("pixels"), list):
        raise GeometryError(f"{name} needs pixels, a list with [column, row] or null for each X-ray.")
    return numbers


def _pixels(listed: list[Any], views: int, name: str) -> NDArray[np.float64]:
    if len(listed) != views:
        raise GeometryError(f"{name} has pixels for {len(listed)} X-rays, but there {_are(views)}; use null for none.")
    pixels = [np.full(2, np.nan) if pixel is None else finite_numbers(pixel, 2) for pixel in listed]
    if any(pixel is None for pixel in pixels):
        raise GeometryError(f"{name}: each of its pixels must be [column, row], two finite numbers, or null.")
    return np.array(pixels, float)


def _are(views: int) -> str:
    return "is 1 X-ray" if views == 1 else f"are {views} X-rays"
