"""Scene-coordinate maps, and what they say about a pose: which point of the CT lies on which ray of an X-ray."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xray3d.drr.scene_coordinates import SceneCoordinates
from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.volumes.point_cloud import PointCloud

Matrix = NDArray[np.float64]

LEAST_PIXELS = 6
"""Fewer valid pixels than this do not make a pose."""

# Enough for a tenth of a millimetre from errors of a few; all pixels of an image would only take longer.
_MOST_PIXELS = 4000
# No network knows the surface of a CT better than its voxels do.
_LEAST_SIGMA_MM = 0.3
# Errors of neighbouring pixels go together; those of patches do less, of which a view has so many a side.
_PATCHES = 5


@dataclass(frozen=True, eq=False)
class SceneCoordinateMaps:
    """Where in the CT each pixel's ray enters and leaves bone, as a network predicts it from one X-ray.

    Attributes:
        entry_ras: (rows, cols, 3) mm, in the CT's frame: the point on bone nearest to the source.
        exit_ras: (rows, cols, 3) mm: the one farthest from it.
        entry_sigma_mm: (rows, cols) standard error of each coordinate of the entry point.
        exit_sigma_mm: (rows, cols) likewise of the exit point.
        valid: (rows, cols) bool: where to believe the rest, which may hold anything elsewhere.

    Raises:
        GeometryError: maps that do not fit together, or are not finite, or not positive in sigma, where valid.
    """

    entry_ras: NDArray[np.floating]
    exit_ras: NDArray[np.floating]
    entry_sigma_mm: NDArray[np.floating]
    exit_sigma_mm: NDArray[np.floating]
    valid: NDArray[np.bool_]

    def __post_init__(self) -> None:
        shape = np.shape(self.valid)
        points, sigmas = (self.entry_ras, self.exit_ras), (self.entry_sigma_mm, self.exit_sigma_mm)
        shapes = {np.shape(p)[:-1] if np.shape(p)[-1:] == (3,) else None for p in points} | {
            np.shape(s) for s in sigmas
        }
        if len(shape) != 2 or shapes != {shape}:
            raise GeometryError(
                "Scene-coordinate maps must be (rows, cols, 3) points, twice, and (rows, cols) sigmas, twice, of one "
                "size with the mask of valid pixels."
            )
        if not all(np.isfinite(values[self.valid]).all() for values in (*points, *sigmas)):
            raise GeometryError("Scene-coordinate maps must be finite where they are valid; mark other pixels invalid.")
        if not all((sigma[self.valid] > 0).all() for sigma in sigmas):
            raise GeometryError("Scene-coordinate maps must have a sigma above zero where they are valid.")

    @classmethod
    def exact(cls, scene: SceneCoordinates, sigma_mm: float) -> SceneCoordinateMaps:
        """The maps of one rendered view, all of one sigma."""
        sigma = np.full(scene.valid.shape, sigma_mm)
        return cls(scene.entry_ras, scene.exit_ras, sigma, sigma, scene.valid)


@dataclass(frozen=True, eq=False)
class Correspondences:
    """Points of the CT and the rays that they lie on; the first half are entry points, the second the same rays' exits.

    Attributes:
        points_ras: (n, 3) mm, in the CT's frame.
        sigma_mm: (n,) standard error of each coordinate.
        sources_ras: (n, 3) mm, where the rays start, in the frame of the projections.
        along_ras: (n, 3) unit directions of the rays.
        across_ras: (n, 2, 3) unit vectors across the rays and each other.
        view: (n,) number of the X-ray.
        patch: (n,) number of the part of the X-ray, one count for all.
    """

    points_ras: Matrix
    sigma_mm: Matrix
    sources_ras: Matrix
    along_ras: Matrix
    across_ras: Matrix
    view: NDArray[np.int64]
    patch: NDArray[np.int64]

    def from_sources(self, motion: Matrix) -> Matrix:
        """(n, 3) mm from the rays' sources to the points, after the anatomy moved by (4, 4)."""
        return self.points_ras @ motion[:3, :3].T + motion[:3, 3] - self.sources_ras

    def misses_mm(self, motion: Matrix) -> Matrix:
        """(n, 2) mm across the rays from the rays to the points, after the anatomy moved by (4, 4)."""
        return np.einsum("nki,ni->nk", self.across_ras, self.from_sources(motion))

    def depths_mm(self, motion: Matrix) -> Matrix:
        """(n,) mm along the rays from their sources, after the anatomy moved by (4, 4)."""
        return np.einsum("ni,ni->n", self.along_ras, self.from_sources(motion))


