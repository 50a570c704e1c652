"""How much is measured of which model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from xray3d.benchmarks.scene_coordinates.outcomes import Condition, Stranger
from xray3d.benchmarks.scene_coordinates.xrays import Part

# What is measured in one go: some minutes' work, so that processes share the work evenly and little of it is lost.
_AT_ONCE = 50


@dataclass(frozen=True)
class Wanted:
    """What to measure of some X-rays beside the poses that a model gives them.

    Attributes:
        registered: whether they are registered from there.
        surface: how far the points are from bone.
        ransac: poses from what the model saw by plain RANSAC.
        matched: the poses that a model that compares began with.
    """

    registered: bool = False
    surface: bool = False
    ransac: bool = False
    matched: bool = False


@dataclass(frozen=True)
class Plan:
    """How many X-rays to take at each place.

    Attributes:
        whole: whole views, of which the rotations and translations are measured.
        targets: of these, the first so many, of which the target registration errors are.
        compared: of these, the first so many, on which models that differ in one thing are compared and the distance
            of points from bone is measured.
        others: views of each other condition.
        strangers: X-rays of another anatomy, and as many images of noise.
    """

    whole: int
    targets: int
    compared: int
    others: int
    strangers: int

    def of_main(self, has_ablation: bool) -> Iterator[tuple[Part, Wanted]]:
        """All that is measured of the main model of a place.

        Args:
            has_ablation: whether other models of the place are compared with it.
        """
        for part in _parts("whole view", 0, self.compared):
            yield part, Wanted(registered=True, surface=True, ransac=has_ablation, matched=has_ablation)
        for part in _parts("whole view", self.compared, self.whole):
            yield part, Wanted(registered=True)
        for condition in get_args(Condition)[1:]:
            for part in _parts(condition, 0, self.others):
                yield part, Wanted(registered=True)
        for kind in get_args(Stranger):
            for part in _parts(kind, 0, 1 if kind == "blank image" else self.strangers):
                yield part, Wanted(registered=True)

    def of_scratch(self) -> Iterator[tuple[Part, Wanted]]:
        """What is measured of a model that began with nothing."""
        for part in _parts("whole view", 0, self.targets):
            yield part, Wanted()

    def of_ablation(self) -> Iterator[tuple[Part, Wanted]]:
        """What is measured of a model that differs in one thing."""
        for part in _parts("whole view", 0, self.compared):
            yield part, Wanted(ransac=True)


def _parts(condition: Condition | Stranger, first: int, end: int) -> Iterator[Part]:
    for begin in range(first, end, _AT_ONCE):
        yield Part(condition, begin, min(_AT_ONCE, end - begin))
