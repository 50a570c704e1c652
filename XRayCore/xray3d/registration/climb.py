"""From a rough pose to the finest level of the pyramid, dropping on the way what does not promise to arrive."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xray3d.geometry.poses import rotation_angle
from xray3d.registration.levels import COARSE, FINE, MIDDLE, Level
from xray3d.registration.levenberg_marquardt import minimise
from xray3d.registration.objective import Evaluation, Objective, Pose
from xray3d.registration.pose_space import LEVER_MM

# Poses this close, in mm and in rotations times `LEVER_MM`, lead to the same summit.
_SAME_MM = 6.0
# A pose that moved less saw the same pixels all the time, near enough; it is given so many rounds to come to that.
_SETTLED_MM, _SETTLING_ROUNDS = 1.5, 3
# A pose with a smaller correlation at the middle level does not become a right one; right ones reach 0.6 there.
_HOPELESS = 0.4


@dataclass(frozen=True, eq=False)
class Camp:
    """A pose on the way up, and the objective there."""

    pose: Pose
    evaluation: Evaluation


@dataclass(frozen=True, eq=False)
class Summit:
    """A pose at the finest level.

    Attributes:
        evaluation: the objective there.
        similarities: for each view, the mean of its correlations at the middle and at the finest level: noise spoils
            the one less, a pose that is a little off the other more.
        pivot_ras: (3,) mm, about which the derivatives in `evaluation` are.
    """

    pose: Pose
    evaluation: Evaluation
    similarities: tuple[float, ...]
    pivot_ras: NDArray[np.float64]

    @property
    def similarity(self) -> float:
        """Mean of the views' similarities."""
        return float(np.mean(self.similarities))


class Climb:
    """Remembers every pose that was reached at the coarse level, and which of them were climbed on from.

    Args:
        objectives: what is minimised at each level; the coarse one is needed for `from_below` alone.
        breathe: called before every step; what it raises ends the climb.
    """

    def __init__(self, objectives: Mapping[Level, Objective], breathe: Callable[[], None]) -> None:
        self._breathe = breathe
        self._objectives = objectives
        self._waiting: list[Camp] = []
        self._climbed: list[Pose] = []

    def from_below(self, starts: Sequence[Pose]) -> list[Camp]:
        """The poses reached at the coarse level, kept for `most_promising` too."""
        possible = [start for start in starts if self._is_possible(start)]
        if not possible:
            return []
        found = minimise(self._objectives[COARSE], possible, COARSE.stop, self._breathe)
        reached = [Camp(*one) for one in found if self._is_possible(one[0])]
        self._waiting += reached
        return reached

    def _is_possible(self, pose: Pose) -> bool:
        return all(objective.is_possible(pose) for objective in self._objectives.values())

    def most_promising(self) -> Camp | None:
        """The best coarse pose that was not climbed on from, nor anything near it."""
        for camp in sorted(self._waiting, key=lambda camp: camp.evaluation.correlation, reverse=True):
            if not any(_distance_mm(camp.pose, other) < _SAME_MM for other in self._climbed):
                return camp
        return None

    def to_summit(self, pose: Pose) -> Summit:
        """The pose at the finest level, reached from one at the coarse level."""
        self._climbed.append(pose)
        fine = self._settled(MIDDLE, pose)
        if fine.evaluation.correlation > _HOPELESS:
            fine = self._settled(FINE, fine.pose)
        else:
            fine = Camp(fine.pose, self._objectives[FINE].evaluate([fine.pose])[0])
        (from_afar,) = self._objectives[MIDDLE].evaluate([fine.pose])
        both = np.mean([from_afar.correlations, fine.evaluation.correlations], axis=0)
        pivot_ras = self._objectives[FINE].pivot_ras
        return Summit(fine.pose, fine.evaluation, tuple(float(one) for one in both), pivot_ras)

    def _settled(self, level: Level, pose: Pose) -> Camp:
        """The pose minimised at a level, the pixels that count being those that count there.

        Which rays the CT is too short for depends on the pose. Costs over different pixels cannot be compared, so the
        pixels are chosen at the start, and again as long as the pose moves away from where they were chosen.
        """
        objective = self._objectives[level]
        for _ in range(_SETTLING_ROUNDS):
            usable = objective.usable_at(pose)
            ((reached, evaluation),) = minimise(objective, [pose], level.stop, self._breathe, usable)
            moved_mm, pose = _distance_mm(pose, reached), reached
            if moved_mm < _SETTLED_MM or evaluation.correlation < _HOPELESS:
                break
        return Camp(reached, evaluation)


def _distance_mm(one: Pose, other: Pose) -> float:
    """How far apart two poses of the same views are, seen from the first view."""
    first, second = (pose.projections[0].extrinsic for pose in (one, other))
    between = first @ np.linalg.inv(second)
    # At the depth of the patient, half way to the receptor at least, rotation moves things about the source as well.
    middle = np.array([0.0, 0.0, 0.7 * one.projections[0].sdd_mm, 1.0])
    return float(np.linalg.norm((between @ middle - middle)[:3]) + LEVER_MM * rotation_angle(between))