def correspondences(
    maps: Sequence[SceneCoordinateMaps], projections: Sequence[Projection], seed: int
) -> Correspondences:
    """Both points of a few thousand valid pixels of all views, drawn at random.

    Raises:
        GeometryError: no X-ray, maps of another number or size than the projections, or fewer than `LEAST_PIXELS`.
    """
    _check(maps, projections)
    rng = np.random.default_rng(seed)
    share = min(1.0, _MOST_PIXELS / sum(int(m.valid.sum()) for m in maps))
    views = [_of_view(m, p, n, share, rng) for n, (m, p) in enumerate(zip(maps, projections, strict=True))]
    fields = (np.concatenate(of_views, axis=1) for of_views in zip(*views, strict=True))
    return Correspondences(*(field.reshape(-1, *field.shape[2:]) for field in fields))


def partial_point_cloud(maps: Sequence[SceneCoordinateMaps], name: str = "Partial point cloud") -> PointCloud:
    """The valid entry and exit points of X-rays, which are bone surface in the CT's frame whatever the pose.

    Raises:
        VolumeError: no valid pixel.
    """
    entries = [(m.entry_ras[m.valid], m.entry_sigma_mm[m.valid]) for m in maps]
    exits = [(m.exit_ras[m.valid], m.exit_sigma_mm[m.valid]) for m in maps]
    count = sum(len(points) for points, _ in entries)
    points, sigma = (np.concatenate(values) for values in zip(*entries, *exits, strict=True))
    return PointCloud(points, sigma, np.repeat([False, True], count), name)


def _check(maps: Sequence[SceneCoordinateMaps], projections: Sequence[Projection]) -> None:
    if not maps or len(maps) != len(projections):
        raise GeometryError(f"{len(maps)} scene-coordinate maps for {len(projections)} X-rays; give one for each.")
    for number, (of_view, projection) in enumerate(zip(maps, projections, strict=True), 1):
        if of_view.valid.shape != projection.size_px:
            raise GeometryError(
                f"The scene-coordinate maps of X-ray {number} are {of_view.valid.shape}, its projection is "
                f"{projection.size_px}; resample the projection."
            )
    pixels = sum(int(of_view.valid.sum()) for of_view in maps)
    if pixels < LEAST_PIXELS:
        raise GeometryError(
            f"Only {pixels} pixels have valid scene coordinates, which is too few for a pose; the X-ray does not show "
            "the anatomy that the model was trained for, or hardly any of it."
        )


def _of_view(
    maps: SceneCoordinateMaps, projection: Projection, number: int, share: float, rng: np.random.Generator
) -> tuple[NDArray, ...]:
    """The fields of `Correspondences`, of one view, with a leading axis for entry and exit."""
    rows, columns = np.nonzero(maps.valid)
    chosen = rng.permutation(len(rows))[: int(np.ceil(share * len(rows)))]
    patch = number * _PATCHES**2 + _PATCHES * _parts(rows)[chosen] + _parts(columns)[chosen]
    rows, columns = rows[chosen], columns[chosen]
    points = np.stack([maps.entry_ras[rows, columns], maps.exit_ras[rows, columns]]).astype(float)
    sigma = np.stack([maps.entry_sigma_mm[rows, columns], maps.exit_sigma_mm[rows, columns]]).astype(float)
    along = np.column_stack([columns, rows, np.ones(len(rows))]) @ projection.pixel_to_ras_direction.T
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    of_rays = (along, _across(along, projection.extrinsic[0, :3]), np.full(len(rows), number), patch)
    sources = np.broadcast_to(projection.source_ras, points.shape)
    return points, np.maximum(sigma, _LEAST_SIGMA_MM), sources, *(np.stack([rays, rays]) for rays in of_rays)


def _parts(indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """In which of `_PATCHES` equal parts of their range the indices are."""
    if not len(indices):
        return indices
    return (indices - indices.min()) * _PATCHES // (np.ptp(indices) + 1)


def _across(along: Matrix, horizontal: Matrix) -> Matrix:
    """Two unit vectors (n, 2, 3) across unit vectors (n, 3), none of which is along `horizontal` (3,)."""
    down = np.cross(along, horizontal)
    down /= np.linalg.norm(down, axis=1, keepdims=True)
    return np.stack([np.cross(down, along), down], axis=1)
