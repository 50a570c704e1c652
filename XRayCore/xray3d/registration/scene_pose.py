"""A pose with no start, from scene-coordinate maps.

Shrestha et al., "X-Ray to CT Rigid Registration Using Scene Coordinate Regression" (MICCAI 2023), take the pose from
RANSAC and count all pixels alike. Here that pose is a start: it is refined on all views at once, each point by its
uncertainty, and believed only where enough points agree with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xray3d.geometry import Projection
from xray3d.registration.scene_correspondences import Correspondences, SceneCoordinateMaps, correspondences
from xray3d.registration.scene_refinement import Fit, covariance, judged, refined

Matrix = NDArray[np.float64]

_CONSISTENT_SHARE, _MOST_SHARE = 0.25, 0.6
_RANSAC_POINTS = 1000
_RANSAC_STEPS = 2000
_RANSAC_CONFIDENCE = 0.9999
# How far points that agree with a start are off their rays, and how far from the source the patient is, by the
# receptor's distance: neither needs to be known well.
_REACH_SIGMAS, _LEAST_REACH_MM = 1.5, 1.5
_PATIENT_SHARE = 0.7


@dataclass(frozen=True, eq=False)
class ScenePose:
    """Where scene coordinates put the X-rays.

    Attributes:
        projections: of the views, each moved by `transform_ras`.
        transform_ras: rigid (4, 4) RAS to RAS, mm, moves the X-rays from where `projections` had them into the CT's
            frame; nothing, where no pose was found at all.
        consistent: whether a quarter of the points agree with the pose; otherwise it is none.
        inlier_share: share of the points, 0 to 1, that agree: within three sigmas of their rays, as the sigmas turned
            out, or a millimetre, but at most ten. None does where most rays would leave bone before they enter it.
        inlier_shares: the same of each view; 0 of one without valid pixels.
        residual_mm: median distance of these from their rays; NaN where none agrees.
        sigma_scale: by which the errors across the rays are larger than the maps' sigmas, between 0.3 and 3.
        covariance: (6, 6) of the pose of the anatomy as a world twist about `pivot_ras`: translation (mm), then
            rotation (rad). It includes errors that neighbouring pixels have in common, not those of a whole image,
            which networks also make. Infinite where the points do not determine the pose.
        pivot_ras: (3,) mm, the middle of the points.
    """

    projections: tuple[Projection, ...]
    transform_ras: Matrix
    consistent: bool
    inlier_share: float
    inlier_shares: tuple[float, ...]
    residual_mm: float
    sigma_scale: float
    covariance: Matrix
    pivot_ras: Matrix


def pose_from_scene_coordinates(
    maps: Sequence[SceneCoordinateMaps],
    projections: Sequence[Projection],
    seed: int = 0,
    near: Sequence[Projection] | None = None,
) -> ScenePose:
    """Place X-rays by what a network saw in them; several views move as one.

    RANSAC on each view gives starts, which are refined on all views; the pose with which the points agree best is the
    answer. It is OpenCV's USAC (Ivashechkin, Baráth and Matas, 2021) with MSAC scores and local optimisation: of six
    tried it leads to the same poses as PoseLib's LO-RANSAC, as fast, at up to four outliers in five, and it is there
    on every system already; OpenCV's older RANSAC takes ten times as long, its MAGSAC++ fails at such shares.

    Args:
        maps: of each view.
        projections: of the views at the size of their maps: the intrinsic, and where they stand relative to each
            other. Where they stand relative to the patient does not matter.
        seed: of the pixels that are drawn where there are many; the same seed gives the same pose.
        near: where the views may be. What most points agree with from there is the answer, without RANSAC.

    Raises:
        GeometryError: no X-ray, maps of another number or size than the projections, or hardly a valid pixel.
    """
    pairs = correspondences(maps, projections, seed)
    fits = []
    if near is not None:
        fits.append(refined(pairs, np.linalg.inv(projections[0].extrinsic) @ near[0].extrinsic))
        if fits[0].inliers.mean() >= _MOST_SHARE:
            return _answer(pairs, projections, fits[0])
    fits += [refined(pairs, start) for start in _starts(pairs, projections, seed)]
    if not fits:
        return _answer(pairs, projections, judged(pairs, np.eye(4), 1.0))
    return _answer(pairs, projections, min(fits, key=lambda fit: fit.cost))


def _starts(pairs: Correspondences, projections: Sequence[Projection], seed: int) -> Iterator[Matrix]:
    """Motions (4, 4) of the anatomy, one from each view in which RANSAC finds a pose."""
    rng = np.random.default_rng(seed)
    for number, projection in enumerate(projections):
        of_view = np.flatnonzero(pairs.view == number)
        if len(of_view) < 4:
            continue
        surer = 1 / pairs.sigma_mm[of_view]
        chosen = rng.choice(of_view, min(_RANSAC_POINTS, len(of_view)), replace=False, p=surer / surer.sum())
        directions = pairs.along_ras[chosen] @ projection.extrinsic[:3, :3].T
        rays = directions[:, :2] / directions[:, 2:]
        reach_mm = max(_REACH_SIGMAS * float(np.median(pairs.sigma_mm[chosen])), _LEAST_REACH_MM)
        extrinsic = _ransac(pairs.points_ras[chosen], rays, reach_mm / (_PATIENT_SHARE * projection.sdd_mm), seed)
        if extrinsic is not None:
            yield np.linalg.inv(projection.extrinsic) @ extrinsic


def _ransac(points: Matrix, rays: Matrix, reach: float, seed: int) -> Matrix | None:
    """RAS to camera (4, 4) from points (n, 3) and rays (n, 2) as x/z and y/z, of which an unknown share fits."""
    parameters = cv2.UsacParams()
    parameters.threshold, parameters.confidence = reach, _RANSAC_CONFIDENCE
    parameters.maxIterations, parameters.randomGeneratorState = _RANSAC_STEPS, seed
    parameters.score, parameters.loMethod = cv2.SCORE_METHOD_MSAC, cv2.LOCAL_OPTIM_INNER_LO
    try:
        found, _, turn, shift, _ = cv2.solvePnPRansac(points, rays, np.eye(3), None, params=parameters)
    except cv2.error:  # what its solvers make of points on one line
        return None
    if not found or not np.isfinite([turn, shift]).all():
        return None
    extrinsic = np.eye(4)
    extrinsic[:3, :3], extrinsic[:3, 3] = cv2.Rodrigues(turn)[0], np.ravel(shift)
    return extrinsic


def _answer(pairs: Correspondences, projections: Sequence[Projection], fit: Fit) -> ScenePose:
    transform = np.asarray(np.linalg.inv(fit.motion), float)
    of_views = [fit.inliers[pairs.view == number] for number in range(len(projections))]
    share = float(fit.inliers.mean())
    uncertainty, pivot = covariance(pairs, fit)
    return ScenePose(
        projections=tuple(projection.moved(transform) for projection in projections),
        transform_ras=transform,
        consistent=share >= _CONSISTENT_SHARE,
        inlier_share=share,
        inlier_shares=tuple(float(agree.mean()) if len(agree) else 0.0 for agree in of_views),
        residual_mm=float(np.median(fit.distances_mm[fit.inliers])) if fit.inliers.any() else float("nan"),
        sigma_scale=fit.scale,
        covariance=uncertainty,
        pivot_ras=pivot,
    )
