"""How synthetic patients differ from each other in the shapes of their vertebrae."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from xray3d.datasets.arch import ArchVariety
from xray3d.datasets.canvas import BoneTissue
from xray3d.datasets.free_form import FreeForm
from xray3d.datasets.morphometry import VertebraShape
from xray3d.datasets.scanned_vertebra import ScannedVertebra
from xray3d.datasets.shapes import Distance, Points, column_vector
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
        arches: how much arches differ beside that, see `ArchVariety`.
        density: standard deviation of what thickness and density of bone are multiplied with, as a multiple of what is
            usual: 1 or so.
    """

    scanned: Sequence[ScannedVertebra] = field(default_factory=tuple)
    formula_share: float = 0.3
    free_form_mm: float = 3.0
    measures: float = 0.06
    arches: float = 0.0
    density: float = 0.0

    def vertebra(self, shape: VertebraShape, random: np.random.Generator) -> VertebraDistance:
        """The signed distance (mm) at points (3, ...) of a vertebra's frame, of one of about that shape."""
        lengths = {of.name: getattr(shape, of.name) for of in fields(shape) if of.name.endswith("_mm")}
        factors = np.exp(random.normal(0.0, self.measures, len(lengths)))
        varied = replace(shape, **{name: of * by for (name, of), by in zip(lengths.items(), factors, strict=True)})
        deform = self._deformation(varied, random)
        if not self.scanned or random.random() < self.formula_share:
            return lambda points: vertebra_distance(deform(points), varied)
        one, mirrored = self.scanned[int(random.integers(len(self.scanned)))], random.random() < 0.5
        side = [-1, 1, 1] if mirrored else [1, 1, 1]
        return lambda points: one.distance(deform(points) * column_vector(side, points), varied)

    def tissue(self, usual: BoneTissue, random: np.random.Generator) -> BoneTissue:
        """The bone of a patient whose bone would usually be like that."""
        if not self.density:
            return usual
        shell_mm, shell_hu, spongy_hu = np.exp(self.density * random.normal(0.0, (0.25, 0.2, 0.35)))
        return BoneTissue(usual.shell_mm * shell_mm, usual.shell_hu * shell_hu, usual.spongy_hu * spongy_hu)

    def _deformation(self, shape: VertebraShape, random: np.random.Generator) -> Callable[[Points], Points]:
        free = FreeForm(random, self.free_form_mm)
        if not self.arches:
            return free.moved
        arch = ArchVariety(random, self.arches, -shape.depth_mm / 2)
        return lambda points: arch.moved(free.moved(points))
