"""Whether to believe a registration, and how far off it may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xray3d.registration.climb import Summit
from xray3d.registration.objective import Evaluation
from xray3d.registration.pose_space import LEVER_MM
from xray3d.registration.result import Verdict

# Between right and wrong results on realistic X-rays of the example CTs with and without screws: 98 % of 800 right
# ones lie above the first, 0.3 % of 900 wrong ones do. The least is asked of every single view.
_ACCEPTED_SIMILARITY, _LEAST_SIMILARITY = 0.68, 0.50
# A few pixels agree with anything: a wrong pose for which the CT covers 4 % of the X-ray reached 0.83.
_LEAST_USED = 0.08


@dataclass(frozen=True, eq=False)
class Judgement:
    """What there is to say about a pose.

    Attributes:
        verdict, reason: as in `RegistrationResult`.
        covariance: (6, 6) of translation (mm) and rotation (rad) of the anatomy about the pivot.
        error_along_mm, error_across_mm: standard errors at the pivot along and across the first view's central ray.
    """

    verdict: Verdict
    reason: str
    covariance: NDArray[np.float64]
    error_along_mm: float
    error_across_mm: float


# Residuals of neighbouring pixels are not independent, and what the two images show differs systematically: the
# curvature of the mean loss counts as so many independent measurements. Fitted to the errors of registrations whose
# truth is known.
_INDEPENDENT_MEASUREMENTS = 900.0
# X-rays that are DRRs themselves agree perfectly; no error is predicted to be nothing.
_LEAST_COST = 1e-4


def is_acceptable(similarities: Sequence[float], used: float) -> bool:
    """Whether a search may end with `Summit.similarities` like these, from such a share of the pixels."""
    agree = float(np.mean(similarities)) >= _ACCEPTED_SIMILARITY and min(similarities) >= _LEAST_SIMILARITY
    return agree and used >= _LEAST_USED


def judge(summit: Summit, of_piece: bool = False) -> Judgement:
    """The judgement on a registered pose; of a piece of the patient, which a few pixels may show."""
    covariance = pose_covariance(summit.evaluation)
    first_view = summit.pose.projections[0]
    along = first_view.viewing_direction_ras
    position = covariance[:3, :3]
    along_mm = float(np.sqrt(along @ position @ along))
    across_mm = float(np.sqrt(max(np.trace(position) - along_mm**2, 0.0)))
    verdict, reason = _verdict(summit.similarities, 1.0 if of_piece else summit.evaluation.used)
    return Judgement(verdict, reason, covariance, along_mm, across_mm)


def pose_covariance(at_fine: Evaluation) -> NDArray[np.float64]:
    """(6, 6) of the anatomy's twist about the pivot: mm and rad; what the views' own offsets leave open included."""
    information = _INDEPENDENT_MEASUREMENTS * at_fine.hessian / max(2.0 * at_fine.cost, _LEAST_COST)
    # What the images do not tell at all is known to a metre.
    covariance = np.linalg.inv(information + 1e-6 * np.eye(len(information)))[:6, :6]
    to_radians = np.diag([1.0, 1.0, 1.0] + [1.0 / LEVER_MM] * 3)
    return to_radians @ covariance @ to_radians


def _verdict(similarities: Sequence[float], used: float) -> tuple[Verdict, str]:
    if is_acceptable(similarities, used):
        return "accepted", "The X-rays and the CT agree in detail."
    if float(np.mean(similarities)) < _LEAST_SIMILARITY:
        return "failed", "No pose was found in which the X-rays and the CT agree; give a better start, or landmarks."
    if min(similarities) < _LEAST_SIMILARITY:
        worst = 1 + int(np.argmin(similarities))
        return "doubtful", f"X-ray {worst} does not agree with the CT where the others do; check its geometry."
    if used < _LEAST_USED:
        return "doubtful", f"The CT covers only {used:.0%} of what the X-rays show there, too little to be sure."
    return "doubtful", "The X-rays and the CT agree only in part; check the overlay."
