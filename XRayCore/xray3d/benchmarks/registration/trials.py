"""The registrations of one place: every start in two views and in one, on X-rays of several conditions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from xray3d.benchmarks.registration.anatomies import Anatomy, Place, load_anatomy
from xray3d.benchmarks.registration.cases import ViewPair, take_view_pair
from xray3d.benchmarks.registration.soft_tissue import with_moved_soft_tissue
from xray3d.drr import DRRRenderer
from xray3d.errors import XRay3DError
from xray3d.geometry import Projection
from xray3d.registration.capture_range import random_starts, starts_at_mtre
from xray3d.registration.metrics import PoseError, pose_error
from xray3d.registration.register import Registrar
from xray3d.registration.result import Verdict

Purpose = Literal["accuracy", "range"]
Condition = Literal["as in the CT", "screws, masked", "screws, not masked", "soft tissue moved"]
MAX_DEG, MAX_MM = 15.0, 30.0
STARTS_PER_PAIR = 4
BIN_MM = 5.0
_SEED = 20261120


@dataclass(frozen=True)
class Plan:
    """How much to measure at each place.

    Attributes:
        pairs: pairs of views.
        starts: starts within `MAX_DEG` and `MAX_MM`, spread over the pairs.
        starts_without_goal: so many of them in the conditions that the benchmark sets no goal for.
        starts_per_bin: starts at each distance of the capture range's protocol.
        farthest_mm: the upper edge of the last bin of that protocol.
    """

    pairs: int
    starts: int
    starts_without_goal: int
    starts_per_bin: int
    farthest_mm: float


@dataclass(frozen=True)
class Trial:
    """One registration.

    Attributes:
        place: name of the place.
        purpose: "accuracy" (starts within `MAX_DEG` and `MAX_MM`) or "range" (starts at a given mTRE).
        condition: what the X-rays show that the CT does not, and whether it is masked.
        views: 1 or 2.
        initial, final: the errors before and after.
        verdict: of the registration.
        similarity: of the registration.
        predicted_mm: its predicted standard errors along and across the first view's central ray.
        seconds: its time.
    """

    place: str
    purpose: Purpose
    condition: Condition
    views: int
    initial: PoseError
    final: PoseError
    verdict: Verdict
    similarity: float
    predicted_mm: tuple[float, float]
    seconds: float


@dataclass(frozen=True, eq=False)
class _Views:
    """One pair of views of a place in each condition."""

    plain: ViewPair
    with_screws: ViewPair
    moved: ViewPair | None


def run_place(place: Place, data_folder: Path, plan: Plan, purpose: Purpose) -> list[Trial]:
    """A place's trials of one purpose; takes the X-rays first, then frees the volumes that they were taken of."""
    anatomy = load_anatomy(place, data_folder)
    views = _take_views(anatomy, plan.pairs, with_moved=purpose == "accuracy" and place.has_soft_tissue)
    trials = _accuracy if purpose == "accuracy" else _range
    return list(trials(anatomy, views, plan, Registrar(anatomy.ct)))


def _take_views(anatomy: Anatomy, count: int, with_moved: bool) -> list[_Views]:
    seeds = [_SEED + number for number in range(count)]
    renderer = DRRRenderer(anatomy.xrayed)
    plain, screws = ([take_view_pair(anatomy, renderer, seed, metal) for seed in seeds] for metal in (False, True))
    moved: Sequence[ViewPair | None] = [None] * count
    if with_moved:
        renderer = DRRRenderer(with_moved_soft_tissue(anatomy.xrayed, _SEED))
        moved = [take_view_pair(anatomy, renderer, seed) for seed in seeds]
    return [_Views(*pairs) for pairs in zip(plain, screws, moved, strict=True)]


def _accuracy(anatomy: Anatomy, views: Sequence[_Views], plan: Plan, registrar: Registrar) -> Iterator[Trial]:
    """From starts within `MAX_DEG` and `MAX_MM`."""
    for number, motion in enumerate(
        random_starts(plan.starts, MAX_DEG, MAX_MM, _SEED, anatomy.targets_ras.mean(axis=0))
    ):
        view = views[number % len(views)]
        starts = [projection.moved(motion) for projection in view.plain.truth]
        for count in (2, 1):
            yield _trial(anatomy, registrar, view.plain, starts[:count], "accuracy", "as in the CT")
            yield _trial(anatomy, registrar, view.with_screws, starts[:count], "accuracy", "screws, masked")
            if view.moved is not None and number < plan.starts_without_goal:
                yield _trial(anatomy, registrar, view.moved, starts[:count], "accuracy", "soft tissue moved")
        if number < plan.starts_without_goal:
            yield _trial(anatomy, registrar, view.with_screws, starts, "accuracy", "screws, not masked")


def _range(anatomy: Anatomy, views: Sequence[_Views], plan: Plan, registrar: Registrar) -> Iterator[Trial]:
    """From starts at given distances, in two views."""
    for number, (mtre_mm, rng) in enumerate(_distances(plan)):
        view = views[number % len(views)]
        starts = starts_at_mtre(view.plain.truth, anatomy.targets_ras, mtre_mm, rng)
        yield _trial(anatomy, registrar, view.plain, starts, "range", "as in the CT")
        yield _trial(anatomy, registrar, view.with_screws, starts, "range", "screws, masked")
        yield _trial(anatomy, registrar, view.with_screws, starts, "range", "screws, not masked")


def _distances(plan: Plan) -> Iterator[tuple[float, np.random.Generator]]:
    """The initial mTRE of each start of the capture range's protocol, evenly spread within each bin."""
    rng = np.random.default_rng(_SEED)
    for low in np.arange(0.0, plan.farthest_mm, BIN_MM):
        for distance in low + BIN_MM * rng.uniform(0.0, 1.0, plan.starts_per_bin):
            yield float(distance), rng


def _trial(
    anatomy: Anatomy,
    registrar: Registrar,
    pair: ViewPair,
    starts: Sequence[Projection],
    purpose: Purpose,
    condition: Condition,
) -> Trial:
    views = len(starts)
    xrays, truth = pair.xrays[:views], pair.truth[:views]
    masks = pair.metal_masks[:views] if condition == "screws, masked" else None
    initial = pose_error(starts, truth, anatomy.targets_ras)
    place = anatomy.place.name
    try:
        result = registrar.register(xrays, starts, masks=masks)
    except XRay3DError:  # such as a start from which the CT is out of view: registered nothing, which counts
        return Trial(place, purpose, condition, views, initial, initial, "failed", 0.0, (np.inf, np.inf), 0.0)
    final = pose_error(result.projections, truth, anatomy.targets_ras)
    predicted_mm = result.error_along_mm, result.error_across_mm
    return Trial(
        place,
        purpose,
        condition,
        views,
        initial,
        final,
        result.verdict,
        result.similarity,
        predicted_mm,
        result.seconds,
    )
