"""Where to start when the start that was given does not lead to a pose that can be accepted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from xray3d.drr import DRRRenderer
from xray3d.registration.checks import Search
from xray3d.registration.climb import Climb, Summit
from xray3d.registration.levels import COARSE, Level
from xray3d.registration.objective import Objective, Pose
from xray3d.registration.sweep import PX, Candidate, sweep, turned
from xray3d.registration.verdict import is_acceptable
from xray3d.registration.views import View


@dataclass(frozen=True)
class Stage:
    """A sweep, one about the best of it, and what is climbed on from.

    Attributes:
        rotation_deg: the largest rotation about the pivot.
        rotations: how many are tried.
        candidates: so many of the best poses are minimised at the coarse level.
        summits: so many of these are climbed on from, at most.
    """

    rotation_deg: float
    rotations: int
    candidates: int
    summits: int

    @property
    def apart_deg(self) -> float:
        """About how far a pose may be from the nearest that is tried."""
        return float(1.5 * self.rotation_deg / np.cbrt(self.rotations))


_NEAR, _FAR = Stage(20.0, 100, 16, 4), Stage(65.0, 1000, 32, 8)
STAGES: Mapping[Search, tuple[Stage, ...]] = {
    "off": (),
    "auto": (_NEAR, _FAR),
    "wide": (_NEAR, _FAR, Stage(110.0, 4000, 64, 16)),
}

# So many of the best of a sweep are turned a little in so many ways: 10 degrees beside the truth, which is as near as
# the far sweep comes, what is right may rank behind fifty poses that are not.
_SWEPT_AGAIN, _TURNS = 64, 8

Reading = tuple[bool, ...]
"""For each view, whether its bright and dark are exchanged."""


class Readings:
    """The objectives of the views as they are and inverted, made when first needed.

    Args:
        views: as they are.
        objectives: makes those of views.
    """

    def __init__(
        self, views: Sequence[View], objectives: Callable[[Sequence[View]], Mapping[Level, Objective]]
    ) -> None:
        self.views, self._make = views, objectives
        self._made: dict[Reading, Mapping[Level, Objective]] = {}

    def views_of(self, reading: Reading) -> list[View]:
        """The views so read."""
        return [view.inverted if inverted else view for view, inverted in zip(self.views, reading, strict=True)]

    def objectives_of(self, reading: Reading) -> Mapping[Level, Objective]:
        """What is minimised at each level of the pyramid."""
        if reading not in self._made:
            self._made[reading] = self._make(self.views_of(reading))
        return self._made[reading]


def find(
    readings: Readings,
    likely: Reading,
    coarse: DRRRenderer,
    start: Pose,
    search: Search,
    progress: Callable[[str, float], None],
    seed: int,
) -> tuple[Summit, Reading]:
    """The first summit that can be accepted, reached from the start or around it; the best one if none can.

    Args:
        readings: of the views.
        likely: how the views are to be read, as it seems at the start.
        coarse: renderer of the coarse CT.
        search: "off", "auto" or "wide", as in `Registrar.register`.
        progress: told before every step what is being done and the share done; may raise.
        seed: of the rotations.
    """
    return _Search(readings, coarse, start, progress, seed).run(likely, STAGES[search])


class _Search:
    """One search: what was reached so far, however the views are read."""

    def __init__(
        self,
        readings: Readings,
        coarse: DRRRenderer,
        start: Pose,
        progress: Callable[[str, float], None],
        seed: int,
    ) -> None:
        self._readings, self._coarse, self._start, self._seed = readings, coarse, start, seed
        self._progress, self._now = progress, ("Refining the start", 0.05)
        self._climbs: dict[Reading, Climb] = {}

    def run(self, likely: Reading, stages: Sequence[Stage]) -> tuple[Summit, Reading]:
        first = self._climb(likely)
        camps = first.from_below([self._start])
        best = first.to_summit(camps[0].pose if camps else self._start), likely
        for number, stage in enumerate(stages):
            if is_acceptable(best[0].similarities, best[0].evaluation.used):
                break
            share = 0.1 + 0.9 * number / len(stages)
            self._now = (f"Searching within {stage.rotation_deg:.0f}°", share)
            self._explore(stage, likely)
            best = self._climb_on(stage, best)
        return best

    def _explore(self, stage: Stage, likely: Reading) -> None:
        """Coarse poses of the best candidates."""
        views = [view.at(PX) for view in self._readings.views]
        pivot_ras = self._readings.objectives_of(likely)[COARSE].pivot_ras
        poses = turned(self._start, rotations(stage.rotation_deg, stage.rotations, self._seed), pivot_ras)
        found = sweep(self._coarse, views, poses, pivot_ras, _SWEPT_AGAIN, self._breathe)
        turns = rotations(stage.apart_deg, _TURNS, self._seed)
        poses = [pose for candidate in found for pose in turned(candidate.pose, turns, pivot_ras)]
        found = sweep(self._coarse, views, poses, pivot_ras, stage.candidates, self._breathe)
        for reading in dict.fromkeys(candidate.inverted for candidate in found):
            self._climb(reading).from_below(_poses(found, reading))

    def _climb_on(self, stage: Stage, best: tuple[Summit, Reading]) -> tuple[Summit, Reading]:
        """The best summit, after at most so many more or the first that can be accepted."""
        for _ in range(stage.summits):
            promising = [(climb.most_promising(), reading) for reading, climb in self._climbs.items()]
            waiting = [(camp, reading) for camp, reading in promising if camp is not None]
            if not waiting or is_acceptable(best[0].similarities, best[0].evaluation.used):
                break
            camp, reading = max(waiting, key=lambda one: one[0].evaluation.correlation)
            summit = self._climb(reading).to_summit(camp.pose)
            best = max(best, (summit, reading), key=lambda reached: reached[0].similarity)
        return best

    def _climb(self, reading: Reading) -> Climb:
        if reading not in self._climbs:
            self._climbs[reading] = Climb(self._readings.objectives_of(reading), self._breathe)
        return self._climbs[reading]

    def _breathe(self) -> None:
        self._progress(*self._now)


def _poses(candidates: Sequence[Candidate], reading: Reading) -> list[Pose]:
    return [candidate.pose for candidate in candidates if candidate.inverted == reading]


def rotations(largest_deg: float, count: int, seed: int) -> NDArray[np.float64]:
    """(count, 3) rotation vectors, none first: even in direction, and in angle a little denser towards none.

    The points are a scrambled Halton sequence (Halton, Numer. Math. 2, 1960).
    """
    unit = qmc.Halton(3, seed=seed).random(count - 1)
    height, angle = 2.0 * unit[:, 0] - 1.0, 2.0 * np.pi * unit[:, 1]
    across = np.sqrt(1.0 - height**2)
    direction = np.stack([across * np.cos(angle), across * np.sin(angle), height], axis=1)
    return np.vstack([np.zeros(3), np.deg2rad(largest_deg) * direction * np.sqrt(unit[:, 2:])])
