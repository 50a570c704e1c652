"""Poses that fit clicked landmarks: linear starts, and their refinement over one rigid motion of all views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from xray3d.geometry import Projection
from xray3d.geometry.poses import about, rotation_angle, se3_exp
from xray3d.geometry.rays import nearest_to_rays, rays_of

Matrix = NDArray[np.float64]

CLICK_MM = 2.0
"""Standard error on the receptor with which people click anatomy."""

# Rotations count as the millimetres by which they move what lies this far from the middle of the landmarks.
_LEVER_MM = 100.0
_NEAREST_DEPTH_MM = 1.0
_COLLINEAR = 0.02
# Keeps directions that no landmark tells finite: standard errors end at a kilometre.
_LEAST_INFORMATION = 1e-12


@dataclass(frozen=True, eq=False)
class Sightings:
    """CT points and where the views show them.

    Attributes:
        projections: of the views, as they stand before the registration.
        points: (n, 3) RAS mm.
        pixels: (views, n, 2) as (column, row); NaN where a view does not show a point.
    """

    projections: tuple[Projection, ...]
    points: Matrix
    pixels: Matrix

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(views, n): which view shows which point."""
        return np.isfinite(self.pixels[..., 0])

    def misses_mm(self, motion: Matrix) -> Matrix:
        """Distances on the receptors, column and row of each sighting, after the anatomy moved by (4, 4); flat."""
        misses = []
        for view, projection in enumerate(self.projections):
            homogeneous = self._homogeneous(motion, view)
            depth = np.maximum(homogeneous[:, 2:], _NEAREST_DEPTH_MM)
            clicked = self.pixels[view, self.seen[view]]
            misses.append((homogeneous[:, :2] / depth - clicked) * projection.pixel_mm[::-1])
        return np.concatenate(misses).ravel()

    def depths_mm(self, motion: Matrix) -> Matrix:
        """Depth of each sighting from its view's source, after the anatomy moved by (4, 4); flat."""
        return np.concatenate([self._homogeneous(motion, view)[:, 2] for view in range(len(self.projections))])

    def _homogeneous(self, motion: Matrix, view: int) -> Matrix:
        return (self.projections[view].matrix @ motion @ self._columns[:, self.seen[view]]).T

    @property
    def _columns(self) -> Matrix:
        return np.column_stack([self.points, np.ones(len(self.points))]).T


@dataclass(frozen=True, eq=False)
class Fit:
    """A motion of the anatomy that fits the sightings.

    Attributes:
        motion: rigid (4, 4) RAS to RAS, mm; the views move by its inverse.
        cost: half the robust sum of squared misses, mm².
        shift_error_mm: standard error for `CLICK_MM` in the weakest direction that was free.
        rotation_error_deg: likewise about the weakest axis; 0 where the rotation was kept.
    """

    motion: Matrix
    cost: float
    shift_error_mm: float
    rotation_error_deg: float

    def apart_deg(self, motion: Matrix) -> float:
        """Angle between this motion and another (4, 4)."""
        return float(np.rad2deg(rotation_angle(np.linalg.solve(motion, self.motion))))


def fit_in_plane(sightings: Sightings) -> Fit:
    """A shift along rows and columns of the view that shows most landmarks; rotation and depth are kept."""
    best = sightings.projections[int(sightings.seen.sum(axis=1).argmax())]
    return _refined(sightings, np.vstack([best.extrinsic[:2, :3].T, np.zeros((3, 2))]), np.eye(4))


def fit_shift(sightings: Sightings) -> Fit:
    """A shift in all directions; the rotation is kept."""
    free = np.eye(6)[:, :3]
    starts = [fit_in_plane(sightings).motion, _shift_onto_rays(sightings)]
    return min((_refined(sightings, free, start) for start in starts), key=lambda fit: fit.cost)


def fit_poses(sightings: Sightings, starts: Sequence[Matrix] = ()) -> list[Fit]:
    """Rotation and shift, refined from every start that the landmarks give and from those passed; best first.

    Fits with landmarks behind a source are left out.
    """
    free = np.diag([1.0] * 3 + [1 / _LEVER_MM] * 3)
    candidates = [*_pnp_motions(sightings), *_triangulated_motion(sightings), *starts]
    fits = [_refined(sightings, free, start) for start in candidates]
    return sorted((fit for fit in fits if (sightings.depths_mm(fit.motion) > 0).all()), key=lambda fit: fit.cost)


def are_collinear(points: Matrix) -> bool:
    """Whether points (n, 3) lie on one line, or nearly so."""
    if len(points) < 3:
        return True
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return bool(spread[1] <= _COLLINEAR * spread[0])


