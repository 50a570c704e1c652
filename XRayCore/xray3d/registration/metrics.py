"""How far registered projections are from the true ones.

Estimate and truth describe the same X-ray. Where the CT is as the estimate sees it, seen from the true camera, is given
by the rigid transform inverse(true extrinsic) @ estimated extrinsic: it carries every point of the CT to where the
registration believes it is. Views that were moved together all have the same one.

The distances of targets are those of van de Kraats, Penney, Tomaževič, van Walsum and Niessen, "Standardized evaluation
methodology for 2-D-3-D registration", IEEE Transactions on Medical Imaging 24:1177, 2005.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.geometry.poses import rotation_angle
from xray3d.registration.statistics import percentile

Array = NDArray[np.float64]

GROSS_FAILURE_MM = 10.0
SUCCESS_LIMITS_MM = (1.0, 2.0, 10.0)
PERCENTILES = (25, 50, 75, 95)


@dataclass(frozen=True)
class PoseError:
    """The error of one registration; with several views the mean over them.

    Attributes:
        mtre_mm: mean target registration error, in 3D.
        mpd_mm: mean projection distance, scaled down from the receptor to the depth of each target; infinite when the
            estimate puts a target behind the source.
        mrpd_mm: mean reprojection distance, of the targets from the lines through their registered projections;
            infinite in the same case.
        rotation_deg: angle of the rigid error.
        translation_mm: displacement of the targets' centre.
        along_mm: its part along the ray from the true source through that centre, without sign.
        across_mm: its part across that ray.
    """

    mtre_mm: float
    mpd_mm: float
    mrpd_mm: float
    rotation_deg: float
    translation_mm: float
    along_mm: float
    across_mm: float

    @property
    def gross_failure(self) -> bool:
        """Whether the mTRE is above `GROSS_FAILURE_MM`."""
        return self.mtre_mm > GROSS_FAILURE_MM


@dataclass(frozen=True)
class ErrorSummary:
    """Many registrations together.

    Attributes:
        n: how many.
        percentiles: of every attribute of `PoseError`, by its name, the values at `PERCENTILES` by percent.
        success_rates: share, 0 to 1, with an mTRE below each of `SUCCESS_LIMITS_MM`, by that limit.
        gross_failure_rate: share with an mTRE above `GROSS_FAILURE_MM`.
    """

    n: int
    percentiles: dict[str, dict[int, float]]
    success_rates: dict[float, float]
    gross_failure_rate: float


def pose_error(estimated: Sequence[Projection], true: Sequence[Projection], targets_ras: ArrayLike) -> PoseError:
    """The error of the estimated projections of one or several X-rays.

    Args:
        targets_ras: (n, 3) mm, points of the anatomy in the CT's frame.

    Raises:
        GeometryError: not as many estimated as true projections, or no finite targets.
    """
    targets = _checked(estimated, true, targets_ras)
    pairs = list(zip(estimated, true, strict=True))
    centre = targets.mean(axis=0)
    shifts = [_moved(rigid_error(*pair), centre) - centre for pair in pairs]
    rays = [(centre - view.source_ras) / np.linalg.norm(centre - view.source_ras) for view in true]
    along = [ray @ shift for ray, shift in zip(rays, shifts, strict=True)]
    across = [np.linalg.norm(shift - a * ray) for a, ray, shift in zip(along, rays, shifts, strict=True)]
    return PoseError(
        mtre_mm=float(np.mean([target_registration_errors(*pair, targets) for pair in pairs])),
        mpd_mm=float(np.mean([projection_distances(*pair, targets) for pair in pairs])),
        mrpd_mm=float(np.mean([reprojection_distances(*pair, targets) for pair in pairs])),
        rotation_deg=float(np.rad2deg(np.mean([rotation_angle(rigid_error(*pair)) for pair in pairs]))),
        translation_mm=float(np.mean(np.linalg.norm(shifts, axis=1))),
        along_mm=float(np.mean(np.abs(along))),
        across_mm=float(np.mean(across)),
    )


def mean_target_registration_error(
    estimated: Sequence[Projection], true: Sequence[Projection], targets_ras: ArrayLike
) -> float:
    """The mTRE alone, mm; arguments and errors as those of `pose_error`."""
    targets = _checked(estimated, true, targets_ras)
    pairs = zip(estimated, true, strict=True)
    return float(np.mean([target_registration_errors(*pair, targets) for pair in pairs]))


def rigid_error(estimated: Projection, true: Projection) -> Array:
    """(4, 4) RAS to RAS: carries points of the CT from their true place to where the estimate has them."""
    return np.linalg.inv(true.extrinsic) @ estimated.extrinsic


def target_registration_errors(estimated: Projection, true: Projection, targets_ras: Array) -> Array:
    """(n,) mm: how far each target (n, 3) is displaced in 3D."""
    return np.linalg.norm(_moved(rigid_error(estimated, true), targets_ras) - targets_ras, axis=1)


def projection_distances(estimated: Projection, true: Projection, targets_ras: Array) -> Array:
    """(n,) mm: distances of the targets' projections on the receptor, times true depth over source to detector.

    So scaled they are distances in the plane through the target, and comparable between geometries. Infinite for a
    target that one of the two has behind its source.
    """
    row_mm, col_mm = true.pixel_mm
    on_receptor = (estimated.project(targets_ras) - true.project(targets_ras)) * [col_mm, row_mm]
    depth = _moved(true.extrinsic, targets_ras)[:, 2]
    return _nan_as_infinite(np.linalg.norm(on_receptor, axis=1) * depth / true.sdd_mm)


def reprojection_distances(estimated: Projection, true: Projection, targets_ras: Array) -> Array:
    """(n,) mm: how far each target is from the line from the true source through its estimated projection.

    Infinite for a target that the estimate has behind its source.
    """
    pixels = estimated.project(targets_ras)
    lines = true.unproject(pixels, np.ones(len(pixels))) - true.source_ras
    lines /= np.linalg.norm(lines, axis=1, keepdims=True)
    return _nan_as_infinite(np.linalg.norm(np.cross(lines, targets_ras - true.source_ras), axis=1))


def summary(errors: Sequence[PoseError]) -> ErrorSummary:
    """Percentiles and rates of many registrations; NaN where there is none."""
    mtre = np.array([error.mtre_mm for error in errors])
    names = list(PoseError.__dataclass_fields__)
    values = {name: [getattr(error, name) for error in errors] for name in names}
    nan = float("nan")
    return ErrorSummary(
        n=len(errors),
        percentiles={name: {p: percentile(values[name], p) for p in PERCENTILES} for name in names},
        success_rates={limit: float(np.mean(mtre < limit)) if errors else nan for limit in SUCCESS_LIMITS_MM},
        gross_failure_rate=float(np.mean(mtre > GROSS_FAILURE_MM)) if errors else nan,
    )


def _checked(estimated: Sequence[Projection], true: Sequence[Projection], targets_ras: ArrayLike) -> Array:
    targets = np.asarray(targets_ras, float)
    if not len(true) or len(estimated) != len(true):
        raise GeometryError(
            f"There are {len(estimated)} estimated and {len(true)} true projections; pass one of each for every X-ray."
        )
    if targets.ndim != 2 or targets.shape[1:] != (3,) or not len(targets) or not np.isfinite(targets).all():
        raise GeometryError("targets_ras must be one or more finite positions (n, 3) in mm.")
    return targets


def _moved(transform: Array, points: Array) -> Array:
    return points @ transform[:3, :3].T + transform[:3, 3]


def _nan_as_infinite(distances: Array) -> Array:
    return np.where(np.isnan(distances), np.inf, distances)
