"""X-rays with metal and the same without: of simulated patients, and real radiographs onto which metal is projected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from xray3d.datasets.occlusion import CLIPPED, Pairs, radiograph_pairs, simulated_pairs
from xray3d.inpainting.scenes import ScenePool

# A radiograph of a whole spine is small, and so are implants on it.
_LEAST_REDUCED = 0.16
# Of the X-rays without metal, the share that is real ones: these show what else looks like metal.
_REAL_WITHOUT = 0.75
# Of radiographs, the share on which implants are in the spine, and how far from their middle, in their widths, it is.
_ON_SPINE, _SPINE_WIDTH = 0.6, 0.08
# Of the parts of radiographs, the share that is about some metal.
_ABOUT_METAL = 0.8


@dataclass(frozen=True, eq=False)
class Part:
    """A part of an X-ray.

    Attributes:
        pairs: (rows, cols) of the whole, whose grey values say what is bright.
        where: the part.
    """

    pairs: Pairs
    where: tuple[slice, slice]

    @property
    def shown(self) -> Pairs:
        """The part alone."""
        return Pairs(*(image[self.where] for image in vars(self.pairs).values()))


@dataclass(frozen=True, eq=False)
class Instrumented:
    """X-rays without end.

    Attributes:
        scenes: of instrumented patients.
        radiographs: (rows, cols) each, real ones; there may be none.
        clipped: the share of X-rays on which metal is white.
    """

    scenes: ScenePool
    radiographs: Sequence[NDArray[np.float32]]
    clipped: float = CLIPPED

    def parts(self, count: int, size_px: int, rng: np.random.Generator, generator: torch.Generator) -> list[Part]:
        """Square ones, half of them simulated, half of real radiographs, where there are some; simulated ones first."""
        if count == 0:
            return []
        real = count // 2 if self.radiographs else 0
        simulated = simulated_pairs(self.scenes.crops(rng, count - real, size_px), generator, self.clipped)
        parts = [Part(Pairs(*image), np.s_[:, :]) for image in zip(*vars(simulated).values(), strict=True)]
        return parts + [self._on_radiograph(size_px, rng, generator) for _ in range(real)]

    def without_metal(
        self, count: int, size_px: int, rng: np.random.Generator, generator: torch.Generator
    ) -> list[Part]:
        """As `parts`, but without metal, radiographs as they are, and more of these."""
        real = round(_REAL_WITHOUT * count) if self.radiographs else 0
        simulated = Instrumented(self.scenes, ()).parts(count - real, size_px, rng, generator)
        parts = [Part(_clean(part.pairs.truth), part.where) for part in simulated]
        for _ in range(real):
            greys = self._radiograph(size_px, rng)
            parts.append(Part(_clean(torch.from_numpy(greys)), _square(greys.shape, size_px, rng)))
        return parts

    def _on_radiograph(self, size_px: int, rng: np.random.Generator, generator: torch.Generator) -> Part:
        greys = self._radiograph(size_px, rng)
        metal_mm = self._metal_mm(rng, greys.shape)
        one = radiograph_pairs(torch.from_numpy(greys)[None], metal_mm[None], generator, self.clipped)
        pairs = Pairs(*(image[0] for image in vars(one).values()))
        about = np.argwhere(pairs.metal.numpy()) if rng.random() < _ABOUT_METAL else None
        return Part(pairs, _square(greys.shape, size_px, rng, about))

    def _radiograph(self, least_px: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Mirrored at random, narrow ones filled up by their own mirror image."""
        image = self.radiographs[int(rng.integers(len(self.radiographs)))]
        image = np.pad(image, [(0, max(0, least_px - side)) for side in image.shape], mode="symmetric")
        return np.ascontiguousarray(image[:, ::-1] if rng.random() < 0.5 else image)

    def _metal_mm(self, rng: np.random.Generator, size_px: tuple[int, ...]) -> Tensor:
        """(rows, cols) of an image, whose implants are somewhere on it."""
        view_px = self.scenes.integrals.shape[-1]
        side = round(view_px * float(np.exp(rng.uniform(np.log(_LEAST_REDUCED), 0.0))))
        # A ray meets metal or does not: pixels are no averages.
        reduced = F.interpolate(self.scenes.metal(rng, 1, view_px)[None], size=(side, side), mode="nearest-exact")[0, 0]
        around = F.pad(torch.zeros(size_px), (side, side, side, side))
        # Its own middle is there, not that of the view that shows it.
        places = zip(self._place(rng, size_px), _middle(reduced), strict=True)
        row, column = (round(place + side - middle) for place, middle in places)
        around[row : row + side, column : column + side] = reduced
        return around[side:-side, side:-side]

    def _place(self, rng: np.random.Generator, size_px: tuple[int, ...]) -> list[float]:
        """Row and column anywhere, or where radiographs of the spine show it."""
        row, column = (float(rng.uniform(0, length)) for length in size_px)
        if rng.random() < _ON_SPINE:
            column = float(np.clip(rng.normal(0.5, _SPINE_WIDTH), 0.0, 1.0)) * size_px[1]
        return [row, column]


def _middle(metal_mm: Tensor) -> list[float]:
    where = metal_mm.nonzero()
    middle = where.float().mean(dim=0) if len(where) else torch.tensor(metal_mm.shape) / 2
    return [float(one) for one in middle]


def _clean(image: Tensor) -> Pairs:
    return Pairs(image, image, torch.zeros_like(image))


def _square(
    size_px: tuple[int, ...], side_px: int, rng: np.random.Generator, about: NDArray[np.intp] | None = None
) -> tuple[slice, slice]:
    """Anywhere, or about one of some pixels."""
    limit = np.array(size_px) - side_px
    first = rng.integers(0, limit + 1)
    if about is not None and len(about):
        middle = about[int(rng.integers(len(about)))] + rng.integers(-side_px // 4, side_px // 4 + 1, 2)
        first = np.clip(middle - side_px // 2, 0, limit)
    row, column = (int(one) for one in first)
    return slice(row, row + side_px), slice(column, column + side_px)
