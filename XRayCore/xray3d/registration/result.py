"""What a registration answers: the pose, how sure it is, and whether to believe it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xray3d.geometry import Projection

Verdict = Literal["accepted", "doubtful", "failed"]


@dataclass(frozen=True, eq=False)
class RegistrationResult:
    """The outcome for one or several X-rays of one patient.

    Attributes:
        projections: the registered geometry of each X-ray, at the X-ray's own size, in the CT's frame.
        transform_ras: rigid (4, 4) RAS to RAS, mm; moves the X-rays and their sources from where `initial` had them
            into the CT's frame: `projections[i]` is `initial[i].moved(transform_ras)`, but for what the views were
            allowed to move relative to each other.
        similarity: local normalised correlation of the X-rays with their DRRs, the mean of a middle and a fine
            resolution; at most 1.
        similarities: the same of each X-ray; `similarity` is their mean.
        verdict: "accepted", "doubtful" or "failed".
        reason: one sentence for the user: why this verdict.
        covariance: (6, 6) of the pose of the anatomy as a world twist about `pivot_ras`: translation (mm), then
            rotation (rad); from the Jacobian and the residuals at the solution.
        pivot_ras: (3,) mm, the middle of what the X-rays show of the CT.
        error_along_mm: predicted standard error of the position at the pivot along the first view's central ray.
        error_across_mm: predicted standard error across that ray.
        used_share: share of the X-rays' pixels that the similarity could use, 0 to 1.
        seconds: wall time.
        inlier_share: where a model gave the start, the share of its points, 0 to 1, that agreed with one pose; None
            for other starts.
    """

    projections: tuple[Projection, ...]
    transform_ras: NDArray[np.float64]
    similarity: float
    similarities: tuple[float, ...]
    verdict: Verdict
    reason: str
    covariance: NDArray[np.float64]
    pivot_ras: NDArray[np.float64]
    error_along_mm: float
    error_across_mm: float
    used_share: float
    seconds: float
    inlier_share: float | None = None

    @property
    def converged(self) -> bool:
        """Whether the result was accepted."""
        return self.verdict == "accepted"


def not_registered(initial: Sequence[Projection], reason: str, seconds: float) -> RegistrationResult:
    """The failure of a registration that did not get as far as a pose: the X-rays stay where they are."""
    nothing = float("inf")
    return RegistrationResult(
        projections=tuple(initial),
        transform_ras=np.eye(4),
        similarity=0.0,
        similarities=(0.0,) * len(initial),
        verdict="failed",
        reason=reason,
        covariance=np.diag(np.full(6, nothing)),
        pivot_ras=np.full(3, np.nan),
        error_along_mm=nothing,
        error_across_mm=nothing,
        used_share=0.0,
        seconds=seconds,
        inlier_share=0.0,
    )
