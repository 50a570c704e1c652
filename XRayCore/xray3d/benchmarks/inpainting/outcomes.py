"""What is measured of each X-ray, before it becomes a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from xray3d.benchmarks.inpainting.cases import TestSet

if TYPE_CHECKING:  # what only reads outcomes need not load torch
    from xray3d.inpainting.similarity import Similarity

Region = Literal["in the mask", "at its border", "over the image"]


@dataclass(frozen=True)
class CaseOutcome:
    """One X-ray with metal.

    Attributes:
        test_set: where it belongs.
        name: what pictures call it.
        similarity: to the truth, by region and by method, or why a method gave nothing.
        dice: Dice's coefficient of the metal that was found.
        clean: whether none was found on the truth.
        strip: a PNG file with what `pictures.strip` shows.
    """

    test_set: TestSet
    name: str
    similarity: Mapping[Region, Mapping[str, Similarity | str]]
    dice: float
    clean: bool
    strip: bytes
