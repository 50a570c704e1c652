"""What the network that finds metal learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xray3d.inpainting.instrumented import Instrumented, Part
from xray3d.inpainting.search_scale import MOST_ENLARGED, resized, shown

SEARCHED_PX = 256
# Nobody says whether attenuation shows bright, as on radiographs, or dark, as on fluoroscopes: of this share, dark.
_DARK = 0.3
# Those of its image are levelled otherwise than those of a part, by a factor and by what is added.
_LEVELS_OFF = ((0.75, 1.3), (-0.2, 0.2))


@dataclass(frozen=True, eq=False)
class Searched:
    """X-rays that are searched for metal.

    Attributes:
        images: (n, 2, rows, cols) as `shown`.
        metal: (n, 1, rows, cols) 1 where there is metal.
    """

    images: Tensor
    metal: Tensor

    def to(self, device: torch.device) -> Searched:
        """The same on a device."""
        return Searched(self.images.to(device), self.metal.to(device))


def searched(source: Instrumented, count: int, seed: int) -> Searched:
    """So many X-rays, half of them without metal."""
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    size_px = int(rng.integers(round(SEARCHED_PX / MOST_ENLARGED), SEARCHED_PX + 1))
    parts = source.parts(count - count // 2, size_px, rng, generator)
    parts += source.without_metal(count // 2, size_px, rng, generator)
    images = torch.stack([_shown(part, rng.random() < _DARK) for part in parts])
    metal = torch.stack([part.shown.metal for part in parts])[:, None]
    images, metal = (resized(of_all, (SEARCHED_PX, SEARCHED_PX)) for of_all in (images, metal))
    levels, ends = images.split(1, dim=1)
    gain, lift = (torch.from_numpy(rng.uniform(*range_, (count, 1, 1, 1))).float() for range_ in _LEVELS_OFF)
    return Searched(torch.cat([gain * levels + lift, ends], dim=1), (metal > 0.5).to(metal.dtype))


def _shown(part: Part, dark: bool) -> Tensor:
    """(2, rows, cols) of a part, on the grey scale of the whole."""
    image = -part.pairs.images if dark else part.pairs.images
    return shown(image[None, None])[0][:, part.where[0], part.where[1]]
