"""The measurements: vertebrae reconstructed from X-rays of their spines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.registration.anatomies import as_xrayed
from xray3d.benchmarks.x23d.anatomies import TestSet, load_spine
from xray3d.benchmarks.x23d.outcomes import VertebraOutcome
from xray3d.benchmarks.x23d.views import VIEW_COUNTS, Condition, misread, projections_of, take_xray
from xray3d.drr import DRRRenderer
from xray3d.errors import VolumeError
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
    reconstructor = _reconstructor(model)
    return [
        measured
        for number, level in enumerate(sorted(spine.frames))
        for measured in _of_level(test_set, name, spine, level, renderer, reconstructor, [_SEED, number])
    ]


def _of_level(
    test_set: TestSet,
    name: str,
    spine: LabelledSpine,
    level: str,
    renderer: DRRRenderer,
    reconstructor: Reconstructor,
    seed: list[int],
) -> Iterator[VertebraOutcome]:
    rng = np.random.default_rng([*seed, *name.encode()])
    middle = spine.frames[level][:3, 3]
    shape = Shape.of(spine.labels, spine.values[level])
    true_surface = isosurface(shape.coverage, 0.5, shape.ijk_to_ras, smoothed=True)
    views = projections_of(middle, rng)
    place = middle + rng.normal(0, _PLACE_SD_MM, 3)
    for condition in get_args(Condition):
        xrays = [take_xray(renderer, view, condition, seed=number) for number, view in enumerate(views)]
        if condition == "calibration off by 2° and 2 mm":
            xrays = [XRayImage(one.pixels, misread(one.projection, middle, rng), one.name) for one in xrays]
        for count in VIEW_COUNTS if condition == USUAL else (USUAL_VIEWS,):
            started = time.perf_counter()
            found = reconstructor.reconstruct(xrays[:count], place)
            seconds = time.perf_counter() - started
            f1 = _f1(found, shape)
            yield VertebraOutcome(
                test_set, name, level, condition, count, f1, _surface_scores(found, true_surface), seconds
            )


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