def _refined(sightings: Sightings, free: Matrix, start: Matrix) -> Fit:
    """Least squares over the twists (6,) that the columns of `free` (6, k) span, about the middle of the landmarks."""
    middle = (start @ [*sightings.points.mean(axis=0), 1])[:3]

    def motion(parameters: Matrix) -> Matrix:
        return about(middle, se3_exp(free @ parameters)) @ start

    solution = least_squares(
        lambda parameters: sightings.misses_mm(motion(parameters)),
        np.zeros(free.shape[1]),
        loss="soft_l1",
        f_scale=CLICK_MM,
        ftol=1e-12,
        xtol=1e-12,
        gtol=1e-12,
    )
    information, axes = np.linalg.eigh(solution.jac.T @ solution.jac / CLICK_MM**2)
    covariance = axes / np.maximum(information, _LEAST_INFORMATION) @ axes.T
    turn_mm = np.sqrt(np.linalg.norm(covariance[3:, 3:], 2)) if len(covariance) > 3 else 0.0
    return Fit(
        motion=motion(solution.x),
        cost=float(solution.cost),
        shift_error_mm=float(np.sqrt(np.linalg.norm(covariance[:3, :3], 2))),
        rotation_error_deg=float(np.degrees(turn_mm / _LEVER_MM)),
    )


def _shift_onto_rays(sightings: Sightings) -> Matrix:
    """The shift that brings every point nearest to its rays, all counted alike."""
    sources, directions = [], []
    for projection, pixels, seen in zip(sightings.projections, sightings.pixels, sightings.seen, strict=True):
        sources.append(projection.source_ras - sightings.points[seen])
        directions.append(rays_of(projection, pixels[seen]))
    motion = np.eye(4)
    motion[:3, 3] = nearest_to_rays(np.concatenate(sources), np.concatenate(directions))[0]
    return motion


def _pnp_motions(sightings: Sightings) -> Iterator[Matrix]:
    """SQPnP (Terzakis and Lourakis, ECCV 2020) in every view that shows enough landmarks, and each pose reversed."""
    for projection, pixels, seen in zip(sightings.projections, sightings.pixels, sightings.seen, strict=True):
        points = sightings.points[seen]
        if len(points) < 4 or are_collinear(points):
            continue
        rays = np.column_stack([pixels[seen], np.ones(len(points))]) @ np.linalg.inv(projection.intrinsic).T
        _, turns, shifts, _ = cv2.solvePnPGeneric(points, rays[:, :2].copy(), np.eye(3), None, flags=cv2.SOLVEPNP_SQPNP)
        for turn, shift in zip(turns, shifts, strict=True):
            extrinsic = np.eye(4)
            extrinsic[:3, :3], extrinsic[:3, 3] = cv2.Rodrigues(turn)[0], np.ravel(shift)
            if np.isfinite(extrinsic).all():
                motion = np.linalg.inv(projection.extrinsic) @ extrinsic
                yield from (motion, _reversed(motion, points, projection.source_ras))


def _reversed(motion: Matrix, points: Matrix, source: Matrix) -> Matrix:
    """The pose that looks almost alike where points (n, 3) are nearly flat: what was nearer to the source is farther.

    That is a reflection in depth, made a rotation by another one, in the plane of the points.
    """
    middle = points.mean(axis=0)
    normal = np.linalg.svd(points - middle)[2][2]
    moved = motion[:3, :3] @ middle + motion[:3, 3]
    return _reflection(moved, (moved - source) / np.linalg.norm(moved - source)) @ motion @ _reflection(middle, normal)


def _reflection(point: Matrix, normal: Matrix) -> Matrix:
    """(4, 4) reflection in the plane through a point (3,) with the unit normal (3,)."""
    reflection = np.eye(4)
    reflection[:3, :3] -= 2 * np.outer(normal, normal)
    reflection[:3, 3] = 2 * (normal @ point) * normal
    return reflection


def _triangulated_motion(sightings: Sightings) -> Iterator[Matrix]:
    """The motion onto the landmarks that two or more views show, where these are three and not on one line."""
    chosen = sightings.seen.sum(axis=0) >= 2
    points = sightings.points[chosen]
    if are_collinear(points):
        return
    found = np.stack([triangulated(sightings, index)[0] for index in np.flatnonzero(chosen).tolist()])
    yield _rigid_between(points, found)


def triangulated(sightings: Sightings, index: int) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    """The point nearest to the rays of one landmark (see `nearest_to_rays`), its information, the sources and rays."""
    views = np.flatnonzero(sightings.seen[:, index])
    sources = np.stack([sightings.projections[view].source_ras for view in views])
    rays = [rays_of(sightings.projections[view], sightings.pixels[view, [index]])[0] for view in views]
    directions = np.stack(rays)
    return *nearest_to_rays(sources, directions), sources, directions


def _rigid_between(points: Matrix, targets: Matrix) -> Matrix:
    """Least squares rigid motion (4, 4) of points (n, 3) onto targets (Kabsch, Acta Cryst. A32, 1976)."""
    middle, target_middle = points.mean(axis=0), targets.mean(axis=0)
    left, _, right = np.linalg.svd((targets - target_middle).T @ (points - middle))
    motion = np.eye(4)
    motion[:3, :3] = left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right
    motion[:3, 3] = target_middle - motion[:3, :3] @ middle
    return motion
