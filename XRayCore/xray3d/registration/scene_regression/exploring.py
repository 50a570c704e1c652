"""Poses that X-rays may have been taken from, tried beside each other: the CT looks most like them from the right one.

What a network says, having compared X-rays with the CT from a pose, is a better pose when that one was not too far off.
So many are tried, and those from where the CT looks most like the X-rays are compared, and drawn around, first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from xray3d.geometry import Projection
from xray3d.registration.scene_correspondences import LEAST_PIXELS, SceneCoordinateMaps
from xray3d.registration.scene_pose import ScenePose, pose_from_scene_coordinates
from xray3d.registration.scene_regression.correlation import likeness
from xray3d.registration.scene_regression.guess import Guess
from xray3d.registration.scene_regression.nearby import displaced
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.registration.scene_regression.observation import Shown, compare, guess_from
from xray3d.registration.scene_regression.patient import PatientRenderer

Views = tuple[Projection, ...]
"""Of X-rays of one moment, at the size of their maps."""

# How far around poses are tried. Those drawn are normal in each direction with these deviations times a factor; that of
# the depth, which one view hardly shows, is larger.
_TURN_DEG, _SHIFT_MM = 10.0, 20.0
_DRAWN, _DEEPER = 0.7, 3.0
# Nearer every round.
_NARROWING = 0.87


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    Attributes:
        rounds: of comparisons.
        compared: poses that are compared in each.
        drawn: poses drawn around the best so far in each; if any, those around the start are tried as well.
    """

    rounds: int
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


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A pose that was tried.

    Attributes:
        views: of the X-rays in it.
        answer: that led there; None for one that was drawn.
        likeness: of the X-rays and the CT from there.
        guesses: the CT from there, for each X-ray.
    """

    views: Views
    answer: Answer | None
    likeness: float
    guesses: tuple[Guess, ...]


def most_alike(tried: Iterable[Hypothesis]) -> Hypothesis:
    """The one from where the CT looks most like the X-rays."""
    return max(tried, key=lambda one: one.likeness)


def answer_from(maps: Sequence[SceneCoordinateMaps], views: Sequence[Projection], seed: int) -> Answer | None:
    """The pose that maps of X-rays give; None, if too little of them agrees."""
    if sum(int(of_view.valid.sum()) for of_view in maps) < LEAST_PIXELS:
        return None
    pose = pose_from_scene_coordinates(maps, views, seed)
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
        self._breathe = breathe

    def explore(self, start: Views, answer: Answer | None, effort: Effort) -> list[Hypothesis]:
        """All that were tried, the start first; none, if one of its X-rays would be taken from within the patient.

        Args:
            start: a rough pose.
            answer: that led there, if any.
            effort: how much to try.
        """
        rng = np.random.default_rng(self._seed)
        tried = self._judged([start], [answer])
        if effort.drawn and tried:
            tried += self._judged([self._near(start, step) for step in _around()])
        waiting = list(tried)
        for number in range(effort.rounds):
            self._breathe()
            waiting.sort(key=lambda one: one.likeness, reverse=True)
            taken, waiting = waiting[: effort.compared], waiting[effort.compared :]
            answers = self._compared(taken)
            fresh = self._judged([one.pose.projections for one in answers], answers)
            if effort.drawn and tried:
                best, steps = most_alike(tried).views, _drawn(rng, effort.drawn)
                fresh += self._judged([self._near(best, _NARROWING**number * step) for step in steps])
            tried += fresh
            waiting += fresh
        return tried

    def _judged(self, poses: Sequence[Views], answers: Sequence[Answer | None] | None = None) -> list[Hypothesis]:
        """Those of the poses from which there is anything to see."""
        given = zip(poses, answers or [None] * len(poses), strict=True)
        seen = [one for one in given if all(self._patient.has_source_outside(view) for view in one[0])]
        if not seen:
            return []
        of_views = [
            guess_from(self._patient, shown, [views[number] for views, _ in seen])
            for number, shown in enumerate(self._shown)
        ]
        of_guesses = zip(self._shown, of_views, strict=True)
        alike = torch.stack([likeness(shown.picture, guess) for shown, guess in of_guesses]).mean(dim=0)
        return [
            Hypothesis(views, answer, float(alike[number]), tuple(guess.one(number) for guess in of_views))
            for number, (views, answer) in enumerate(seen)
        ]

    def _compared(self, tried: Sequence[Hypothesis]) -> list[Answer]:
        """What the network says from there, where it says anything."""
        if not tried:
            return []
        center = self._patient.center_ras
        of_views = [
            compare(self._network, center, shown, Guess.together([one.guesses[number] for one in tried]))
            for number, shown in enumerate(self._shown)
        ]
        own = [shown.projection for shown in self._shown]
        answers = [answer_from(maps, own, self._seed) for maps in zip(*of_views, strict=True)]
        return [answer for answer in answers if answer is not None]

    def _near(self, views: Views, step: NDArray[np.float64]) -> Views:
        return displaced(views, self._patient.center_ras, np.deg2rad(step[3:]), step[:3])


def _around() -> Iterable[NDArray[np.float64]]:
    """(6,) mm and degrees: either way along and about each axis of the first camera."""
    for axis, size in enumerate([_SHIFT_MM] * 3 + [_TURN_DEG] * 3):
        for way in (-size, size):
            yield way * np.eye(6)[axis]


def _drawn(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """(count, 6) mm and degrees."""
    spread = _DRAWN * np.array([_SHIFT_MM, _SHIFT_MM, _DEEPER * _SHIFT_MM, _TURN_DEG, _TURN_DEG, _TURN_DEG])
    return rng.normal(size=(count, 6)) * spread
