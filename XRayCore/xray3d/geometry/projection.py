"""The geometry of one X-ray: a pinhole camera with the source as its centre and the receptor as its image plane."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xray3d.errors import GeometryError
from xray3d.geometry.carm import carm_extrinsic
from xray3d.geometry.poses import is_rigid, se3_exp

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Projection:
    """Calibrated geometry of an X-ray image.

    Pixel (0, 0) is the centre of the first pixel. Image coordinates are (column, row), as OpenCV orders them; image
    arrays are indexed [row, column].

    Attributes:
        intrinsic: K (3, 3) in pixels, upper triangular, last row (0, 0, 1).
        extrinsic: RAS (mm) to camera (mm), rigid (4, 4). Camera: x along the rows of the image, y down its columns,
            z from source to receptor.
        size_px: (rows, columns).
        pixel_mm: (row, column) spacing on the receptor.

    Raises:
        GeometryError: when any of these is not what it says.
    """

    intrinsic: Matrix
    extrinsic: Matrix
    size_px: tuple[int, int]
    pixel_mm: tuple[float, float]

    def __post_init__(self) -> None:
        intrinsic = _as_matrix(self.intrinsic, (3, 3), "intrinsic")
        extrinsic = _as_matrix(self.extrinsic, (4, 4), "extrinsic")
        below_diagonal = np.abs(np.tril(intrinsic, -1)).max()
        if intrinsic[0, 0] <= 0 or intrinsic[1, 1] <= 0 or below_diagonal > 1e-9 or intrinsic[2, 2] != 1:
            raise GeometryError("intrinsic must be upper triangular, its focal lengths positive, its last element 1.")
        if not is_rigid(extrinsic):
            raise GeometryError("extrinsic must be a rigid transform from RAS to the camera: in mm, not mirrored.")
        rows, cols = (int(n) for n in self.size_px)
        row_mm, col_mm = (float(s) for s in self.pixel_mm)
        if rows < 1 or cols < 1:
            raise GeometryError(f"size_px must be two positive numbers of pixels, not {self.size_px}.")
        if not (np.isfinite([row_mm, col_mm]).all() and row_mm > 0 and col_mm > 0):
            raise GeometryError(f"pixel_mm must be two positive spacings in mm, not {self.pixel_mm}.")
        object.__setattr__(self, "intrinsic", intrinsic)
        object.__setattr__(self, "extrinsic", extrinsic)
        object.__setattr__(self, "size_px", (rows, cols))
        object.__setattr__(self, "pixel_mm", (row_mm, col_mm))

    @classmethod
    def from_carm(
        cls,
        primary_deg: float,
        secondary_deg: float,
        isocenter_ras: ArrayLike,
        sdd_mm: float,
        sod_mm: float,
        size_px: tuple[int, int],
        pixel_mm: tuple[float, float],
    ) -> Projection:
        """Geometry from DICOM positioner angles and distances; the central ray meets the receptor at its centre.

        Args:
            primary_deg: positioner primary angle, RAO negative, LAO positive.
            secondary_deg: positioner secondary angle, CAU negative, CRA positive.
            isocenter_ras: (3,) mm.
            sdd_mm: source to detector distance.
            sod_mm: source to isocentre distance, shorter than `sdd_mm`.
        """
        if not 0 < sod_mm < sdd_mm or not np.isfinite(sdd_mm):
            raise GeometryError(
                f"The isocentre must lie between source and detector; sod_mm = {sod_mm} is not between 0 and {sdd_mm}."
            )
        rows, cols = size_px
        row_mm, col_mm = pixel_mm
        if not (row_mm > 0 and col_mm > 0):
            raise GeometryError(f"pixel_mm must be two positive spacings in mm, not {pixel_mm}.")
        intrinsic = np.array([[sdd_mm / col_mm, 0, (cols - 1) / 2], [0, sdd_mm / row_mm, (rows - 1) / 2], [0, 0, 1]])
        return cls(intrinsic, carm_extrinsic(primary_deg, secondary_deg, isocenter_ras, sod_mm), size_px, pixel_mm)

    @property
    def sdd_mm(self) -> float:
        """Distance from the source to the receptor plane."""
        return float(self.intrinsic[1, 1] * self.pixel_mm[0])

    @property
    def matrix(self) -> Matrix:
        """P = K [R|t], (3, 4): homogeneous RAS to homogeneous (column, row)."""
        return self.intrinsic @ self.extrinsic[:3]

    @property
    def source_ras(self) -> Matrix:
        """Position of the X-ray source, (3,) mm."""
        return -self.extrinsic[:3, :3].T @ self.extrinsic[:3, 3]

    @property
    def viewing_direction_ras(self) -> Matrix:
        """Unit vector (3,) from the source along the receptor's normal."""
        return self.extrinsic[2, :3].copy()

    @property
    def pixel_to_ras_direction(self) -> Matrix:
        """(3, 3): homogeneous pixel (column, row, 1) to the ray direction in RAS, scaled to 1 mm of depth."""
        return self.extrinsic[:3, :3].T @ np.linalg.inv(self.intrinsic)

    @property
    def image_to_ras(self) -> Matrix:
        """(4, 4): (column, row, distance behind the receptor in mm, 1) to RAS; the image's IJKToRAS on its receptor."""
        to_ras = np.eye(4)
        to_ras[:3, :2] = self.pixel_to_ras_direction[:, :2] * self.sdd_mm
        to_ras[:3, 2] = self.viewing_direction_ras
        to_ras[:3, 3] = self.source_ras + self.pixel_to_ras_direction[:, 2] * self.sdd_mm
        return to_ras

    def project(self, points_ras: ArrayLike) -> Matrix:
        """Image coordinates (column, row) of RAS points: (..., 3) mm to (..., 2) px; NaN behind the source."""
        points = np.asarray(points_ras, float)
        homogeneous = points @ self.matrix[:, :3].T + self.matrix[:, 3]
        depth = np.where(homogeneous[..., 2:] > 0, homogeneous[..., 2:], np.nan)
        return homogeneous[..., :2] / depth

    def sees(self, points_ras: ArrayLike) -> NDArray[np.bool_]:
        """Whether RAS points project into the image, edges of the outermost pixels included: (..., 3) mm to (...)."""
        rows, cols = self.size_px
        pixels = self.project(points_ras)
        # Comparisons with NaN, which is behind the source, are false.
        return np.asarray(((pixels >= -0.5) & (pixels <= [cols - 0.5, rows - 0.5])).all(axis=-1))

    def unproject(self, pixels: ArrayLike, depth_mm: ArrayLike) -> Matrix:
        """RAS points (..., 3) at image coordinates (column, row) (..., 2) and depth along the camera's z (...)."""
        pixels = np.asarray(pixels, float)
        homogeneous = np.concatenate([pixels, np.ones_like(pixels[..., :1])], axis=-1)
        return self.source_ras + np.asarray(depth_mm, float)[..., None] * (homogeneous @ self.pixel_to_ras_direction.T)

    def moved(self, transform_ras: ArrayLike) -> Projection:
        """The same source and receptor carried rigidly by a RAS-to-RAS transform (4, 4)."""
        transform = _as_matrix(transform_ras, (4, 4), "transform_ras")
        return replace(self, extrinsic=self.extrinsic @ np.linalg.inv(transform))

    def perturbed(self, twist: ArrayLike) -> Projection:
        """The geometry after the anatomy moved by a camera-frame twist (6,): translation mm, then rotation rad.

        This is the perturbation that the renderer's Jacobian differentiates: extrinsic' = exp(twist) extrinsic.
        """
        return replace(self, extrinsic=se3_exp(twist) @ self.extrinsic)

    def resampled(self, size_px: tuple[int, int]) -> Projection:
        """The same field of view on a coarser or finer pixel grid (outer pixel edges stay where they are)."""
        rows, cols = size_px
        if rows < 1 or cols < 1:
            raise GeometryError(f"size_px must be two positive numbers of pixels, not {size_px}.")
        row_scale, col_scale = rows / self.size_px[0], cols / self.size_px[1]
        to_new = np.array([[col_scale, 0, (col_scale - 1) / 2], [0, row_scale, (row_scale - 1) / 2], [0, 0, 1]])
        pixel_mm = (self.pixel_mm[0] / row_scale, self.pixel_mm[1] / col_scale)
        return replace(self, intrinsic=to_new @ self.intrinsic, size_px=(rows, cols), pixel_mm=pixel_mm)

    def cropped(self, rows: slice, columns: slice) -> Projection:
        """The same view through a part of the receptor, as `image[rows, columns]` is a part of the image.

        Raises:
            GeometryError: nothing is left.
        """
        top, bottom, _ = rows.indices(self.size_px[0])
        left, right, _ = columns.indices(self.size_px[1])
        to_new = np.array([[1.0, 0, -left], [0, 1, -top], [0, 0, 1]])
        return replace(self, intrinsic=to_new @ self.intrinsic, size_px=(bottom - top, right - left))


def _as_matrix(value: ArrayLike, shape: tuple[int, int], name: str) -> Matrix:
    matrix = np.array(value, float)
    if matrix.shape != shape or not np.isfinite(matrix).all():
        raise GeometryError(f"{name} must be a {shape[0]}×{shape[1]} matrix of finite numbers.")
    matrix.setflags(write=False)
    return matrix
