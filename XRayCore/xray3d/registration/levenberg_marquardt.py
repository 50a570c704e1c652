"""Levenberg–Marquardt for several poses at once, so that their DRRs are rendered together.

Levenberg, Quart. Appl. Math. 2(2), 1944; Marquardt, J. SIAM 11(2), 1963.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xray3d.registration.objective import Evaluation, Image, Objective, Pose

_FIRST_DAMPING, _MOST_DAMPING = 1e-2, 1e4
_LESS, _MORE = 0.2, 6.0


@dataclass(frozen=True)
class Stopping:
    """When to stop.

    Attributes:
        iterations: at most so many.
        step_mm: when a step is shorter.
        gain: when an accepted step lowers the cost by a smaller share.
        longest_mm: longest step that is taken, the range in which the derivative is believed.
    """

    iterations: int
    step_mm: float
    gain: float
    longest_mm: float


@dataclass
class _Walk:
    pose: Pose
    here: Evaluation
    damping: float = _FIRST_DAMPING
    done: bool = False


def minimise(
    objective: Objective,
    poses: Sequence[Pose],
    stop: Stopping,
    breathe: Callable[[], None],
    usable: Sequence[Image] | None = None,
) -> list[tuple[Pose, Evaluation]]:
    """The poses where the objective is lowest nearby, with the objective there; in the order given.

    Args:
        breathe: called before every step; what it raises ends the minimisation.
        usable: the pixels that count, as `Objective.evaluate` takes them.
    """
    walks = [_Walk(pose, here) for pose, here in zip(poses, objective.evaluate(poses, usable), strict=True)]
    for _ in range(stop.iterations):
        walking = [walk for walk in walks if not walk.done]
        if not walking:
            break
        breathe()
        steps = [_step(walk, stop.longest_mm) for walk in walking]
        trials = [walk.pose.moved(step, objective.pivot_ras) for walk, step in zip(walking, steps, strict=True)]
        # A step that takes the source into the patient is not taken.
        trials = [t if objective.is_possible(t) else walk.pose for walk, t in zip(walking, trials, strict=True)]
        for walk, step, trial, there in zip(walking, steps, trials, objective.evaluate(trials, usable), strict=True):
            _judge(walk, float(np.linalg.norm(step)), trial, there, stop)
    return [(walk.pose, walk.here) for walk in walks]


def _step(walk: _Walk, longest_mm: float) -> NDArray[np.float64]:
    hessian = walk.here.hessian
    scale = np.maximum(np.diag(hessian), 1e-12 * max(np.diag(hessian).max(), 1e-12))
    step = -np.linalg.solve(hessian + walk.damping * np.diag(scale), walk.here.gradient)
    return step * np.float64(min(1.0, longest_mm / max(float(np.linalg.norm(step)), 1e-12)))


def _judge(walk: _Walk, step_mm: float, trial: Pose, there: Evaluation, stop: Stopping) -> None:
    gained = walk.here.cost - there.cost
    if gained > 0:
        walk.done = step_mm < stop.step_mm or gained < stop.gain * walk.here.cost
        walk.pose, walk.here, walk.damping = trial, there, walk.damping * _LESS
    else:
        walk.damping *= _MORE
        walk.done = step_mm < stop.step_mm or walk.damping > _MOST_DAMPING
