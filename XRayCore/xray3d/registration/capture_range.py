"""From how far away a registration still finds the truth: starts at known distances, and the capture range.

The protocol is that of van de Kraats, Penney, Tomaževič, van Walsum and Niessen, "Standardized evaluation methodology
for 2-D-3-D registration", IEEE Transactions on Medical Imaging 24:1177, 2005.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.spatial.transform import Rotation

from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.geometry.poses import about

Array = NDArray[np.float64]

SUCCESS_MM = 2.0
SUCCESS_SHARE = 0.95


@dataclass(frozen=True)
class StartBin:
    """The starts whose initial mTRE is at least `low_mm` and below `high_mm`."""

    low_mm: float
    high_mm: float
    starts: int
    successes: int

    @property
    def share(self) -> float:
        """Share of successes, 0 to 1; NaN without starts."""
        return self.successes / self.starts if self.starts else float("nan")


@dataclass(frozen=True)
class CaptureRange:
    """The outcome of the protocol.

    Attributes:
        range_mm: upper edge of the last bin such that in it and in all before it enough registrations succeed; 0 when
            not even the first does.
        bins: from 0 mm up to the farthest start.
        too_few: the bins with fewer starts than were asked for, which prove nothing.
    """

    range_mm: float
    bins: tuple[StartBin, ...]
    too_few: tuple[StartBin, ...]


def capture_range(
    initial_mtre_mm: ArrayLike, final_mtre_mm: ArrayLike, bin_mm: float, least_starts: int = 20
) -> CaptureRange:
    """The capture range of registrations from many starts: final mTRE below 2 mm in 95 % of each bin.

    Args:
        initial_mtre_mm: (n,) of the starts.
        final_mtre_mm: (n,) of their results; NaN or infinite where a registration gave none.
        bin_mm: width of the bins.
        least_starts: a bin with fewer starts ends the range, whatever their success.

    Raises:
        GeometryError: initial and final errors do not belong together, or no positive bin width.
    """
    initial, final = np.asarray(initial_mtre_mm, float), np.asarray(final_mtre_mm, float)
    if initial.ndim != 1 or initial.shape != final.shape or not len(initial):
        raise GeometryError("A capture range needs one initial and one final mTRE for every start, and at least one.")
    if not np.isfinite(initial).all() or initial.min() < 0:
        raise GeometryError("The initial mTRE of every start must be a distance in mm.")
    if not bin_mm > 0:
        raise GeometryError(f"bin_mm must be a positive width in mm, not {bin_mm}.")
    bins = _binned(initial, final < SUCCESS_MM, bin_mm)
    return CaptureRange(_range_mm(bins, least_starts), bins, tuple(b for b in bins if b.starts < least_starts))


def _binned(initial: Array, success: NDArray[np.bool_], bin_mm: float) -> tuple[StartBin, ...]:
    # starts were placed at a bin's edge by root finding: they belong above it, not where rounding puts them
    index = np.floor(initial / bin_mm + 1e-6).astype(int)
    return tuple(
        StartBin(n * bin_mm, (n + 1) * bin_mm, int((index == n).sum()), int(success[index == n].sum()))
        for n in range(index.max() + 1)
    )


def _range_mm(bins: Sequence[StartBin], least_starts: int) -> float:
    for b in bins:
        if b.starts < least_starts or b.share < SUCCESS_SHARE:
            return b.low_mm
    return bins[-1].high_mm


def starts_at_mtre(
    projections: Sequence[Projection], targets_ras: ArrayLike, mtre_mm: float, rng: np.random.Generator
) -> list[Projection]:
    """The projections moved together by a random rigid transform after which their mTRE is exactly `mtre_mm`.

    The rotation, about the centre of the targets and any axis, takes a random part of that distance; a translation
    in a random direction takes the rest.

    Args:
        projections: the true ones, of one or several X-rays.
        targets_ras: (n, 3) mm.
        mtre_mm: what the mTRE of the result is to be.
        rng: source of the directions.
    """
    targets = np.asarray(targets_ras, float)
    offsets = targets - targets.mean(axis=0)
    radius_mm = float(np.linalg.norm(offsets, axis=1).mean())
    # A point turned by an angle is displaced by less than angle times radius: the rotation leaves something to shift.
    largest_rad = min(mtre_mm / radius_mm, np.pi / 2) if radius_mm > 0 else 0.0
    rotation = Rotation.from_rotvec(_direction(rng) * rng.uniform(0, largest_rad))
    direction, turned = _direction(rng), rotation.apply(offsets) - offsets

    def excess_mm(length_mm: float) -> float:
        return float(np.linalg.norm(turned + length_mm * direction, axis=1).mean()) - mtre_mm

    # the mean distance cannot be below the length of the shift less what the rotation displaces
    length_mm = brentq(excess_mm, 0.0, 2 * mtre_mm + 1e-9, xtol=1e-12) if mtre_mm > 0 else 0.0
    transform = about(targets.mean(axis=0), _rigid(rotation, length_mm * direction))
    return [projection.moved(transform) for projection in projections]


def random_starts(n: int, max_deg: float, max_mm: float, seed: int, center_ras: ArrayLike) -> Array:
    """(n, 4, 4) rigid RAS transforms: a rotation about a random axis through a point, then a random translation.

    The angle is uniform from 0 to `max_deg`, the length of the translation uniform from 0 to `max_mm`, and all
    directions are equally likely.

    Args:
        center_ras: (3,) mm, the point that only the translation moves.
    """
    rng = np.random.default_rng(seed)
    transforms = np.empty((n, 4, 4))
    for transform in transforms:
        rotation = Rotation.from_rotvec(_direction(rng) * rng.uniform(0, np.deg2rad(max_deg)))
        transform[:] = about(center_ras, _rigid(rotation, _direction(rng) * rng.uniform(0, max_mm)))
    return transforms


def _direction(rng: np.random.Generator) -> Array:
    vector = rng.standard_normal(3)
    return vector / np.linalg.norm(vector)


def _rigid(rotation: Rotation, translation_mm: Array) -> Array:
    transform = np.eye(4)
    transform[:3, :3], transform[:3, 3] = rotation.as_matrix(), translation_mm
    return transform
