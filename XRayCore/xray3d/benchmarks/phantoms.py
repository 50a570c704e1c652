"""Phantoms whose line integrals are known in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from xray3d.geometry import Projection

Array = NDArray[np.float64]

_SUBVOXELS = 4


class Shape(Protocol):
    """A body of known attenuation; bodies add up where they overlap."""

    def line_integral(self, source: Array, directions: Array) -> Array:
        """Exact integral (...) along the lines through `source` (3,) with unit `directions` (..., 3)."""
        ...

    def voxelise(self, size: tuple[int, int, int], ijk_to_ras: Array) -> NDArray[np.float32]:
        """Attenuation (K, J, I) in 1/mm on a regular grid of `size` = (K, J, I)."""
        ...


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """A homogeneous ellipsoid.

    Attributes:
        center_ras: (3,) mm.
        radii_mm: (3,) semi-axes.
        rotation_deg: (3,) intrinsic xyz Euler angles of the semi-axes in RAS.
        attenuation_per_mm: inside; zero outside.
    """

    center_ras: tuple[float, float, float]
    radii_mm: tuple[float, float, float]
    rotation_deg: tuple[float, float, float]
    attenuation_per_mm: float

    def line_integral(self, source: Array, directions: Array) -> Array:
        """Attenuation times the chord: the distance between the roots of |origin + t direction|² = 1."""
        origin = self._to_unit_sphere @ (source - np.array(self.center_ras))
        direction = directions @ self._to_unit_sphere.T
        squared = np.sum(direction**2, axis=-1)
        along = direction @ origin
        discriminant = along**2 - squared * (origin @ origin - 1.0)
        return self.attenuation_per_mm * 2.0 * np.sqrt(np.maximum(discriminant, 0.0)) / squared

    def voxelise(self, size: tuple[int, int, int], ijk_to_ras: Array) -> NDArray[np.float32]:
        """Average over each voxel, as a scanner averages: 4×4×4 points in every voxel that the surface may cut."""
        to_sphere = self._to_unit_sphere @ ijk_to_ras[:3, :3]
        offset = self._to_unit_sphere @ (ijk_to_ras[:3, 3] - np.array(self.center_ras))
        # From a voxel's centre to its corners the distance changes by no more than this.
        margin = np.linalg.norm(_HALF_CORNERS @ to_sphere.T, axis=1).max()
        distance = np.sqrt(_squared_norm(size, to_sphere, offset))
        filling = (distance < 1.0).astype(np.float32)
        cut = np.argwhere(np.abs(distance - 1.0) < margin)
        centers = cut[:, ::-1] @ to_sphere.T + offset
        inside = np.zeros(len(cut))
        for shift in _subvoxel_offsets() @ to_sphere.T:
            inside += np.sum((centers + shift) ** 2, axis=1) < 1.0
        filling[tuple(cut.T)] = inside / _SUBVOXELS**3
        return filling * np.float32(self.attenuation_per_mm)

    @property
    def _to_unit_sphere(self) -> Array:
        axes = Rotation.from_euler("XYZ", self.rotation_deg, degrees=True).as_matrix()
        return np.diag(1.0 / np.array(self.radii_mm)) @ axes.T


@dataclass(frozen=True, eq=False)
class GaussianBlob:
    """A smooth body: attenuation exp(-|x|²/2) in its own scaled and turned coordinates.

    Attributes:
        center_ras: (3,) mm.
        sigma_mm: (3,) standard deviations along its axes.
        rotation_deg: (3,) intrinsic xyz Euler angles of its axes in RAS.
        attenuation_per_mm: at the centre.
    """

    center_ras: tuple[float, float, float]
    sigma_mm: tuple[float, float, float]
    rotation_deg: tuple[float, float, float]
    attenuation_per_mm: float

    def line_integral(self, source: Array, directions: Array) -> Array:
        """Over the whole line: sqrt(2π)/|direction| times the value at the point nearest to the centre."""
        origin = self._whiten @ (source - np.array(self.center_ras))
        direction = directions @ self._whiten.T
        squared = np.sum(direction**2, axis=-1)
        nearest_squared = origin @ origin - (direction @ origin) ** 2 / squared
        return self.attenuation_per_mm * np.sqrt(2.0 * np.pi / squared) * np.exp(-nearest_squared / 2.0)

    def voxelise(self, size: tuple[int, int, int], ijk_to_ras: Array) -> NDArray[np.float32]:
        """Values at the voxel centres."""
        whiten = self._whiten @ ijk_to_ras[:3, :3]
        offset = self._whiten @ (ijk_to_ras[:3, 3] - np.array(self.center_ras))
        return np.float32(self.attenuation_per_mm) * np.exp(-_squared_norm(size, whiten, offset) / 2)

    @property
    def _whiten(self) -> Array:
        axes = Rotation.from_euler("XYZ", self.rotation_deg, degrees=True).as_matrix()
        return np.diag(1.0 / np.array(self.sigma_mm)) @ axes.T


# Unlike in size, place and direction, so that no mirrored, transposed or shifted view looks right by chance.
HARD_ELLIPSOIDS: tuple[Shape, ...] = (
    Ellipsoid((0.0, 0.0, 0.0), (88.0, 66.0, 92.0), (0.0, 0.0, 0.0), 0.020),
    Ellipsoid((34.0, 12.0, 25.0), (22.0, 14.0, 30.0), (20.0, -15.0, 40.0), 0.012),
    Ellipsoid((-38.0, -10.0, -30.0), (14.0, 20.0, 24.0), (-30.0, 10.0, 0.0), 0.016),
    Ellipsoid((5.0, -38.0, 8.0), (16.0, 12.0, 60.0), (8.0, 5.0, 0.0), 0.025),
    Ellipsoid((-20.0, 30.0, 45.0), (26.0, 16.0, 14.0), (0.0, 35.0, 20.0), -0.018),
)
SMOOTH_BLOBS: tuple[Shape, ...] = (
    GaussianBlob((8.0, -6.0, 4.0), (17.0, 12.0, 18.0), (10.0, 20.0, -30.0), 0.012),
    GaussianBlob((30.0, 14.0, 22.0), (5.0, 8.0, 6.0), (25.0, 0.0, 40.0), 0.030),
    GaussianBlob((-32.0, 6.0, -28.0), (7.0, 4.0, 9.0), (0.0, -35.0, 15.0), 0.040),
    GaussianBlob((-12.0, -28.0, 34.0), (4.0, 4.0, 4.0), (0.0, 0.0, 0.0), 0.060),
    GaussianBlob((18.0, 26.0, -40.0), (3.0, 6.0, 4.0), (40.0, 10.0, -20.0), 0.050),
)


def voxelise(shapes: Sequence[Shape], size: tuple[int, int, int], ijk_to_ras: Array) -> NDArray[np.float32]:
    """Attenuation (K, J, I) float32 in 1/mm of all `shapes` together."""
    volume = np.zeros(size, np.float32)
    for shape in shapes:
        volume += shape.voxelise(size, ijk_to_ras)
    return volume


def line_integrals(shapes: Sequence[Shape], projection: Projection) -> Array:
    """Exact line integrals (rows, cols), float64 and dimensionless, through the centre of every pixel."""
    rows, cols = projection.size_px
    row, col = np.mgrid[:rows, :cols].astype(float)
    directions = np.stack([col, row, np.ones_like(col)], axis=-1) @ projection.pixel_to_ras_direction.T
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    return np.sum([shape.line_integral(projection.source_ras, directions) for shape in shapes], axis=0)


_HALF_CORNERS = np.array([[i, j, k] for i in (-0.5, 0.5) for j in (-0.5, 0.5) for k in (-0.5, 0.5)])


def _subvoxel_offsets() -> Array:
    steps = (np.arange(_SUBVOXELS) + 0.5) / _SUBVOXELS - 0.5
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)


def _squared_norm(size: tuple[int, int, int], matrix: Array, offset: Array) -> NDArray[np.float32]:
    """|matrix (i, j, k) + offset|² on the grid (K, J, I)."""
    k, j, i = (np.arange(n) for n in size)
    total = np.zeros(size, np.float32)
    for row, shift in zip(matrix, offset, strict=True):
        total += ((row[2] * k + shift)[:, None, None] + (row[1] * j)[:, None] + row[0] * i).astype(np.float32) ** 2
    return total
