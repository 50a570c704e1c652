"""How synthetic patients differ from each other in the shapes of their vertebrae."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from xray3d.datasets.free_form import FreeForm
from xray3d.datasets.morphometry import VertebraShape
from xray3d.datasets.scanned_vertebra import ScannedVertebra
from xray3d.datasets.shapes import Distance, Points
from xray3d.datasets.vertebra import vertebra_distance

VertebraDistance = Callable[[Points], Distance]


@dataclass(frozen=True)
class Variety:
    """Of what vertebrae are made.

    Attributes:
        scanned: vertebrae of real people, any of which may stand for any level, in its size.
        formula_share: of the vertebrae, those that are formulas; all where none was scanned.
        free_form_mm: how far control points of a free-form deformation go, one standard deviation.
        measures: standard deviation of what each length of the body is multiplied with, beside what it is in a healthy
            patient: bodies collapse, and grow spurs.
    """

    scanned: Sequence[ScannedVertebra] = field(default_factory=tuple)
    formula_share: float = 0.3
    free_form_mm: float = 3.0
    measures: float = 0.06

    def vertebra(self, shape: VertebraShape, random: np.random.Generator) -> VertebraDistance:
        """The signed distance (mm) at points (3, ...) of a vertebra's frame, of one of about that shape."""
        lengths = {of.name: getattr(shape, of.name) for of in fields(shape) if of.name.endswith("_mm")}
        factors = np.exp(random.normal(0.0, self.measures, len(lengths)))
        varied = replace(shape, **{name: of * by for (name, of), by in zip(lengths.items(), factors, strict=True)})
        deform = FreeForm(random, self.free_form_mm)
        if not self.scanned or random.random() < self.formula_share:
            return lambda points: vertebra_distance(deform.moved(points), varied)
        one, mirrored = self.scanned[int(random.integers(len(self.scanned)))], random.random() < 0.5
        side = np.array([-1, 1, 1] if mirrored else [1, 1, 1], np.float32)
        return lambda points: one.distance(deform.moved(points) * side.reshape(3, *[1] * (points.ndim - 1)), varied)
