"""From a rough pose to the finest level of the pyramid, dropping on the way what does not promise to arrive."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xray3d.registration.levels import COARSE, FINE, MIDDLE, Level
from xray3d.registration.levenberg_marquardt import minimise
from xray3d.registration.objective import Evaluation, Objective, Pose
from xray3d.registration.pose_space import LEVER_MM

# Poses this close, in mm and in rotations times `LEVER_MM`, lead to the same summit.
_SAME_MM = 6.0
# A pose that moved less saw the same pixels all the time, near enough; it is given so many rounds to come to that.
_SETTLED_MM, _SETTLING_ROUNDS = 1.5, 3
# Poses climbed on from in one round of a search.
_AT_ONCE = 2


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
        similarity: mean of the correlations at the middle and at the finest level: noise spoils the one less, a pose
            that is a little off the other more.
    """

    pose: Pose
    evaluation: Evaluation
    similarity: float


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
        objective = self._objectives[COARSE]
        possible = [start for start in starts if objective.is_possible(start)]
        reached = [Camp(*found) for found in minimise(objective, possible, COARSE.stop, self._breathe)]
        self._waiting += reached
        return reached

    def most_promising(self) -> list[Camp]:
        """The best coarse poses that were not climbed on from, nor anything near them."""
        chosen: list[Camp] = []
        for camp in sorted(self._waiting, key=lambda camp: camp.evaluation.correlation, reverse=True):
            if len(chosen) < _AT_ONCE and not any(
                _distance_mm(camp.pose, other) < _SAME_MM for other in [*self._climbed, *(c.pose for c in chosen)]
            ):
                chosen.append(camp)
        return chosen

    def to_summit(self, pose: Pose) -> Summit:
        """The pose at the finest level, reached from one at the coarse level."""
        self._climbed.append(pose)
        fine = self._settled(FINE, self._settled(MIDDLE, pose).pose)
        (from_afar,) = self._objectives[MIDDLE].evaluate([fine.pose])
        return Summit(fine.pose, fine.evaluation, (from_afar.correlation + fine.evaluation.correlation) / 2)

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
            if moved_mm < _SETTLED_MM:
                break
        return Camp(reached, evaluation)


def _distance_mm(one: Pose, other: Pose) -> float:
    """How far apart two poses of the same views are, seen from the first view."""
    first, second = (pose.projections[0].extrinsic for pose in (one, other))
    between = first @ np.linalg.inv(second)
    angle = np.arccos(np.clip((np.trace(between[:3, :3]) - 1.0) / 2.0, -1.0, 1.0))
    # At the depth of the patient, half way to the receptor at least, rotation moves things about the source as well.
    middle = np.array([0.0, 0.0, 0.7 * one.projections[0].sdd_mm, 1.0])
    return float(np.linalg.norm((between @ middle - middle)[:3]) + LEVER_MM * angle)
