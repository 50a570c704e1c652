"""What the network that paints learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from xray3d.inpainting.fill import smooth_fill
from xray3d.inpainting.instrumented import Instrumented

PAINTED_PX = 128

LEAST_RANGE = 0.05
"""Parts of an X-ray may be all of one grey value: no range of grey values counts as smaller."""

# Grey values of a part are some of those of its image, which are shown as 0 to 1.
_LEAST_CONTRAST = 0.3
# What is painted out is larger than what the metal covers by so many pixels: its shadow has soft edges.
_LEAST_MARGIN_PX, _MOST_MARGIN_PX = 2, 4


@dataclass(frozen=True, eq=False)
class Occluded:
    """X-rays that are to be painted, all (n, 1, rows, cols), attenuation bright.

    Attributes:
        images: with metal.
        truth: without.
        holes: 1 where it is to be painted out.
        filled: the images with what surrounds the holes led smoothly into them.
    """

    images: Tensor
    truth: Tensor
    holes: Tensor
    filled: Tensor

    def to(self, device: torch.device) -> Occluded:
        """The same on a device."""
        return Occluded(*(image.to(device) for image in vars(self).values()))


def occluded(source: Instrumented, count: int, seed: int) -> Occluded:
    """So many X-rays on the grey scale of networks, with holes somewhat larger than the metal."""
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    shown = [vars(part.shown).values() for part in source.parts(count, PAINTED_PX, rng, generator)]
    images, truth, metal = (torch.stack(of_all)[:, None] for of_all in zip(*shown, strict=True))
    holes = torch.cat([_grown(one[None], int(rng.integers(_LEAST_MARGIN_PX, _MOST_MARGIN_PX + 1))) for one in metal])
    outside = torch.where(holes > 0, torch.full_like(holes, float("nan")), images).flatten(1)
    # All hole: the truth tells, for there is nothing else.
    outside = torch.where(outside.isnan().all(dim=1, keepdim=True), truth.flatten(1), outside)
    low, high = (torch.nanquantile(outside, q, dim=1)[:, None, None, None] for q in (0.01, 0.99))
    contrast = torch.from_numpy(rng.uniform(_LEAST_CONTRAST, 1.0, count)).float()[:, None, None, None]
    offset = torch.from_numpy(rng.random(count)).float()[:, None, None, None] * (1 - contrast)
    images, truth = (
        offset + contrast * (greys - low) / (high - low).clamp(min=LEAST_RANGE) for greys in (images, truth)
    )
    return Occluded(images, truth, holes, smooth_fill(images, holes))


def _grown(metal: Tensor, by_px: int) -> Tensor:
    return F.max_pool2d(metal, 2 * by_px + 1, stride=1, padding=by_px)
