"""Robust refinement of a pose that points of the CT and rays through them determine.

A network is wrong about the point, while the pixel is exact. So what is minimised is how far the points are off their
rays, in millimetres at the point. The distance on the receptor, which solvers of perspective from points minimise, has
the noisy coordinates in its denominator, as it were: it sees the anatomy too large by its noise, and so too far away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xray3d.geometry.poses import about, se3_exp
from xray3d.registration.scene_correspondences import Correspondences

Matrix = NDArray[np.float64]

_STEPS = 30
_LAST_STEP_MM = 1e-4
# The median distance of errors that are normal in two directions, in standard deviations of one.
_MEDIAN = 1.1774
# Distances beyond so many sigma are outliers.
_CUT = 3.0
# By so much predicted sigmas may be too small or too large before they are not believed.
_SCALES = (0.3, 3.0)
# Whatever their sigma: nearer than the first, points agree with a pose; farther than the second, they do not.
_AGREE_MM, _DISAGREE_MM = 1.0, 10.0
# Fewer patches than this do not tell how errors go together.
_LEAST_PATCHES = 10
_TURN_MM = 100.0


@dataclass(frozen=True, eq=False)
class Fit:
    """A pose of the anatomy and how the correspondences agree with it.

    Attributes:
        motion: rigid (4, 4) RAS to RAS, mm: from the CT's frame to that of the projections.
        scale: by which the errors are larger than the sigmas, estimated from those that agree.
        distances_mm: (n,) from the rays.
        inliers: (n,) which agree: in front of the source, and within three scaled sigmas or a millimetre, but at most
            ten; none, where most rays would leave bone before they enter it.
        cost: mean over the correspondences of the squared share of that limit, 1 for those that do not agree.
    """

    motion: Matrix
    scale: float
    distances_mm: Matrix
    inliers: NDArray[np.bool_]
    cost: float


def refined(pairs: Correspondences, start: Matrix) -> Fit:
    """Gauss–Newton on the points' distances from their rays, weighted by 1/sigma² and Tukey's biweight."""
    motion, scale = start, _SCALES[1]
    for _ in range(_STEPS):
        misses = pairs.misses_mm(motion)
        scale = _scale(misses, pairs.sigma_mm, scale)
        pivot, jacobian = _jacobian(pairs, motion)
        weights = _weights(misses, pairs.sigma_mm, scale)
        weighted = (jacobian * weights[:, None, None]).reshape(-1, 6).T
        information, gradient = weighted @ jacobian.reshape(-1, 6), weighted @ misses.ravel()
        step = -np.linalg.lstsq(information, gradient, rcond=1e-12)[0]
        motion = about(pivot, se3_exp(step)) @ motion
        if np.linalg.norm(step * [1, 1, 1, _TURN_MM, _TURN_MM, _TURN_MM]) < _LAST_STEP_MM:
            break
    return judged(pairs, motion, scale)


def judged(pairs: Correspondences, motion: Matrix, scale: float) -> Fit:
    """The pose as it is."""
    distances, depths = np.linalg.norm(pairs.misses_mm(motion), axis=1), pairs.depths_mm(motion)
    limits = np.clip(_CUT * scale * pairs.sigma_mm, _AGREE_MM, _DISAGREE_MM)
    inliers = (distances < limits) & (depths > 0)
    if _is_reversed(depths, inliers):
        inliers = np.zeros_like(inliers)
    cost = np.where(inliers, (distances / limits) ** 2, 1.0).mean()
    return Fit(motion, scale, distances, inliers, float(cost))


def _is_reversed(depths: Matrix, inliers: NDArray[np.bool_]) -> bool:
    """Whether most rays would leave bone before they enter it.

    Then the anatomy fits as its reflection in depth, which from a distant source looks almost alike: that is how the
    maps of a mirrored patient fit.
    """
    (entry, leave), agree = depths.reshape(2, -1), inliers.reshape(2, -1).all(axis=0)
    return bool(np.sum((leave < entry)[agree]) > agree.sum() / 2)


def covariance(pairs: Correspondences, fit: Fit) -> tuple[Matrix, Matrix]:
    """How uncertain a pose is: (6, 6) of the anatomy as a twist about a pivot (3,), both in the CT's frame.

    As if every point erred on its own, times by how much more the points of a patch say together than that (the design
    effect of Kish, "Survey Sampling", 1965): errors of neighbours go together. Those that are common to the whole image
    show nowhere in it. Infinite where the points do not determine the pose, or are in too few patches.
    """
    misses = pairs.misses_mm(fit.motion)
    pivot, jacobian = _jacobian(pairs, fit.motion)
    pivot_ras = fit.motion[:3, :3].T @ (pivot - fit.motion[:3, 3])
    weights = _weights(misses, pairs.sigma_mm, fit.scale)
    patches, patch = np.unique(pairs.patch[weights > 0], return_inverse=True)
    information = np.einsum("nki,n,nkj->ij", jacobian, weights, jacobian)
    if np.linalg.matrix_rank(information, tol=1e-9 * np.trace(information)) < 6 or len(patches) < _LEAST_PATCHES:
        return np.diag(np.full(6, np.inf)), pivot_ras
    alone = np.einsum("nki,n,nkj->ij", jacobian, weights**2 * (misses**2).mean(axis=1), jacobian)
    scores = np.zeros((len(patches), 6))
    np.add.at(scores, patch, np.einsum("nki,n,nk->ni", jacobian, weights, misses)[weights > 0])
    freedom = 6 * (len(patches) - 6) / len(patches)
    design = max(1.0, float(np.trace(np.linalg.lstsq(alone, scores.T @ scores, rcond=None)[0])) / freedom)
    turned = np.kron(np.eye(2), fit.motion[:3, :3].T) @ np.linalg.inv(information)
    return design * turned @ alone @ turned.T, pivot_ras


def _scale(misses: Matrix, sigma_mm: Matrix, before: float) -> float:
    """How many sigmas the errors are, from the median of those that are no outliers by the scale `before`."""
    relative = np.linalg.norm(misses, axis=1) / sigma_mm
    near = relative[relative < _CUT * before]
    return float(np.clip(np.median(near) / _MEDIAN, *_SCALES)) if len(near) else before


def _weights(misses: Matrix, sigma_mm: Matrix, scale: float) -> Matrix:
    """(n,) Tukey's biweight, so cut that normal errors lose little, over the variance."""
    relative = np.linalg.norm(misses, axis=1) / (sigma_mm * scale * 5.0)
    return np.clip(1 - relative**2, 0, None) ** 2 / sigma_mm**2


def _jacobian(pairs: Correspondences, motion: Matrix) -> tuple[Matrix, Matrix]:
    """A pivot (3,) in the middle of the moved points, and d misses / d twist about it, (n, 2, 6)."""
    moved = pairs.from_sources(motion) + pairs.sources_ras
    pivot = np.median(moved, axis=0)
    turning = np.cross((moved - pivot)[:, None], pairs.across_ras)
    return pivot, np.concatenate([pairs.across_ras, turning], axis=2)
