"""Starts for a registration from landmarks that were marked in the CT and on the X-rays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.registration.landmark_solver import (
    CLICK_MM,
    Fit,
    Sightings,
    are_collinear,
    fit_in_plane,
    fit_poses,
    fit_shift,
)

Solved = Literal["pose", "shift", "in-plane shift"]

_PAIRS_FOR_A_POSE = 4
# Known angles and depths are about this good; clicks that tell less must not replace them.
_KNOWN_DEPTH_MM = 50.0
_KNOWN_ANGLES_DEG = 10.0
# Clicks cannot tell poses apart whose costs differ by less than two standard errors make.
_ALIKE = 2 * CLICK_MM**2
_IMPLAUSIBLE_MM = 10.0
_SAME_POINT_MM = 0.1


@dataclass(frozen=True, eq=False)
class LandmarkPose:
    """Where landmarks put the X-rays.

    Attributes:
        projections: of the views, each moved by `transform_ras`.
        transform_ras: rigid (4, 4) RAS to RAS, mm, from where the views stood to where the landmarks put them.
        residuals_px: (views, n) distance between a landmark's click and its projection; NaN where it was not clicked.
        residuals_mm: (views, n) the same at the depth of the landmark. As many pairs as unknowns leave none, whatever
            the clicks: one pair always fits.
        solved: what followed from the landmarks: "pose", all of it; "shift", with the rotation kept; "in-plane
            shift", with the rotation and the depth kept.
        warning: one sentence where the landmarks do not fit or hardly determine the pose, else empty.
    """

    projections: tuple[Projection, ...]
    transform_ras: NDArray[np.float64]
    residuals_px: NDArray[np.float64]
    residuals_mm: NDArray[np.float64]
    solved: Solved
    warning: str


def pose_from_landmarks(
    projections: Sequence[Projection],
    points_ras: ArrayLike,
    pixels: ArrayLike,
    *,
    angles_known: bool = True,
    names: Sequence[str] | None = None,
) -> LandmarkPose:
    """Place X-rays by pairs of points; several views move as one.

    Four pairs give the pose, as do three that two views show. Fewer pairs keep the rotation, and where they lie too
    close together to tell it, the depth; that takes `angles_known`.

    Args:
        projections: of the views: intrinsic, and where they stand relative to each other and, with `angles_known`,
            to the patient.
        points_ras: (n, 3) landmarks in the CT, mm.
        pixels: (views, n, 2) the same landmarks as (column, row); NaN where a view does not show one.
        angles_known: the rotation of `projections` relative to the CT is right to some ten degrees. False where
            their pose means nothing.
        names: (n,) what messages call the landmarks; None for their numbers.

    Raises:
        GeometryError: too few pairs, pairs on one line or twice the same, numbers of points, pixels and views that
            do not match, numbers that are not finite, or landmarks that would lie behind the source.
    """
    called = list(names) if names is not None else [f"Landmark {k + 1}" for k in range(len(np.atleast_1d(points_ras)))]
    sightings = _checked(projections, points_ras, pixels, called)
    fit, solved, doubt = _solve(sightings, angles_known)
    return _answer(sightings, fit, solved, doubt, called)


def _checked(projections: Sequence[Projection], points: ArrayLike, pixels: ArrayLike, names: list[str]) -> Sightings:
    if not projections:
        raise GeometryError("There is no X-ray to place by landmarks; give at least one.")
    positions, clicked = np.asarray(points, float), np.asarray(pixels, float)
    if positions.ndim != 2 or positions.shape[1] != 3 or not np.isfinite(positions).all():
        raise GeometryError("Landmarks in the CT must be finite RAS positions, three numbers each.")
    needed = (len(projections), len(positions), 2)
    if clicked.shape != needed or len(names) != len(positions):
        raise GeometryError(
            f"{needed[1]} points on {needed[0]} X-rays take pixels of shape {needed} and as many names, not "
            f"{clicked.shape} and {len(names)} names."
        )
    if np.isinf(clicked).any() or np.isnan(clicked).any(axis=-1).sum() * 2 != np.isnan(clicked).sum():
        raise GeometryError("A landmark on an X-ray must have a finite column and row, or be NaN in both.")
    sightings = Sightings(tuple(projections), positions, clicked)
    marked = np.flatnonzero(sightings.seen.any(axis=0))
    if not marked.size:
        raise GeometryError("No landmark is marked on an X-ray; mark at least one in the CT and on an X-ray.")
    _refuse_repeated(positions[marked], [names[k] for k in marked])
    return sightings


def _refuse_repeated(positions: NDArray[np.float64], names: list[str]) -> None:
    apart = np.linalg.norm(positions[:, None] - positions[None], axis=-1) + np.tri(len(positions)) * 1e9
    first, second = np.unravel_index(apart.argmin(), apart.shape)
    if apart[first, second] < _SAME_POINT_MM:
        raise GeometryError(f"{names[first]} and {names[second]} are the same point of the CT; remove one of them.")


def _solve(sightings: Sightings, angles_known: bool) -> tuple[Fit, Solved, str]:
    """The motion of the anatomy, what of it the landmarks gave, and a sentence where they hardly did."""
    kept = _with_kept_rotation(sightings) if angles_known else None
    marked = sightings.seen.any(axis=0)
    on_a_line = are_collinear(sightings.points[marked])
    enough = marked.sum() >= _PAIRS_FOR_A_POSE or (sightings.seen.sum(axis=0) >= 2).sum() >= _PAIRS_FOR_A_POSE - 1
    fits = fit_poses(sightings, [kept[0].motion] if kept else []) if enough and not on_a_line else []
    alike = [fit for fit in fits if fit.cost - fits[0].cost <= _ALIKE]
    if kept:
        best = min(alike, key=lambda fit: fit.apart_deg(np.eye(4)), default=None)
        return (*kept, "") if best is None or best.rotation_error_deg > _KNOWN_ANGLES_DEG else (best, "pose", "")
    if fits:
        return fits[0], "pose", _doubt(alike)
    if enough and on_a_line:
        raise GeometryError("The landmarks lie on one line, about which the pose can turn freely; mark one beside it.")
    raise GeometryError(
        "Without known C-arm angles it takes four landmarks on one X-ray, or three that two X-rays show, apart from "
        "each other; mark more."
    )


def _with_kept_rotation(sightings: Sightings) -> tuple[Fit, Solved]:
    shift = fit_shift(sightings)
    return (shift, "shift") if shift.shift_error_mm <= _KNOWN_DEPTH_MM else (fit_in_plane(sightings), "in-plane shift")


def _doubt(alike: list[Fit]) -> str:
    """A sentence on a rotation that only landmarks tell; `alike` are the poses that clicks cannot tell apart."""
    apart_deg = max(fit.apart_deg(alike[0].motion) for fit in alike)
    if apart_deg > _KNOWN_ANGLES_DEG:
        return f"The landmarks fit two poses, {apart_deg:.0f}° apart, alike; mark one that lies off their plane."
    if alike[0].rotation_error_deg > _KNOWN_ANGLES_DEG:
        return f"The landmarks tell the rotation to {alike[0].rotation_error_deg:.0f}° only; mark more, farther apart."
    return ""


def _answer(sightings: Sightings, fit: Fit, solved: Solved, doubt: str, names: list[str]) -> LandmarkPose:
    transform = np.asarray(np.linalg.inv(fit.motion), float)
    projections = tuple(projection.moved(transform) for projection in sightings.projections)
    residuals_px, residuals_mm = np.empty(sightings.seen.shape), np.empty(sightings.seen.shape)
    for view, (projection, pixels) in enumerate(zip(projections, sightings.pixels, strict=True)):
        seen = sightings.seen[view]
        depth_mm = (projection.extrinsic[:3] @ np.column_stack([sightings.points, np.ones(len(seen))]).T)[2]
        if (depth_mm[seen] <= 0).any():
            raise GeometryError(
                f"{names[int(np.argmax(seen & (depth_mm <= 0)))]} would lie behind the source of X-ray {view + 1}; "
                "check the pairs and where the X-ray stands."
            )
        residuals_px[view] = np.linalg.norm(projection.project(sightings.points) - pixels, axis=-1)
        residuals_mm[view] = np.linalg.norm(projection.unproject(pixels, depth_mm) - sightings.points, axis=-1)
    warning = _misfit(residuals_mm, names) or doubt
    return LandmarkPose(projections, transform, residuals_px, residuals_mm, solved, warning)


def _misfit(residuals_mm: NDArray[np.float64], names: list[str]) -> str:
    view, worst = np.unravel_index(np.nanargmax(residuals_mm), residuals_mm.shape)
    off_mm = residuals_mm[view, worst]
    if off_mm <= _IMPLAUSIBLE_MM:
        return ""
    return (
        f"{names[worst]} is {off_mm:.0f} mm off on X-ray {view + 1}; mark it again or leave it out, and check that "
        "left and right are not exchanged."
    )
