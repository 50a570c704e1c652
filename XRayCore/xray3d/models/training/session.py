"""How trainings begin, and how they are run to their end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from xray3d.models.bundle import METADATA
from xray3d.models.training.course import SCRATCH, Course
from xray3d.models.training.loop import Lesson, Progress, Training
from xray3d.models.training.plan import TrainingPlan
from xray3d.models.training.state import TrainingState

Network = TypeVar("Network", bound=nn.Module)


def begun(
    plan: TrainingPlan,
    start: str | Path | None,
    new: Callable[[], Network],
    load: Callable[[str | Path], tuple[Network, Course]],
) -> tuple[Network, str]:
    """What a training begins with, and what that is.

    Args:
        start: folder of a model; None for a network that has not learnt anything.
        new: makes such a one.
        load: reads a model.

    Raises:
        ModelError: no model, or one for something else.
    """
    torch.manual_seed(plan.seed)
    if start is None:
        return new(), SCRATCH
    network, report = load(start)
    return network, f"{Path(start).absolute().name} after {report.steps} steps"


def run_training(
    lesson: Lesson[Any, Any, Any],
    network: nn.Module,
    started_from: str,
    place: Path,
    plan: TrainingPlan,
    whose: Mapping[str, Any],
    progress: Progress,
    resume: bool,
) -> None:
    """Train to the end, or leave beside the model's folder what it takes to go on.

    Args:
        network: on its device.
        started_from: see `begun`.
        place: the folder of the model.
        whose: what else tells the training from others, for JSON.
        progress: told what is being done and the share done; what it raises ends the training.
        resume: go on where a training of the same plan into this folder was stopped.

    Raises:
        ModelError: nothing to resume, or a training of something else.
        OutputExistsError: what it takes to go on cannot be written.
    """
    state = TrainingState(place, plan, {**whose, "started_from": started_from})
    training = Training(lesson, network, started_from, plan, state, progress)
    if resume:
        training.go_on(has_best=(place / METADATA).is_file())
    # Networks that are trained apart may be parts of one model, whose folder is new, too.
    place.parent.mkdir(exist_ok=True)
    training.run()
