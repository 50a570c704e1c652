"""Spines as surgeons instrument them, at random: screws, rods, cages and plates where they belong, or nearly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from xray3d.datasets.implant_shapes import TriangleMesh, bone_plate, interbody_cage, rod
from xray3d.datasets.screw_placement import ScrewPlan, plan_pedicle_screws
from xray3d.datasets.screws import ROD_SEAT_MM, pedicle_screw
from xray3d.datasets.spine_finder import FoundSpine, FoundVertebra
from xray3d.drr import Implant
from xray3d.errors import VolumeError

Rng = np.random.Generator
Matrix = NDArray[np.float64]

# How often there is what: on a side of a vertebra a screw, on a side with two or more screws a rod, in a disc between
# screws a cage, and in front of two vertebrae a plate.
_SCREW, _ROD, _CAGE, _PLATE = 0.85, 0.7, 0.3, 0.15
_MOST_LEVELS = 5
# Standard deviations by which screws are off the plan, cages and plates off the middle.
_OFF_MM, _OFF_DEG = 1.5, 4.0
_DIAMETERS_MM, _LENGTHS_MM = (4.5, 8.5), (30.0, 60.0)
_ROD_DIAMETERS_MM = (4.75, 5.5, 6.0, 6.35)
_CAGE_OF_BODY = {"width": (0.4, 0.8), "depth": (0.25, 0.6)}


@dataclass(frozen=True, eq=False)
class _Level:
    """A vertebra, and the screws that it takes."""

    vertebra: FoundVertebra
    plans: Sequence[ScrewPlan]


class InstrumentableSpine:
    """The vertebrae of a patient that take screws, planned once for any number of draws.

    Args:
        spine: as found in the patient's CT.

    Raises:
        VolumeError: no vertebra takes a screw.
    """

    def __init__(self, spine: FoundSpine) -> None:
        self._runs = [run for run in _neighbours(list(_levels(spine))) if run]
        if not self._runs:
            raise VolumeError("No vertebra in this CT takes a pedicle screw; choose a CT with a whole lumbar spine.")

    def draw(self, rng: Rng) -> list[Implant]:
        """An instrumentation of one to five neighbouring vertebrae; at least one implant."""
        run = self._runs[int(rng.integers(len(self._runs)))]
        count = int(rng.integers(1, min(len(run), _MOST_LEVELS) + 1))
        first = int(rng.integers(len(run) - count + 1))
        levels = run[first : first + count]
        while True:
            implants = [*_screws_and_rods(levels, rng), *_cages(levels, rng), *_plates(levels, rng)]
            if implants:
                return implants


def _levels(spine: FoundSpine) -> Iterator[_Level]:
    for vertebra in spine.vertebrae:
        if not vertebra.is_whole:
            continue
        try:
            yield _Level(vertebra, plan_pedicle_screws(spine.labels, vertebra.label, frame=vertebra.to_ras))
        except VolumeError:
            continue  # too slender for a screw


def _neighbours(levels: Sequence[_Level]) -> list[list[_Level]]:
    """In runs without a gap."""
    runs: list[list[_Level]] = [[]]
    for level in levels:
        if runs[-1] and level.vertebra.label != runs[-1][-1].vertebra.label + 1:
            runs.append([])
        runs[-1].append(level)
    return runs


def _screws_and_rods(levels: Sequence[_Level], rng: Rng) -> Iterator[Implant]:
    for side in ("left", "right"):
        plans = [plan for level in levels for plan in level.plans if plan.side == side and rng.random() < _SCREW]
        placed = [plan.to_ras @ _off(rng) for plan in plans]
        for plan, to_ras in zip(plans, placed, strict=True):
            diameter_mm = float(np.clip(0.5 * round(2 * (plan.diameter_mm + rng.normal())), *_DIAMETERS_MM))
            length_mm = float(np.clip(plan.length_mm + 5 * rng.integers(-2, 3), *_LENGTHS_MM))
            yield _implant(_screw(diameter_mm, length_mm), to_ras, f"{side} screw")
        if len(placed) > 1 and rng.random() < _ROD:
            seats = [to_ras[:3, :3] @ ROD_SEAT_MM + to_ras[:3, 3] for to_ras in placed]
            shape = rod(seats, float(rng.choice(_ROD_DIAMETERS_MM)), float(rng.uniform(3, 15)))
            yield _implant(shape, np.eye(4), f"{side} rod")


def _cages(levels: Sequence[_Level], rng: Rng) -> Iterator[Implant]:
    for above, below in pairwise(levels):
        if rng.random() < _CAGE:
            width, depth, height = above.vertebra.size_mm
            gap = np.linalg.norm(above.vertebra.center_ras - below.vertebra.center_ras)
            shape = interbody_cage(
                max(width * rng.uniform(*_CAGE_OF_BODY["width"]), 10.0),
                max(depth * rng.uniform(*_CAGE_OF_BODY["depth"]), 8.0),
                float(np.clip(gap - height, 5.0, 14.0)),
                float(rng.uniform(0, 12)),
            )
            yield _implant(shape, _between(above, below) @ _off(rng), "cage")


def _plates(levels: Sequence[_Level], rng: Rng) -> Iterator[Implant]:
    for above, below in pairwise(levels):
        if rng.random() < _PLATE:
            gap = float(np.linalg.norm(above.vertebra.center_ras - below.vertebra.center_ras))
            shape = bone_plate(
                max(gap + rng.uniform(5, 15), 20.0), float(rng.uniform(13, 22)), float(rng.uniform(1.5, 4))
            )
            in_front = np.eye(4)
            in_front[1, 3] = above.vertebra.size_mm[1] / 2 + 2.0
            yield _implant(shape, _between(above, below) @ in_front @ _off(rng), "plate")


def _between(above: _Level, below: _Level) -> Matrix:
    """The frame of a vertebra (x to the right, y to the front, z up), in the middle of two."""
    middle = above.vertebra.to_ras.copy()
    middle[:3, 3] = (above.vertebra.center_ras + below.vertebra.center_ras) / 2
    return middle


def _off(rng: Rng) -> Matrix:
    off = np.eye(4)
    off[:3, :3] = Rotation.from_rotvec(np.deg2rad(rng.normal(0, _OFF_DEG, 3))).as_matrix()
    off[:3, 3] = rng.normal(0, _OFF_MM, 3)
    return off


@lru_cache(maxsize=256)
def _screw(diameter_mm: float, length_mm: float) -> TriangleMesh:
    return pedicle_screw(diameter_mm, length_mm)


def _implant(mesh: TriangleMesh, to_ras: Matrix, name: str) -> Implant:
    return Implant(mesh.vertices, mesh.triangles, to_ras, name)
