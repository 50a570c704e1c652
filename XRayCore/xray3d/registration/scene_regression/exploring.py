"""Poses that X-rays may have been taken from, tried beside each other: the CT looks most like them from the right one.

What a network says, having compared X-rays with the CT from a pose, is a better pose when that one was not too far off.
So many are tried, and those from where the CT looks most like the X-rays are compared, and drawn around, first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from xray3d.geometry import Projection
from xray3d.registration.scene_correspondences import LEAST_PIXELS, SceneCoordinateMaps
from xray3d.registration.scene_pose import ScenePose, pose_from_scene_coordinates
from xray3d.registration.scene_regression.nearby import displaced
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.registration.scene_regression.observation import (
    Shown,
    coarser,
    compare,
    guess_from,
    likeness_from,
)
from xray3d.registration.scene_regression.patient import PatientRenderer

Views = tuple[Projection, ...]
"""Of X-rays of one moment, at the size of their maps."""

# How far around poses are drawn: normal in each direction, with these deviations; that of the depth, which one view
# hardly shows, is larger.
_TURN_DEG, _SHIFT_MM, _DEEPER = 5.0, 10.0, 3.0
# Nearer every round.
_NARROWING = 0.75
# Points so far from the centre tell poses apart by so much across the view; nearer than the second, answers agree.
_NEIGHBOURS_MM, _APART_MM, _AGREE_MM = 70.0, 8.0, 4.0
# So many answers from different places that agree with the best are right: others need not be tried.
_WITNESSES = 3


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    Attributes:
        rounds: of comparisons.
        first: poses that are compared in the first.
        compared: and in every other.
        drawn: poses drawn around the best so far in each.
    """

    rounds: int
    first: int
    compared: int
    drawn: int


@dataclass(frozen=True, eq=False)
class Answer:
    """What a network says of X-rays of one moment.

    Attributes:
        pose: that follows from the maps.
        maps: of each X-ray.
    """

    pose: ScenePose
    maps: tuple[SceneCoordinateMaps, ...]


