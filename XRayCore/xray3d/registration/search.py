"""Where to start when the start that was given does not lead to a pose that can be accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from xray3d.registration.checks import Search
from xray3d.registration.climb import Climb, Summit
from xray3d.registration.levels import COARSE, Level
from xray3d.registration.objective import Objective, Pose
from xray3d.registration.pose_space import LEVER_MM
from xray3d.registration.verdict import is_acceptable


@dataclass(frozen=True)
class Neighbourhood:
    """How far from the start to look.

    Attributes:
        rotation_deg: largest angle of rotation about the pivot.
        translation_mm: longest translation.
        rounds: how many batches of starts, at most.
        starts: starts in a batch.
    """

    rotation_deg: float
    translation_mm: float
    rounds: int
    starts: int


AROUND_START = Neighbourhood(rotation_deg=18.0, translation_mm=40.0, rounds=8, starts=12)
"""For a start that is known to some 15° and 30 mm, with a margin."""

ANYWHERE = Neighbourhood(rotation_deg=50.0, translation_mm=120.0, rounds=24, starts=32)
"""For a start that says little more than from which side the patient is seen."""


def find(
    objectives: Mapping[Level, Objective],
    start: Pose,
    search: Search,
    progress: Callable[[str, float], None],
    seed: int,
) -> Summit:
    """The first summit that can be accepted, reached from the start or its neighbours; the best one if none can.

    Args:
        objectives: what is minimised at each level of the pyramid.
        search: "off", "auto" or "wide", as in `Registrar.register`.
        progress: told before every step what is being done and the share done; may raise.
        seed: of the neighbours.
    """
    now = ("Refining the start", 0.05)
    climb = Climb(objectives, lambda: progress(*now))
    best = climb.to_summit(next((camp.pose for camp in climb.from_below([start])), start))
    if search == "off":
        return best
    where = ANYWHERE if search == "wide" else AROUND_START
    pivot_ras = objectives[COARSE].pivot_ras
    for round_number, batch in enumerate(neighbours(start, pivot_ras, where, seed)):
        if is_acceptable(best.similarities):
            break
        now = (
            f"Searching, round {round_number + 1} of at most {where.rounds}",
            0.1 + 0.9 * round_number / where.rounds,
        )
        climb.from_below(batch)
        for camp in climb.most_promising():
            summit = climb.to_summit(camp.pose)
            best = max(best, summit, key=lambda reached: reached.similarity)
    return best


def neighbours(pose: Pose, pivot_ras: NDArray[np.float64], where: Neighbourhood, seed: int) -> Iterator[list[Pose]]:
    """Batches of starts about `pose`: even in direction and in distance, so denser near the pose; so is every batch.

    The points are a scrambled Halton sequence in the six dimensions (Halton, Numer. Math. 2, 1960).
    """
    points = qmc.Halton(6, seed=seed)
    for _ in range(where.rounds):
        unit = points.random(where.starts)
        translation = where.translation_mm * _in_ball(unit[:, :3])
        rotation = np.deg2rad(where.rotation_deg) * LEVER_MM * _in_ball(unit[:, 3:])
        yield [pose.moved(step, pivot_ras) for step in np.hstack([translation, rotation])]


def _in_ball(unit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 3) of the unit cube mapped to the unit ball: even in direction and in distance from its centre."""
    height, angle = 2.0 * unit[:, 0] - 1.0, 2.0 * np.pi * unit[:, 1]
    across = np.sqrt(1.0 - height**2)
    direction = np.stack([across * np.cos(angle), across * np.sin(angle), height], axis=1)
    return direction * unit[:, 2:]
