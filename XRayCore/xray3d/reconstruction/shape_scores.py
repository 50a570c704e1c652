"""How near a reconstructed shape is to the true one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from xray3d.errors import MeshError, VolumeError

TOLERANCES_MM = (1.0, 1.5, 2.0)

# Distances are measured from so many points to a surface that is dense with others: at 200,000 points on a vertebra
# these lie 0.3 mm apart, and what that adds to a distance of 1 mm is 0.01 mm.
_FROM, _TO = 20_000, 200_000


@dataclass(frozen=True)
class SurfaceScores:
    """Of two surfaces, the same whichever is the true one.

    Attributes:
        f_score: for each tolerance the harmonic mean of the share of one surface that lies within it of the other and
            of the share of that other that lies within it of the first, as Knapitsch et al. ("Tanks and Temples", ACM
            Transactions on Graphics 2017) define it.
        mean_mm: average symmetric surface distance.
        hausdorff95_mm: the larger of the 95th percentiles of the distances from one surface to the other.
    """

    f_score: dict[float, float]
    mean_mm: float
    hausdorff95_mm: float


def occupancy_f1(found: ArrayLike, truth: ArrayLike) -> float:
    """F1 score of voxels, which is Dice's coefficient of the two shapes; 1 where both are empty.

    Args:
        found, truth: (K, J, I), what is not 0 is inside.

    Raises:
        VolumeError: they are of different sizes.
    """
    one, other = (np.asarray(voxels) != 0 for voxels in (found, truth))
    if one.shape != other.shape:
        raise VolumeError(f"Voxels of {one.shape} and of {other.shape} cannot be compared; use the same grid for both.")
    both, all_ = np.count_nonzero(one & other), np.count_nonzero(one) + np.count_nonzero(other)
    return 2 * both / all_ if all_ else 1.0


def surface_scores(
    found: tuple[NDArray[np.float64], NDArray[np.int64]],
    truth: tuple[NDArray[np.float64], NDArray[np.int64]],
    tolerances_mm: Sequence[float] = TOLERANCES_MM,
) -> SurfaceScores:
    """Compare two surfaces by points drawn evenly on both, always the same ones.

    Args:
        found, truth: vertices (n, 3) in mm and triangles (m, 3).
        tolerances_mm: for F scores.

    Raises:
        MeshError: a surface without area.
    """
    one, other = (_drawn(*surface, np.random.default_rng(seed)) for seed, surface in enumerate((found, truth)))
    there = cKDTree(other).query(one[:_FROM])[0]
    back = cKDTree(one).query(other[:_FROM])[0]
    return SurfaceScores(
        {
            tolerance: _harmonic_mean(np.mean(there <= tolerance), np.mean(back <= tolerance))
            for tolerance in tolerances_mm
        },
        float((there.mean() + back.mean()) / 2),
        float(max(np.percentile(there, 95), np.percentile(back, 95))),
    )


def _drawn(
    vertices: NDArray[np.float64], triangles: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """(points, 3) anywhere on a surface, in no order."""
    corner, one, other = vertices[triangles].swapaxes(0, 1)
    one, other = one - corner, other - corner
    area = np.linalg.norm(np.cross(one, other), axis=1)
    if not area.sum() > 0:
        raise MeshError("A surface without area has no shape to compare; give one with triangles.")
    chosen = rng.choice(len(area), _TO, p=area / area.sum())
    u, v = rng.random((2, _TO, 1))
    beyond = u + v > 1
    u, v = np.where(beyond, 1 - u, u), np.where(beyond, 1 - v, v)
    return corner[chosen] + u * one[chosen] + v * other[chosen]


def _harmonic_mean(precision: float, recall: float) -> float:
    return float(2 * precision * recall / (precision + recall)) if precision + recall > 0 else 0.0
