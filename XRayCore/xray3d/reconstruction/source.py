"""What the reconstruction network learns from: X-rays of vertebrae of any look, and what is inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from torch import Tensor

from xray3d.geometry import Projection
from xray3d.reconstruction.exposing import shown
from xray3d.reconstruction.grid import GRID_SIZE_IJK, grid_about
from xray3d.reconstruction.region import frame_of
from xray3d.reconstruction.scenes import SpineViews

VIEW_PX = 192

# Whoever says where a vertebra is, is not exact, and of this share says nothing of how it is turned.
_OFF_DEG, _OFF_MM, _UNTURNED = 6.0, 4.0, 0.5
# Nor is a calibration: of some cases, by one standard deviation of each angle and each shift.
_MISCALIBRATED, _CALIBRATION_DEG, _CALIBRATION_MM = 0.5, 0.5, 0.7
_ASIDE_PX = 10


@dataclass(frozen=True, eq=False)
class Seen:
    """Vertebrae that are to be reconstructed.

    Attributes:
        views: (n, views, rows, cols) `levelled`.
        matrices: (n, views, 3, 4) P as it is told.
        ijk_to_ras: (n, 4, 4) of the grids.
        inside: (n, 1, k, j, i) the truth, 1 or 0.
    """

    views: Tensor
    matrices: Tensor
    ijk_to_ras: Tensor
    inside: Tensor

    def to(self, device: torch.device) -> Seen:
        """The same on a device."""
        return Seen(*(of_all.to(device) for of_all in vars(self).values()))


def seen(spines: Sequence[SpineViews], count: int, views: int | Sequence[int], seed: int) -> Seen:
    """So many vertebrae of spines drawn at random.

    Args:
        views: how many of each, or the numbers of those.
        seed: of all that is drawn.
    """
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    crops, matrices, grids, truths = [], [], [], []
    for _ in range(count):
        spine = spines[int(rng.integers(len(spines)))]
        level = str(rng.choice(sorted(spine.shapes)))
        to_ras = grid_about(_as_told(spine.frames[level], rng) @ _jitter(rng, _OFF_DEG, _OFF_MM))
        truths.append(spine.shapes[level].on(to_ras, GRID_SIZE_IJK))
        grids.append(to_ras)
        chosen = rng.permutation(len(spine.projections))[:views] if isinstance(views, int) else views
        sigma = float(rng.random() < _MISCALIBRATED)
        for view in chosen:
            crop, projection = _crop(spine.integrals[view], spine.projections[view], spine.frames[level], rng)
            crops.append(crop)
            matrices.append(_misread(projection, sigma, rng).matrix)
    soft, bone = torch.from_numpy(np.stack(crops, axis=1)).float()
    of_views = (count, len(chosen))
    return Seen(
        shown(soft, bone, generator).unflatten(0, of_views),
        torch.from_numpy(np.stack(matrices)).float().unflatten(0, of_views),
        torch.from_numpy(np.stack(grids)).float(),
        torch.from_numpy(np.stack(truths)).float()[:, None],
    )


def _as_told(frame: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """A vertebra's frame, or one along the patient's axes where that is all that is known."""
    return frame_of(frame[:3, 3]) if rng.random() < _UNTURNED else frame


def _jitter(rng: np.random.Generator, off_deg: float, off_mm: float) -> NDArray[np.float64]:
    """A small rigid motion (4, 4), one standard deviation about and along each axis."""
    motion = np.eye(4)
    motion[:3, :3] = Rotation.from_rotvec(np.deg2rad(off_deg) * rng.normal(size=3)).as_matrix()
    motion[:3, 3] = off_mm * rng.normal(size=3)
    return motion


def _crop(
    integrals: NDArray[np.float16], projection: Projection, frame: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float16], Projection]:
    """The part of a view about a vertebra; that next to the edge where the vertebra is there."""
    column, row = projection.project(frame[:3, 3]) + rng.integers(-_ASIDE_PX, _ASIDE_PX + 1, 2)
    slices = []
    for middle, side in zip((row, column), projection.size_px, strict=True):
        first = int(np.clip(round(float(middle)) - VIEW_PX // 2, 0, side - VIEW_PX))
        slices.append(slice(first, first + VIEW_PX))
    return integrals[:, slices[0], slices[1]], projection.cropped(slices[0], slices[1])


def _misread(projection: Projection, sigma: float, rng: np.random.Generator) -> Projection:
    turn, shift = np.deg2rad(_CALIBRATION_DEG) * rng.normal(size=3), _CALIBRATION_MM * rng.normal(size=3)
    # About the patient, not about the source, from which a turn of half a degree would be a shift of six millimetres.
    depth = np.array([0.0, 0.0, projection.extrinsic[2, 3]])
    about = shift + depth - Rotation.from_rotvec(turn).apply(depth)
    return projection.perturbed(sigma * np.concatenate([about, turn]))
