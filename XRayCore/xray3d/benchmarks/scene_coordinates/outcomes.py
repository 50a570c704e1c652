"""What is measured at one place, before it becomes a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
        located: the error of the model's pose; None where it recognised nothing, and of strangers, which have no truth.
        final: the error after the refinement; None where nothing was refined, or it was refused, and of strangers.
        verdict: of the registration; of what was not registered "failed".
    """

    condition: Condition | Stranger
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
class PartOutcome:
    """What was measured of a model on some X-rays.

    Attributes:
        report: of the model's training.
        trials: of every X-ray.
        surface_mm: (n,) how far the points in which the model sees bone are from its surface; none where not asked for.
        simpler: by their names, mTREs (mm) of poses found in simpler ways from what the model saw, infinite without a
            pose; none where not asked for.
    """

    report: TrainingReport
    trials: tuple[Trial, ...]
    surface_mm: NDArray[np.float64]
    simpler: Mapping[str, tuple[float, ...]]

    def of(self, condition: Condition | Stranger) -> list[Trial]:
        """The trials of a condition."""
        return [trial for trial in self.trials if trial.condition == condition]

    def variants(self, name: str | None) -> list[Variant]:
        """The poses found in simpler ways, after those of the model itself by this name."""
        own = [] if name is None else [Variant(name, self.report, tuple(mtre_mm(self.trials, "before refinement")))]
        prefix = "" if name is None else f"{name}, "
        return own + [Variant(f"{prefix}{how}", self.report, found) for how, found in self.simpler.items()]


def joined(parts: Sequence[PartOutcome]) -> PartOutcome:
    """What was measured of one model, of X-rays of which no two parts have the same."""
    names = dict.fromkeys(name for part in parts for name in part.simpler)
    return PartOutcome(
        parts[0].report,
        tuple(trial for part in parts for trial in part.trials),
        np.concatenate([part.surface_mm for part in parts]),
        {name: tuple(value for part in parts for value in part.simpler.get(name, ())) for name in names},
    )


@dataclass(frozen=True, eq=False)
class PlaceOutcome:
    """What was measured at a place.

    Attributes:
        main: None without a main model.
        scratch: the model that began with nothing; None without.
        ablation: of each model that differs in one thing.
    """

    main: PartOutcome | None
    scratch: Variant | None
    ablation: tuple[Variant, ...]

    @property
    def variants(self) -> list[Variant]:
        """All that differ from the main model in one thing."""
        return [*(self.main.variants(None) if self.main else ()), *self.ablation]


def mtre_mm(trials: Iterable[Trial], when: When) -> list[float]:
    """The mean target registration error of each; infinite without a pose."""
    errors = [trial.error(when) for trial in trials]
    return [np.inf if error is None else error.mtre_mm for error in errors]
