"""Projection matrices (3×4) in and out, and what camera they are."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import rq

from xray3d.errors import GeometryError
from xray3d.files import extension, refuse_existing
from xray3d.geometry.projection import Projection


def projection_from_matrix(
    matrix: ArrayLike,
    size_px: tuple[int, int],
    pixel_mm: tuple[float, float],
    visible_ras: ArrayLike | None = None,
) -> Projection:
    """The camera of a projection matrix, by RQ decomposition (Hartley and Zisserman, 2004, section 6.2.4).

    A projection matrix is known up to a factor, and its sign with it. Of the two signs one always gives a rigid
    camera with positive focal lengths, so a matrix alone cannot look mirrored: the matrix of a mirrored image is
    that of a proper camera at the same source which looks the other way. Only a point that is known to be in the
    picture tells them apart.

    Args:
        matrix: P (3, 4) of any scale and sign, from homogeneous RAS (mm) to homogeneous (column, row), where pixel
            (0, 0) is the centre of the first pixel. For one that starts in LPS pass P @ diag(-1, -1, 1, 1).
        size_px: (rows, columns) of the image.
        pixel_mm: (row, column) spacing on the receptor; it sets the source to detector distance.
        visible_ras: a point (3,) that is in the picture, such as the centre of the CT.

    Raises:
        GeometryError: no matrix of a camera with a source; pixels of another shape than the matrix says; or the
            visible point lies behind the source, as it does for a mirrored image.
    """
    p = np.array(matrix, float)
    if p.shape != (3, 4) or not np.isfinite(p).all():
        raise GeometryError("A projection matrix is 3×4 finite numbers.")
    scale = np.linalg.norm(p[2, :3])
    if scale == 0 or abs(np.linalg.det(p[:, :3] / np.linalg.norm(p[:, :3], axis=1, keepdims=True).clip(1e-300))) < 1e-9:
        raise GeometryError("The projection matrix has no source (its left 3×3 part is singular); calibrate it again.")
    p *= np.sign(np.linalg.det(p[:, :3] / scale)) / scale
    intrinsic, rotation = rq(p[:, :3])
    signs = np.diag(np.sign(np.diag(intrinsic)))
    intrinsic, rotation = intrinsic @ signs, signs @ rotation
    extrinsic = np.eye(4)
    extrinsic[:3, :3] = rotation
    extrinsic[:3, 3] = np.linalg.solve(intrinsic, p[:, 3])
    intrinsic = np.triu(intrinsic / intrinsic[2, 2])
    projection = Projection(intrinsic, extrinsic, size_px, pixel_mm)
    _check_pixel_shape(projection)
    if visible_ras is not None and not np.isfinite(projection.project(visible_ras)).all():
        raise GeometryError(
            "No rigid camera that sees the visible point has this projection matrix: its image is mirrored; reverse "
            "the columns of the image, and of P by [[-1, 0, columns - 1], [0, 1, 0], [0, 0, 1]] @ P."
        )
    return projection


def read_p_matrix(
    path: Path, size_px: tuple[int, int] | None = None, pixel_mm: tuple[float, float] | None = None
) -> Projection:
    """Geometry from a file with a 3×4 projection matrix, as text (blanks, tabs or commas) or .npy.

    Args:
        size_px, pixel_mm: of the image, where the text does not say them in comments, as `save_p_matrix` does.
    """
    matrix, noted = _read_npy(path) if extension(path) == ".npy" else _read_text(path)
    rows, cols = _known("size_px", size_px, noted, path)
    row_mm, col_mm = _known("pixel_mm", pixel_mm, noted, path)
    try:
        return projection_from_matrix(matrix, (int(rows), int(cols)), (row_mm, col_mm))
    except GeometryError as wrong:
        raise GeometryError(f"{path}: {wrong}") from wrong


def _known(
    name: str, passed: tuple[float, float] | None, noted: dict[str, tuple[float, float]], path: Path
) -> tuple[float, float]:
    """What the file notes, else what was passed; GeometryError where it is neither."""
    value = noted.get(name, passed)
    if value is None:
        raise GeometryError(f"{path} does not say the image's {name}; pass {name}=, or add the line '# {name} A B'.")
    return value


def save_p_matrix(projection: Projection, path: str | Path, overwrite: bool = False) -> None:
    """Write P as text, digits in full, with the image's size and pixel spacing in comments; as .npy without those.

    Raises:
        OutputExistsError: the file exists and is not to be overwritten.
    """
    path = Path(path)
    refuse_existing(path, overwrite=overwrite)
    if extension(path) == ".npy":
        np.save(path, projection.matrix)
        return
    rows, cols = projection.size_px
    row_mm, col_mm = projection.pixel_mm
    header = f"size_px {rows} {cols}\npixel_mm {row_mm!r} {col_mm!r}\nRAS in mm to column, row in pixels"
    np.savetxt(path, projection.matrix, fmt="%.17g", header=header, encoding="utf-8")


def _check_pixel_shape(projection: Projection) -> None:
    (fx, fy), (row_mm, col_mm) = np.diag(projection.intrinsic)[:2], projection.pixel_mm
    if not np.isclose(fx * col_mm, fy * row_mm, rtol=0.02):
        raise GeometryError(
            f"pixel_mm = {projection.pixel_mm} does not fit the projection matrix, whose pixels are {fy / fx:.4g} "
            "times as wide as high; correct pixel_mm, (row, column)."
        )


def _read_npy(path: Path) -> tuple[NDArray, dict[str, tuple[float, float]]]:
    try:
        return np.load(path, allow_pickle=False), {}
    except (ValueError, OSError, EOFError) as failure:
        raise GeometryError(f"{path} is not a readable .npy file of a 3×4 matrix; save it again.") from failure


def _read_text(path: Path) -> tuple[NDArray, dict[str, tuple[float, float]]]:
    number = r"[\s,]+([-+\d.eE]+)"
    try:
        text = path.read_text(encoding="utf-8")
        rows = [re.split(r"[\s,;]+", line.split("#")[0].strip(" \t,;[]")) for line in text.splitlines()]
        matrix = np.array([[float(n) for n in row] for row in rows if row != [""]])
        notes = re.findall(rf"^#\s*(size_px|pixel_mm){number}{number}", text, re.MULTILINE)
        noted = {name: (float(first), float(second)) for name, first, second in notes}
    except (ValueError, OSError) as failure:
        raise GeometryError(f"{path} is not a text of 3×4 numbers; write three lines of four numbers.") from failure
    if matrix.size == 12 and matrix.ndim == 2:
        matrix = matrix.reshape(3, 4)
    if matrix.shape != (3, 4):
        raise GeometryError(
            f"{path} holds {matrix.size} numbers instead of the 12 of one 3×4 matrix; keep one view a file."
        )
    return matrix, noted
