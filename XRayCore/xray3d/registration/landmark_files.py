"""Landmarks from files: pairs in JSON, and points that Slicer saved.

The JSON of pairs: {"points": [{"name": "L3 spinous process", "ras": [x, y, z], "pixels": [[column, row], null]}]},
with one entry of `pixels` for each X-ray, null where it does not show the point.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import GeometryError
from xray3d.files import require_file
from xray3d.registration.landmark_pairs import LandmarkPairs, PointList

_POINT_LIST_ENDS = (".mrk.json", ".fcsv")
_TO_RAS = {"RAS": (1.0, 1.0, 1.0), "LPS": (-1.0, -1.0, 1.0)}
_FCSV_NUMBERS = {"0": "RAS", "1": "LPS"}


def load_pairs(path: str | Path, views: int) -> LandmarkPairs:
    """Pairs from the JSON that this module describes, for so many X-rays.

    Raises:
        GeometryError: one sentence that names the file, the landmark and the field.
    """
    path = Path(path)
    fields = _read_json(path)
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


def load_point_list(path: str | Path) -> PointList:
    """Points from a file of Slicer's Markups (.mrk.json or .fcsv), LPS or RAS as it says.

    Raises:
        GeometryError: one sentence: another kind of file, no point in it, no coordinate system.
    """
    path = Path(path)
    require_file(path, GeometryError)
    if not is_point_list(path):
        raise GeometryError(f"{path} is no file of landmarks; pass a .mrk.json or .fcsv file that Slicer saved.")
    points = _read_fcsv(path) if path.name.lower().endswith(".fcsv") else _read_markups_json(path)
    if not points:
        raise GeometryError(f"{path} has no points; place them and save it again.")
    names, positions = zip(*points, strict=True)
    return PointList(str(path), names, np.stack(positions))


def is_point_list(path: str | Path) -> bool:
    """Whether a file is one of Slicer's Markups, by its name."""
    return Path(path).name.lower().endswith(_POINT_LIST_ENDS)


def _read_json(path: Path) -> Any:
    require_file(path, GeometryError)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as failure:
        raise GeometryError(f"{path} is not readable JSON; write it again.") from failure


def _position(point: Any, name: str) -> NDArray[np.float64]:
    numbers = _numbers(point.get("ras"), 3) if isinstance(point, dict) else None
    if numbers is None:
        raise GeometryError(f"{name} needs ras, three finite numbers in mm.")
    if not isinstance(point.get("pixels"), list):
        raise GeometryError(f"{name} needs pixels, a list with [column, row] or null for each X-ray.")
    return numbers


def _pixels(listed: list[Any], views: int, name: str) -> NDArray[np.float64]:
    if len(listed) != views:
        raise GeometryError(f"{name} has pixels for {len(listed)} X-rays, but there {_are(views)}; use null for none.")
    pixels = [np.full(2, np.nan) if pixel is None else _numbers(pixel, 2) for pixel in listed]
    if any(pixel is None for pixel in pixels):
        raise GeometryError(f"{name}: each of its pixels must be [column, row], two finite numbers, or null.")
    return np.array(pixels, float)


def _are(views: int) -> str:
    return "is 1 X-ray" if views == 1 else f"are {views} X-rays"


def _numbers(value: Any, count: int) -> NDArray[np.float64] | None:
    """As many finite numbers as wanted, or None."""
    try:
        numbers = np.array(value, float)
    except (TypeError, ValueError):
        return None
    return numbers if numbers.shape == (count,) and np.isfinite(numbers).all() else None


def _read_markups_json(path: Path) -> list[tuple[str, NDArray[np.float64]]]:
    fields = _read_json(path)
    markups = fields.get("markups") if isinstance(fields, dict) else None
    if not isinstance(markups, list) or not all(isinstance(markup, dict) for markup in markups):
        raise GeometryError(f"{path} is no file of Slicer's Markups; save the points from Slicer as .mrk.json.")
    points = []
    for markup in markups:
        to_ras = _to_ras(str(markup.get("coordinateSystem")), path)
        for control in markup.get("controlPoints", []):
            if control.get("positionStatus", "defined") != "defined":
                continue
            position = _numbers(control.get("position"), 3)
            if position is None:
                raise GeometryError(f"{path}: a position must be three finite numbers; save the points again.")
            points.append((str(control.get("label", "")), position * to_ras))
    return points


def _read_fcsv(path: Path) -> list[tuple[str, NDArray[np.float64]]]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    header = dict(line.lstrip("# ").split(" = ", 1) for line in lines if line.startswith("#") and " = " in line)
    if "CoordinateSystem" not in header or "columns" not in header:
        raise GeometryError(f"{path} must say its CoordinateSystem and columns in its first lines; save it again.")
    to_ras = _to_ras(header["CoordinateSystem"].strip(), path)
    columns = header["columns"].strip().split(",")
    rows = csv.DictReader((line for line in lines if line and not line.startswith("#")), columns)
    points = []
    for row in rows:
        position = _numbers([row.get(axis) for axis in "xyz"], 3)
        if position is None:
            raise GeometryError(f"{path}: x, y and z of {row.get('label')} must each be a finite number.")
        points.append((row.get("label") or "", position * to_ras))
    return points


def _to_ras(system: str, path: Path) -> NDArray[np.float64]:
    name = _FCSV_NUMBERS.get(system, system)
    if name not in _TO_RAS:
        raise GeometryError(f"{path} has the coordinate system {system}; save it in LPS or RAS.")
    return np.array(_TO_RAS[name])