Start = tuple[Views, Answer | None]
"""A pose, and the answer that led there; None for one that was matched or drawn."""


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A pose that was tried.

    Attributes:
        views: of the X-rays in it.
        answer: that led there; None for one that was matched or drawn.
        likeness: of the X-rays and the CT from there, on pixels twice as large as theirs.
        detail: the same on their own pixels; of what is no answer, nothing.
    """

    views: Views
    answer: Answer | None
    likeness: float
    detail: float = -np.inf


def most_alike(tried: Iterable[Hypothesis]) -> Hypothesis:
    """The answer from where the CT looks most like the X-rays, or what does where there is no answer."""
    return max(tried, key=lambda one: (one.detail, one.likeness))


def answer_from(
    maps: Sequence[SceneCoordinateMaps], views: Sequence[Projection], seed: int, near: Views | None = None
) -> Answer | None:
    """The pose that maps of X-rays give, most likely near another; None, if too little of them agrees."""
    if sum(int(of_view.valid.sum()) for of_view in maps) < LEAST_PIXELS:
        return None
    pose = pose_from_scene_coordinates(maps, views, seed, near)
    return Answer(pose, tuple(maps)) if pose.consistent else None


class Explorer:
    """X-rays of one moment, and the CT that they are compared with.

    Args:
        network: what compares.
        patient: the CT.
        shown: the X-rays.
        seed: of the poses and pixels that are drawn.
        breathe: called before every round; what it raises ends the exploration.
    """

    def __init__(
        self,
        network: SceneCoordinateNetwork,
        patient: PatientRenderer,
        shown: Sequence[Shown],
        seed: int,
        breathe: Callable[[], None],
    ) -> None:
        self._network, self._patient, self._shown, self._seed = network, patient, shown, seed
        # Large pixels tell, in a quarter of the time, which poses are worth comparing; not which answer is right.
        self._rough = [coarser(one) for one in shown]
        self._breathe = breathe

    def explore(self, starts: Sequence[Start], effort: Effort) -> list[Hypothesis]:
        """All that were tried, the starts first, but those from within the patient.

        Args:
            starts: rough poses.
            effort: how much to try.
        """
        rng = np.random.default_rng(self._seed)
        tried = self._judged(starts)
        waiting, settled = list(tried), False
        for number in range(effort.rounds):
            if settled and number > 1:  # the second makes the best answer better
                break
            self._breathe()
            waiting.sort(key=lambda one: one.likeness, reverse=True)
            taken = self._apart(waiting)[: effort.compared if number else effort.first]
            waiting = [one for one in waiting if one not in taken]
            fresh = self._judged([(answer.pose.projections, answer) for answer in self._compared(taken)])
            if effort.drawn and (tried or fresh):
                best, steps = most_alike([*tried, *fresh]).views, _NARROWING**number * _drawn(rng, effort.drawn)
                fresh += self._judged([(self._near(best, step), None) for step in steps])
            tried += fresh
            waiting += fresh
            if number == 0:
                settled = self._agree(tried)
        return tried

    def _judged(self, poses: Sequence[Start]) -> list[Hypothesis]:
        """Those of the poses from which there is anything to see."""
        seen = [one for one in poses if all(self._patient.has_source_outside(view) for view in one[0])]
        if not seen:
            return []
        judged = [Hypothesis(*one, alike) for one, alike in zip(seen, self._alike(self._rough, seen), strict=True)]
        answers = [one for one in judged if one.answer is not None]
        details = iter(self._alike(self._shown, [(one.views, one.answer) for one in answers]) if answers else ())
        return [one if one.answer is None else replace(one, detail=next(details)) for one in judged]

    def _alike(self, shown: Sequence[Shown], poses: Sequence[Start]) -> list[float]:
        of_views = [
            likeness_from(self._patient, one, [views[number] for views, _ in poses]) for number, one in enumerate(shown)
        ]
        likenesses: list[float] = torch.stack(of_views).mean(dim=0).tolist()
        return likenesses

    def _apart(self, tried: Sequence[Hypothesis]) -> list[Hypothesis]:
        """The same, the best of each neighbourhood before all others: neighbours lead to one answer."""
        first: list[Hypothesis] = []
        for one in tried:
            if all(self._between_mm(one, other) > _APART_MM for other in first):
                first.append(one)
        return first + [one for one in tried if one not in first]

    def _agree(self, tried: Sequence[Hypothesis]) -> bool:
        """Whether enough answers do."""
        answers = [one for one in tried if one.answer is not None]
        if len(answers) < _WITNESSES:
            return False
        best = most_alike(answers)
        return sum(self._between_mm(best, one) < _AGREE_MM for one in answers) >= _WITNESSES

    def _between_mm(self, one: Hypothesis, other: Hypothesis) -> float:
        """How far about the patient is displaced from one to the other, in the first view."""
        around = self._patient.center_ras + _NEIGHBOURS_MM * np.vstack([np.eye(3), -np.eye(3)])
        between = one.views[0].extrinsic[:3] - other.views[0].extrinsic[:3]
        return float(np.abs((around @ between[:, :3].T + between[:, 3]) / [1, 1, _DEEPER]).max())

    def _compared(self, tried: Sequence[Hypothesis]) -> list[Answer]:
        """What the network says from there, where it says anything."""
        if not tried:
            return []
        center = self._patient.center_ras
        of_views = [
            compare(self._network, center, shown, guess_from(self._patient, shown, [one.views[n] for one in tried]))
            for n, shown in enumerate(self._shown)
        ]
        own = [shown.projection for shown in self._shown]
        answers = [
            answer_from(maps, own, self._seed, one.views)
            for one, maps in zip(tried, zip(*of_views, strict=True), strict=True)
        ]
        return [answer for answer in answers if answer is not None]

    def _near(self, views: Views, step: NDArray[np.float64]) -> Views:
        return displaced(views, self._patient.center_ras, np.deg2rad(step[3:]), step[:3])


def _drawn(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """(count, 6) mm along and degrees about the axes of the first camera."""
    return rng.normal(size=(count, 6)) * ([_SHIFT_MM, _SHIFT_MM, _DEEPER * _SHIFT_MM] + [_TURN_DEG] * 3)
