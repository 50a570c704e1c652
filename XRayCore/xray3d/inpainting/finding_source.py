"""What the network that finds metal learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xray3d.inpainting.instrumented import Instrumented, Part
from xray3d.models.levels import levelled

SEARCHED_PX = 256
# Nobody says whether attenuation shows bright, as on radiographs, or dark, as on fluoroscopes: of this share, dark.
_DARK = 0.3
# Those of its image are levelled otherwise than those of a part, by a factor and by what is added.
_LEVELS_OFF = ((0.75, 1.3), (-0.2, 0.2))


@dataclass(frozen=True, eq=False)
class Searched:
    """X-rays that are searched for metal, all (n, 1, rows, cols).

    Attributes:
        images: `levelled`.
        metal: 1 where there is metal.
    """

    images: Tensor
    metal: Tensor

    def to(self, device: torch.device) -> Searched:
        """The same on a device."""
        return Searched(self.images.to(device), self.metal.to(device))


def searched(source: Instrumented, count: int, seed: int) -> Searched:
    """So many X-rays, half of them without metal."""
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    parts = source.parts(count - count // 2, SEARCHED_PX, rng, generator)
    parts += source.without_metal(count // 2, SEARCHED_PX, rng, generator)
    images = torch.stack([_shown(part, rng.random() < _DARK) for part in parts])[:, None]
    metal = torch.stack([part.shown.metal for part in parts])[:, None]
    gain, lift = (torch.from_numpy(rng.uniform(*range_, (count, 1, 1, 1))).float() for range_ in _LEVELS_OFF)
    return Searched(gain * images + lift, metal)


def _shown(part: Part, dark: bool) -> Tensor:
    """(crop, crop) on the grey scale of the whole."""
    image = -part.pairs.images if dark else part.pairs.images
    return levelled(image[None, None])[0, 0][part.where]
