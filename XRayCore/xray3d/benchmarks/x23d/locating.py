"""The measurements: vertebrae found on X-rays of their spines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from xray3d.benchmarks.registration.anatomies import as_xrayed
from xray3d.benchmarks.table import Row, against_limit
from xray3d.benchmarks.x23d.anatomies import UNLABELLED, TestSet, load_spine
from xray3d.benchmarks.x23d.views import projections_of, take_xray
from xray3d.drr import DRRRenderer
from xray3d.reconstruction.level_finding.locate import LevelLocator
from xray3d.reconstruction.level_finding.model import SHIPPED, load_network
from xray3d.reconstruction.scenes import LabelledSpine
from xray3d.volumes import XRayImage

VIEW_COUNTS = (2, 4)
RIGHT_MM, _LEAST_RIGHT = 5.0, 95.0
"""So near to the middle of its body a vertebra of the right level is found."""

_DRAWS, _SEED = 3, 51_000_000


@dataclass(frozen=True)
class LevelOutcome:
    """A vertebra that two X-rays or more show.

    Attributes:
        test_set, spine, level: which.
        views: how many X-rays there were.
        error_mm: how far from the middle of its body it was found; None where it was not.
    """

    test_set: TestSet
    spine: str
    level: str
    views: int
    error_mm: float | None


def run_locating(test_set: TestSet, name: str, data_folder: Path, model: str) -> list[LevelOutcome]:
    """All that is measured of one spine.

    Args:
        model: digest of the models that ship, so that what is kept is of no other.
    """
    spine = load_spine(test_set, name, data_folder)
    renderer, locator = DRRRenderer(as_xrayed(spine.ct)), _locator(model, name not in UNLABELLED)
    middle = np.mean([frame[:3, 3] for frame in spine.frames.values()], axis=0)
    outcomes = []
    for draw in range(_DRAWS):
        views = projections_of(middle, np.random.default_rng([_SEED, draw, *name.encode()]))
        xrays = [take_xray(renderer, view, "calibrated", number) for number, view in enumerate(views)]
        for count in VIEW_COUNTS:
            outcomes += list(_located(test_set, name, spine, xrays[:count], locator))
    return outcomes


def _located(
    test_set: TestSet, name: str, spine: LabelledSpine, xrays: Sequence[XRayImage], locator: LevelLocator
) -> Iterator[LevelOutcome]:
    found = {one.level: one.middle_ras for one in locator.locate(xrays)}
    for level, frame in spine.frames.items():
        middle = frame[:3, 3]
        if sum(bool(xray.projection.sees(middle)) for xray in xrays) > 1:
            error_mm = float(np.linalg.norm(found[level] - middle)) if level in found else None
            yield LevelOutcome(test_set, name, level, len(xrays), error_mm)


def locating_rows(outcomes: Sequence[LevelOutcome]) -> Iterator[Row]:
    """All of one test set, or of one spine of it."""
    spines = {one.spine for one in outcomes}
    of = outcomes[0].test_set + (f" ({Path(*spines).name})" if len(spines) == 1 else "")
    for count in VIEW_COUNTS:
        errors = [one.error_mm for one in outcomes if one.views == count]
        found = [error for error in errors if error is not None]
        words = f"{of}, {count} views, {len(errors)} vertebrae to be found"
        right = 100 * np.mean([error is not None and error <= RIGHT_MM for error in errors])
        measure = f"{words}: right level, within {RIGHT_MM:g} mm"
        yield against_limit(measure, float(right), "%", ">=", _LEAST_RIGHT)
        yield Row(f"{words}: found", 100 * len(found) / len(errors), "%")
        median = float(np.median(found)) if found else "none was found"
        yield Row(f"{words}: error of those found, median", median, "mm")


@lru_cache(maxsize=2)
def _locator(model: str, reconstructs: bool) -> LevelLocator:
    return LevelLocator.shipped() if reconstructs else LevelLocator(load_network(SHIPPED)[0])
