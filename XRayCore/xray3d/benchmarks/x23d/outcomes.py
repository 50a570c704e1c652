"""What is measured of one reconstruction."""

from __future__ import annotations

from dataclasses import dataclass

from xray3d.benchmarks.x23d.anatomies import TestSet
from xray3d.benchmarks.x23d.views import Condition
from xray3d.reconstruction.shape_scores import SurfaceScores


@dataclass(frozen=True)
class VertebraOutcome:
    """One vertebra.

    Attributes:
        test_set, spine, level: which.
        condition: of the X-rays.
        views: how many.
        f1: of the voxels of the grid; what lies beyond it counts as not found.
        surface: None where nothing was reconstructed.
        seconds: that it took.
    """

    test_set: TestSet
    spine: str
    level: str
    condition: Condition
    views: int
    f1: float
    surface: SurfaceScores | None
    seconds: float
