"""The measurements: vertebrae reconstructed from X-rays of their spines."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.registration.anatomies import as_xrayed
from xray3d.benchmarks.x23d.anatomies import TestSet, load_spine
from xray3d.benchmarks.x23d.outcomes import VertebraOutcome
from xray3d.benchmarks.x23d.uncalibrated import FOLDER, UncalibratedNetwork, load_network
from xray3d.benchmarks.x23d.views import VIEW_COUNTS, Condition, misread, projections_of, screws_in, take_xray
from xray3d.drr import DRRRenderer, Implant
from xray3d.errors import VolumeError
from xray3d.geometry import Projection
from xray3d.reconstruction.grid import GRID_SIZE_IJK
from xray3d.reconstruction.reconstruct import Reconstruction, Reconstructor
from xray3d.reconstruction.scenes import LabelledSpine, Shape
from xray3d.reconstruction.shape_scores import SurfaceScores, surface_scores
from xray3d.volumes import XRayImage
from xray3d.volumes.isosurface import isosurface

USUAL: Condition = "calibrated"
USUAL_VIEWS = 4
"""From the front, from the side, and two oblique ones."""

# Whoever says where the middle of a body is, is off by one standard deviation along each axis; how the vertebra is
# turned nobody says.
_PLACE_SD_MM = 3.0
_SEED = 50_000_000


def run_spine(test_set: TestSet, name: str, data_folder: Path, model: str) -> list[VertebraOutcome]:
    """All that is measured of one spine.

    Args:
        model: digest of the model that ships, so that what is kept is of no other.
    """
    spine = load_spine(test_set, name, data_folder)
    renderer = DRRRenderer(as_xrayed(spine.ct))
    reconstructor, screws = _reconstructor(model), screws_in(spine)
    cases = (Case.of(test_set, name, spine, level, number) for number, level in enumerate(sorted(spine.frames)))
    return [of for case in cases for of in _under_all_conditions(case, renderer, reconstructor, screws)]


def run_uncalibrated(test_set: TestSet, name: str, data_folder: Path, model: str) -> list[VertebraOutcome]:
    """The same vertebrae from the same `USUAL_VIEWS` X-rays, by the network that is not told where these are from.

    Args:
        model: digest of that network.
    """
    spine = load_spine(test_set, name, data_folder)
    renderer, reconstructor = DRRRenderer(as_xrayed(spine.ct)), Reconstructor(_uncalibrated(model))
    outcomes = []
    for number, level in enumerate(sorted(spine.frames)):
        case = Case.of(test_set, name, spine, level, number)
        xrays = [take_xray(renderer, view, USUAL, seed) for seed, view in enumerate(case.views[:USUAL_VIEWS])]
        outcomes.append(case.outcome(reconstructor, xrays, USUAL))
    return outcomes


@dataclass(frozen=True, eq=False)
class Case:
    """A vertebra, and what is said of where it is and of where it is seen from.

    Attributes:
        test_set, spine, level: which.
        middle_ras: (3,) mm, of its body.
        shape, surface: the true ones.
        views: from where it is X-rayed.
        place_ras: (3,) mm, where its middle is said to be.
        rng: of what else is drawn.
    """

    test_set: TestSet
    spine: str
    level: str
    middle_ras: NDArray[np.float64]
    shape: Shape
    surface: tuple[NDArray[np.float64], NDArray[np.int64]]
    views: list[Projection]
    place_ras: NDArray[np.float64]
    rng: np.random.Generator

    @classmethod
    def of(cls, test_set: TestSet, name: str, spine: LabelledSpine, level: str, number: int) -> Case:
        """The `number`th of a spine; always the same."""
        rng = np.random.default_rng([_SEED, number, *name.encode()])
        middle = spine.frames[level][:3, 3]
        shape = Shape.of(spine.labels, spine.values[level])
        surface = isosurface(shape.coverage, 0.5, shape.ijk_to_ras, smoothed=True)
        views = projections_of(middle, rng)
        place = middle + rng.normal(0, _PLACE_SD_MM, 3)
        return cls(test_set, name, level, middle, shape, surface, views, place, rng)

    def outcome(
        self, reconstructor: Reconstructor, xrays: Sequence[XRayImage], condition: Condition
    ) -> VertebraOutcome:
        """What is measured of one reconstruction."""
        started = time.perf_counter()
        found = reconstructor.reconstruct(xrays, self.place_ras)
        seconds = time.perf_counter() - started
        f1, surface = _f1(found, self.shape), _surface_scores(found, self.surface)
        return VertebraOutcome(self.test_set, self.spine, self.level, condition, len(xrays), f1, surface, seconds)


def _under_all_conditions(
    case: Case, renderer: DRRRenderer, reconstructor: Reconstructor, screws: Sequence[Implant]
) -> Iterator[VertebraOutcome]:
    for condition in get_args(Condition):
        views = case.views if condition == USUAL else case.views[:USUAL_VIEWS]
        xrays = [take_xray(renderer, view, condition, number, screws) for number, view in enumerate(views)]
        if condition == "calibration off by 2° and 2 mm":
            off = [misread(one.projection, case.middle_ras, case.rng) for one in xrays]
            xrays = [XRayImage(one.pixels, told, one.name) for one, told in zip(xrays, off, strict=True)]
        for count in VIEW_COUNTS if condition == USUAL else (USUAL_VIEWS,):
            yield case.outcome(reconstructor, xrays[:count], condition)


def _f1(found: Reconstruction, shape: Shape) -> float:
    """Of all voxels of the vertebra, also of those that the grid does not hold."""
    truth = shape.on(found.ijk_to_ras, GRID_SIZE_IJK)
    own_mm3 = abs(np.linalg.det(shape.ijk_to_ras[:3, :3]))
    voxel_mm3 = abs(np.linalg.det(found.ijk_to_ras[:3, :3]))
    whole = max(float(shape.coverage.sum()) * own_mm3 / voxel_mm3, np.count_nonzero(truth))
    return float(2 * np.count_nonzero(found.inside & truth) / (np.count_nonzero(found.inside) + whole))


def _surface_scores(
    found: Reconstruction, truth: tuple[NDArray[np.float64], NDArray[np.int64]]
) -> SurfaceScores | None:
    try:
        return surface_scores(found.mesh(), truth)
    except VolumeError:  # there is nothing inside
        return None


@lru_cache(maxsize=1)
def _reconstructor(model: str) -> Reconstructor:
    return Reconstructor.shipped()


@lru_cache(maxsize=1)
def _uncalibrated(model: str) -> UncalibratedNetwork:
    return load_network(FOLDER)[0]
