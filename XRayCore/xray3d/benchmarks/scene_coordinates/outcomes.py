"""What is measured at one place, before it becomes a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from xray3d.registration.metrics import PoseError
from xray3d.registration.result import Verdict

if TYPE_CHECKING:  # what only reads outcomes need not load torch
    from xray3d.registration.scene_regression.model import TrainingReport

Condition = Literal[
    "whole view",
    "local view, a third of the area",
    "local view, a third of the side",
    "screws, not masked",
    "screws, masked",
]
Stranger = Literal["chest of another patient", "blank image", "noise"]
When = Literal["before refinement", "after refinement"]


@dataclass(frozen=True)
class Trial:
    """One X-ray that was placed without a start.

    Attributes:
        condition: what it shows.
        located: the error of the model's pose; None where it recognised nothing.
        final: the error after the refinement; None where there was nothing to refine, or it was refused.
        verdict: of the registration.
    """

    condition: Condition
    located: PoseError | None
    final: PoseError | None
    verdict: Verdict

    def error(self, when: When) -> PoseError | None:
        """The error of one of the two poses."""
        return self.located if when == "before refinement" else self.final


@dataclass(frozen=True)
class Variant:
    """A model of which only the poses before refinement are measured.

    Attributes:
        name: of its folder, or in words.
        report: of its training.
        mtre_mm: of each X-ray; infinite without a pose.
    """

    name: str
    report: TrainingReport
    mtre_mm: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class MainOutcome:
    """What was measured of the main model of a place.

    Attributes:
        report: of its training.
        trials: of every X-ray of the place.
        surface_mm: (n,) how far the points in which the model sees bone are from its surface.
        strangers: what was shown that the model does not know, and the verdict on it.
        simpler: poses found in simpler ways from what the model saw; none where that is not asked for.
    """

    report: TrainingReport
    trials: tuple[Trial, ...]
    surface_mm: NDArray[np.float64]
    strangers: tuple[tuple[Stranger, Verdict], ...]
    simpler: tuple[Variant, ...]

    def of(self, condition: Condition) -> list[Trial]:
        """The trials of a condition."""
        return [trial for trial in self.trials if trial.condition == condition]


@dataclass(frozen=True, eq=False)
class PlaceOutcome:
    """What was measured at a place.

    Attributes:
        main: None without a main model.
        started: the model from a pre-trained start; None without.
        ablation: of each model that differs in one thing.
    """

    main: MainOutcome | None
    started: Variant | None
    ablation: tuple[Variant, ...]

    @property
    def variants(self) -> list[Variant]:
        """All that differ from the main model in one thing."""
        return [*(self.main.simpler if self.main else ()), *self.ablation]


def mtre_mm(trials: Iterable[Trial], when: When) -> list[float]:
    """The mean target registration error of each; infinite without a pose."""
    errors = [trial.error(when) for trial in trials]
    return [np.inf if error is None else error.mtre_mm for error in errors]
