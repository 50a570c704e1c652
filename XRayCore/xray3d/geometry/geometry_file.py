"""The geometry of an X-ray in a file of its own: JSON beside the image, a P-matrix, or the image's DICOM header."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from xray3d.errors import GeometryError
from xray3d.files import extension, refuse_existing, require_file
from xray3d.geometry.dicom import GivenGeometry, read_dicom_geometry
from xray3d.geometry.p_matrix import read_p_matrix
from xray3d.geometry.projection import Projection

P_MATRIX_EXTENSIONS = (".txt", ".csv", ".dat", ".npy")


def load_geometry(
    path: str | Path,
    *,
    size_px: tuple[int, int] | None = None,
    pixel_mm: tuple[float, float] | None = None,
    given: GivenGeometry | None = None,
) -> Projection:
    """Geometry of an X-ray from its JSON, a P-matrix (.txt, .csv, .dat, .npy) or a DICOM file.

    Args:
        size_px: (rows, columns) of the image, for a P-matrix file that does not say it itself.
        pixel_mm: (row, column) spacing on the receptor, likewise.
        given: what a DICOM header lacks, or has wrong.

    Raises:
        GeometryError: one sentence that names the file, the field and what to do.
    """
    path = Path(path)
    require_file(path, GeometryError)
    if extension(path) == ".json":
        return read_geometry_json(path)
    if extension(path) in P_MATRIX_EXTENSIONS:
        return read_p_matrix(path, size_px=size_px, pixel_mm=pixel_mm)
    return read_dicom_geometry(path, given=given).projection


def save_geometry(projection: Projection, path: str | Path, overwrite: bool = False) -> None:
    """Write a geometry as JSON, digits in full; it alone is enough to project a point.

    Raises:
        OutputExistsError: the file exists and is not to be overwritten.
    """
    path = Path(path)
    refuse_existing(path, overwrite=overwrite)
    path.write_text(json.dumps(geometry_to_dict(projection), indent=2) + "\n", encoding="utf-8")


def geometry_to_dict(projection: Projection) -> dict[str, Any]:
    """The fields of the geometry JSON."""
    return {
        "intrinsic": projection.intrinsic.tolist(),
        "extrinsic_ras_to_camera": projection.extrinsic.tolist(),
        "size_px": list(projection.size_px),
        "pixel_spacing_mm": list(projection.pixel_mm),
        "source_to_detector_mm": projection.sdd_mm,
    }


def geometry_from_dict(fields: dict[str, Any], name: str) -> Projection:
    """Inverse of `geometry_to_dict`; GeometryError names the missing, unreadable or contradictory field of `name`."""
    intrinsic = _numbers(fields, "intrinsic", (3, 3), name)
    extrinsic = _numbers(fields, "extrinsic_ras_to_camera", (4, 4), name)
    rows, cols = _numbers(fields, "size_px", (2,), name)
    row_mm, col_mm = _numbers(fields, "pixel_spacing_mm", (2,), name)
    try:
        projection = Projection(intrinsic, extrinsic, (int(rows), int(cols)), (float(row_mm), float(col_mm)))
    except GeometryError as wrong:
        raise GeometryError(f"{name}: {wrong}") from wrong
    sdd_mm = float(_numbers(fields, "source_to_detector_mm", (), name))
    if not np.isclose(sdd_mm, projection.sdd_mm, rtol=1e-3):
        raise GeometryError(
            f"{name} contradicts itself: source_to_detector_mm is {sdd_mm:g}, but intrinsic and pixel_spacing_mm "
            f"give {projection.sdd_mm:g}; correct the wrong one."
        )
    return projection


def read_geometry_json(path: Path) -> Projection:
    """Geometry from the JSON beside an X-ray; GeometryError names the file and field."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as failure:
        raise GeometryError(f"{path} is not readable JSON; write it again with save_geometry.") from failure
    if not isinstance(fields, dict):
        raise GeometryError(f"{path} must hold one JSON object with the field intrinsic and its companions.")
    return geometry_from_dict(fields, str(path))


def _numbers(fields: dict[str, Any], field: str, shape: tuple[int, ...], name: str) -> np.ndarray:
    if field not in fields:
        raise GeometryError(f"{name} has no field {field}; add it.")
    try:
        numbers = np.array(fields[field], float)
    except (TypeError, ValueError):
        numbers = np.array(np.nan)
    if numbers.shape != shape or not np.isfinite(numbers).all():
        expected = "×".join(map(str, shape)) or "one"
        raise GeometryError(f"{name}: its field {field} must be {expected} finite numbers.")
    return numbers
