"""The grid that a synthetic patient is painted on, structure by structure, each within its own box."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter

from xray3d.datasets.shapes import Distance, Points

AIR_HU = -1000.0
MARGIN_MM = 5.0
JOINT_GAP_MM = 1.8


@dataclass(frozen=True)
class BoneTissue:
    """How a bone looks in a CT: a shell `shell_mm` thick, and spongy bone that is denser under the shell."""

    shell_mm: float
    shell_hu: float
    spongy_hu: float


@dataclass(frozen=True)
class Window:
    """A box of the grid: its voxels as slices (K, J, I) and their RAS positions (3, k, j, i)."""

    slices: tuple[slice, slice, slice]
    points: Points


class Canvas:
    """HU and labels on a grid along the axes of RAS, painted with partial volumes at every edge.

    Args:
        low_ras, high_ras: corners (3,) of the field of view in mm.
        spacing_mm: edge of the cubic voxels.
        random: source of the spongy texture.
    """

    def __init__(self, low_ras: ArrayLike, high_ras: ArrayLike, spacing_mm: float, random: np.random.Generator):
        low, high = np.asarray(low_ras, float), np.asarray(high_ras, float)
        i, j, k = np.maximum(np.ceil((high - low) / spacing_mm), 1).astype(int)
        self.spacing_mm, self.low_ras = float(spacing_mm), low
        self.hu = np.full((k, j, i), AIR_HU, np.float32)
        self.labels = np.zeros((k, j, i), np.uint8)
        self._to_nearest_bone = np.full((k, j, i), 100.0, np.float32)
        self.texture = smooth_noise(random, (k, j, i), sigma_vox=0.8 / spacing_mm)

    @property
    def ijk_to_ras(self) -> NDArray[np.float64]:
        """(4, 4) from voxel index to RAS in mm."""
        affine = np.diag([self.spacing_mm] * 3 + [1.0])
        affine[:3, 3] = self.low_ras
        return affine

    def window(self, low_ras: ArrayLike, high_ras: ArrayLike) -> Window:
        """The voxels between two corners in RAS, with a margin; empty outside the field of view."""
        size_ijk = np.array(self.hu.shape[::-1])
        first = np.floor((np.asarray(low_ras) - MARGIN_MM - self.low_ras) / self.spacing_mm).astype(int)
        last = np.ceil((np.asarray(high_ras) + MARGIN_MM - self.low_ras) / self.spacing_mm).astype(int) + 1
        first, last = np.clip(first, 0, size_ijk), np.clip(last, 0, size_ijk)
        axes = [
            (np.arange(a, b) * self.spacing_mm + origin).astype(np.float32)
            for a, b, origin in zip(first, last, self.low_ras, strict=True)
        ]
        z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
        slices = tuple(slice(int(a), int(b)) for a, b in zip(first[::-1], last[::-1], strict=True))
        return Window(slices, np.stack([x, y, z]))  # type: ignore[arg-type]

    def window_of_box(self, low: ArrayLike, high: ArrayLike, to_ras: NDArray[np.float64]) -> Window:
        """The voxels around a box that is given in another frame."""
        corners = np.stack(np.meshgrid(*np.transpose([low, high]), indexing="ij"), axis=-1).reshape(-1, 3)
        in_ras = corners @ to_ras[:3, :3].T + to_ras[:3, 3]
        return self.window(in_ras.min(0), in_ras.max(0))

    def slabs(self, slices: int = 16) -> Iterator[Window]:
        """All voxels, a few slices at a time, so that work on the whole grid needs little memory."""
        far = self.low_ras + self.spacing_mm * np.array(self.hu.shape[::-1])
        everything = self.window(self.low_ras, far)
        for start in range(0, self.hu.shape[0], slices):
            kept = slice(start, start + slices)
            yield Window((kept, *everything.slices[1:]), everything.points[:, kept])

    def covered(self, distance: NDArray[np.floating]) -> NDArray[np.float32]:
        """Part of every voxel that lies inside a surface at that signed distance (mm)."""
        return np.clip(0.5 - distance / np.float32(self.spacing_mm), 0, 1).astype(np.float32)

    def paint(self, window: Window, distance: NDArray[np.floating], hu: float | NDArray[np.floating]) -> None:
        """Fill a soft tissue with HU, one value or one per voxel of the window."""
        region = self.hu[window.slices]
        region += self.covered(distance) * (hu - region)

    def paint_bone(self, window: Window, distance: Distance, tissue: BoneTissue, label: int) -> None:
        """Fill a bone and label it; where it would touch a bone painted before, a joint space stays free."""
        nearest = self._to_nearest_bone[window.slices]
        free = np.maximum(distance, JOINT_GAP_MM - nearest)
        spongy = tissue.spongy_hu * (1 + 0.3 * self.texture[window.slices]) + 120.0 * np.exp(free / 2.5)
        inner = self.covered(free + tissue.shell_mm)
        region = self.hu[window.slices]
        region += (self.covered(free) - inner) * (tissue.shell_hu - region) + inner * (spongy - region)
        self.labels[window.slices][free < 0] = label
        np.minimum(nearest, free, out=nearest)


def in_frame(points_ras: Points, to_ras: NDArray[np.float64]) -> Points:
    """RAS points (3, ...) in the frame whose transform to RAS (4, 4) is given; uniform scale is kept."""
    inverse = np.linalg.inv(to_ras).astype(np.float32)
    flat = inverse[:3, :3] @ points_ras.reshape(3, -1) + inverse[:3, 3:]
    return flat.reshape(points_ras.shape)


def smooth_noise(random: np.random.Generator, shape: tuple[int, ...], sigma_vox: float) -> NDArray[np.float32]:
    """Gaussian noise of mean 0 and standard deviation 1, correlated over `sigma_vox` voxels."""
    noise = gaussian_filter(random.standard_normal(shape, dtype=np.float32), sigma_vox, mode="wrap", truncate=3.0)
    return noise / noise.std()
