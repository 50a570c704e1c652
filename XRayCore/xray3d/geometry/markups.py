"""Points and boxes that Slicer saved."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import GeometryError
from xray3d.files import require_file
from xray3d.geometry.poses import is_rigid

_ENDS = (".mrk.json", ".fcsv")
_TO_RAS = {"RAS": (1.0, 1.0, 1.0), "LPS": (-1.0, -1.0, 1.0)}
_FCSV_NUMBERS = {"0": "RAS", "1": "LPS"}


@dataclass(frozen=True, eq=False)
class PointList:
    """Points that were marked in the CT or on an X-ray.

    Attributes:
        source: what messages call the list: the name of its node or file.
        names: (n,); they need not differ.
        points_ras: (n, 3) mm; of an X-ray's points, on the receptor or anywhere on their rays.
    """

    source: str
    names: tuple[str, ...]
    points_ras: NDArray[np.float64]


def load_point_list(path: str | Path) -> PointList:
    """Points from a file of Slicer's Markups (.mrk.json or .fcsv), LPS or RAS as it says.

    Raises:
        GeometryError: one sentence: another kind of file, no point in it, no coordinate system.
    """
    path = Path(path)
    require_file(path, GeometryError)
    if not is_markups(path):
        raise GeometryError(f"{path} is no file of landmarks; pass a .mrk.json or .fcsv file that Slicer saved.")
    points = _read_fcsv(path) if path.name.lower().endswith(".fcsv") else _read_markups_json(path)
    if not points:
        raise GeometryError(f"{path} has no points; place them and save it again.")
    names, positions = zip(*points, strict=True)
    return PointList(str(path), names, np.stack(positions))


def is_markups(path: str | Path) -> bool:
    """Whether a file is one of Slicer's Markups, by its name."""
    return Path(path).name.lower().endswith(_ENDS)


def load_roi(path: str | Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The frame (4, 4) of the first box in a file of Slicer's Markups, origin in its middle, to RAS; and its sides, mm.

    Raises:
        GeometryError: one sentence: another kind of file, no box in it, no coordinate system.
    """
    path = Path(path)
    for markup in _markups(path):
        if markup.get("type") != "ROI":
            continue
        to_ras = _to_ras(str(markup.get("coordinateSystem")), path)
        center, size = (finite_numbers(markup.get(field), 3) for field in ("center", "size"))
        axes = finite_numbers(markup.get("orientation"), 9)
        frame = np.eye(4)
        if center is not None and axes is not None:
            frame[:3, :3], frame[:3, 3] = to_ras[:, None] * axes.reshape(3, 3), to_ras * center
        if center is None or axes is None or size is None or not is_rigid(frame, 1e-4) or not (size > 0).all():
            raise GeometryError(f"{path} has a box without a middle, sides or directions; place it and save it again.")
        return frame, size
    raise GeometryError(f"{path} has no box; place an ROI and save it.")


def holds_roi(path: str | Path) -> bool:
    """Whether a file of Slicer's Markups has a box; GeometryError for what is none of these."""
    return not str(path).lower().endswith(".fcsv") and any(one.get("type") == "ROI" for one in _markups(Path(path)))


def read_json(path: Path) -> Any:
    """What a JSON file holds; GeometryError in one sentence where it cannot be read."""
    require_file(path, GeometryError)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as failure:
        raise GeometryError(f"{path} is not readable JSON; write it again.") from failure


def finite_numbers(value: Any, count: int) -> NDArray[np.float64] | None:
    """As many finite numbers as wanted, (count,), or None."""
    try:
        numbers = np.array(value, float)
    except (TypeError, ValueError):
        return None
    return numbers if numbers.shape == (count,) and np.isfinite(numbers).all() else None


def _read_markups_json(path: Path) -> list[tuple[str, NDArray[np.float64]]]:
    points = []
    for markup in _markups(path):
        to_ras = _to_ras(str(markup.get("coordinateSystem")), path)
        for control in markup.get("controlPoints", []):
            if control.get("positionStatus", "defined") != "defined":
                continue
            position = finite_numbers(control.get("position"), 3)
            if position is None:
                raise GeometryError(f"{path}: a position must be three finite numbers; save the points again.")
            points.append((str(control.get("label", "")), position * to_ras))
    return points


def _markups(path: Path) -> list[dict[str, Any]]:
    fields = read_json(path)
    markups = fields.get("markups") if isinstance(fields, dict) else None
    if not isinstance(markups, list) or not all(isinstance(markup, dict) for markup in markups):
        raise GeometryError(f"{path} is no file of Slicer's Markups; save it from Slicer as .mrk.json.")
    return markups


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
        position = finite_numbers([row.get(axis) for axis in "xyz"], 3)
        if position is None:
            raise GeometryError(f"{path}: x, y and z of {row.get('label')} must each be a finite number.")
        points.append((row.get("label") or "", position * to_ras))
    return points


def _to_ras(system: str, path: Path) -> NDArray[np.float64]:
    name = _FCSV_NUMBERS.get(system, system)
    if name not in _TO_RAS:
        raise GeometryError(f"{path} has the coordinate system {system}; save it in LPS or RAS.")
    return np.array(_TO_RAS[name])
