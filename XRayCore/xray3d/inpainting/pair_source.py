"""X-rays with metal and without, as networks are shown them: simulated patients and real radiographs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from xray3d.datasets.occlusion import Pairs, radiograph_pairs, simulated_pairs
from xray3d.inpainting.fill import smooth_fill
from xray3d.inpainting.network import levelled
from xray3d.inpainting.scenes import ScenePool

CROP_PX = 128

LEAST_RANGE = 0.05
"""Parts of an X-ray may be all of one grey value: no range of grey values counts as smaller."""

# Grey values of a crop are a part of those of its image, which are shown as 0 to 1.
_LEAST_CONTRAST = 0.3
# Those of its image are levelled otherwise than those of a crop, by a factor and by what is added.
_LEVELS_OFF = ((0.6, 1.4), (-0.3, 0.3))
# What is painted out is larger than what the metal covers by so many pixels: its shadow has soft edges.
_LEAST_MARGIN_PX, _MOST_MARGIN_PX = 1, 4
# A radiograph of a whole spine is small: implants are as large on it as its vertebrae allow.
_LEAST_REDUCED = 0.35


@dataclass(frozen=True, eq=False)
class Batch:
    """X-rays as networks are shown them, all (n, 1, rows, cols), attenuation bright.

    Attributes:
        images: with metal.
        truth: without.
        holes: 1 where it is to be painted out.
        filled: the images with what surrounds the holes led smoothly into them.
        levelled: as the network is shown them that finds metal: those with metal, and as many without.
        metal: 1 where there is metal on these.
    """

    images: Tensor
    truth: Tensor
    holes: Tensor
    filled: Tensor
    levelled: Tensor
    metal: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return Batch(*(image.to(device) for image in vars(self).values()))


@dataclass(frozen=True, eq=False)
class PairSource:
    """X-rays with metal and without, without end.

    Attributes:
        scenes: of instrumented patients.
        radiographs: (rows, cols) each, real ones; there may be none.
    """

    scenes: ScenePool
    radiographs: Sequence[NDArray[np.float32]]

    def batch(self, count: int, seed: int) -> Batch:
        """Half of them simulated, half real ones with metal projected onto them, where there are real ones."""
        rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        real = count // 2 if self.radiographs else 0
        simulated = simulated_pairs(self.scenes.crops(rng, count - real, CROP_PX), generator)
        parts = [simulated]
        if real:
            greys = torch.from_numpy(np.stack([self._radiograph(rng) for _ in range(real)]))
            parts.append(radiograph_pairs(greys, self._reduced_metal(rng, real), generator))
        images, truth, metal = (torch.cat([getattr(p, name) for p in parts])[:, None] for name in vars(simulated))
        return _shown(Pairs(images, truth, metal), rng)

    def _radiograph(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """A crop, mirrored at random, narrow images filled up by their own mirror image."""
        image = self.radiographs[int(rng.integers(len(self.radiographs)))]
        missing = [max(0, CROP_PX - side) for side in image.shape]
        image = np.pad(image, [(0, side) for side in missing], mode="symmetric")
        row, column = (int(rng.integers(0, side - CROP_PX + 1)) for side in image.shape)
        crop = image[row : row + CROP_PX, column : column + CROP_PX]
        return np.ascontiguousarray(crop[:, ::-1] if rng.random() < 0.5 else crop)

    def _reduced_metal(self, rng: np.random.Generator, count: int) -> Tensor:
        reduced = []
        for _ in range(count):
            side = min(int(CROP_PX / rng.uniform(_LEAST_REDUCED, 1.0)), self.scenes.integrals.shape[-1])
            metal_mm = self.scenes.metal(rng, 1, side)
            reduced.append(F.interpolate(metal_mm[:, None], size=(CROP_PX, CROP_PX), mode="area")[:, 0])
        return torch.cat(reduced)


def _shown(pairs: Pairs, rng: np.random.Generator) -> Batch:
    """On the grey scale of networks, with holes somewhat larger than the metal."""
    holes = torch.cat(
        [_grown(one[None], int(rng.integers(_LEAST_MARGIN_PX, _MOST_MARGIN_PX + 1))) for one in pairs.metal]
    )
    outside = torch.where(holes > 0, torch.full_like(holes, float("nan")), pairs.images).flatten(1)
    # All hole: the truth tells, for there is nothing else.
    outside = torch.where(outside.isnan().all(dim=1, keepdim=True), pairs.truth.flatten(1), outside)
    low, high = (torch.nanquantile(outside, q, dim=1)[:, None, None, None] for q in (0.01, 0.99))
    contrast = torch.from_numpy(rng.uniform(_LEAST_CONTRAST, 1.0, len(holes))).float()[:, None, None, None]
    offset = torch.from_numpy(rng.random(len(holes))).float()[:, None, None, None] * (1 - contrast)

    def shown(images: Tensor) -> Tensor:
        return offset + contrast * (images - low) / (high - low).clamp(min=LEAST_RANGE)

    images, truth = shown(pairs.images), shown(pairs.truth)
    # Half of them without any metal.
    finder = levelled(torch.cat([pairs.images, pairs.truth]))
    gain, lift = (torch.from_numpy(rng.uniform(*range_, (len(finder), 1, 1, 1))).float() for range_ in _LEVELS_OFF)
    none = torch.zeros_like(pairs.metal)
    return Batch(images, truth, holes, smooth_fill(images, holes), gain * finder + lift, torch.cat([pairs.metal, none]))


def _grown(metal: Tensor, by_px: int) -> Tensor:
    return F.max_pool2d(metal, 2 * by_px + 1, stride=1, padding=by_px)
