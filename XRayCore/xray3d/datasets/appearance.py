"""The looks that an X-ray of one patient may have, drawn at random, for networks to learn what does not depend on them.

A thousand views a minute on a laptop do not leave time for the whole chain of `drr.physics`. What is drawn here is
wider than any of its techniques and coarser: polychromatic beams, a smooth veil of scatter, noise, blur, collimators,
metal, soft tissue that is elsewhere, and any grey scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from xray3d.datasets.draws import Draws
from xray3d.datasets.exposures import blurred, collimator, displayed, transmitted, with_noise, with_scatter

_MOST_METAL_PIECES, _MOST_GAS = 8, 4


@dataclass(frozen=True, eq=False)
class Looks:
    """X-rays of n views.

    Attributes:
        images: (n, rows, cols) bone bright, of any gain, offset and gamma.
        usable: (n, rows, cols) 1 in the collimated field where nothing is to be ignored, 0 elsewhere.
    """

    images: Tensor
    usable: Tensor


def random_looks(soft: Tensor, bone: Tensor, generator: torch.Generator, strength: float = 1.0) -> Looks:
    """X-rays from line integrals.

    Args:
        soft, bone: (n, rows, cols) line integrals at the reference energy, of soft tissue and of compact bone.
        generator: of all that is drawn, on the device of the integrals.
        strength: from 0, where the looks are those of one technique without noise, to 1: a network that begins to learn
            sees bones first.
    """
    draw = Draws(len(soft), generator, strength)
    soft = _changed_soft_tissue(soft, draw)
    metal_mm, ignored = _metal(soft, draw)
    field = collimator(soft, draw)
    signal = transmitted(soft, bone, metal_mm, draw) * field
    signal = blurred(with_scatter(signal, draw), draw)
    signal = with_noise(signal, draw)
    images = displayed(signal, draw)
    usable = (field > 0.5).to(soft.dtype) * (1 - ignored)
    images, usable = _with_labels(images, usable, draw)
    return Looks(images, usable)


def _changed_soft_tissue(soft: Tensor, draw: Draws) -> Tensor:
    """Thicker or thinner, elsewhere, with gas of its own; where there was none, some."""
    changed = soft * draw.about(1.0, 0.75, 1.2) * (1 + draw.happens(0.7) * 0.06 * draw.smooth(soft, 5))
    changed = changed + draw.happens(0.7) * 0.12 * draw.smooth(soft, 7) * (soft > 0.1)
    veil = (2.5 + 0.8 * draw.smooth(soft, 4)).clamp(min=0.0) * draw.uniform(0.2, 1.2)
    changed = changed + draw.happens(0.15) * veil
    rows, columns = draw.positions(soft)
    y, x = draw.uniform(-1, 1, _MOST_GAS), draw.uniform(-1, 1, _MOST_GAS)
    height, width = draw.uniform(0.06, 0.35, _MOST_GAS), draw.uniform(0.06, 0.35, _MOST_GAS)
    inside = (1 - ((rows - y) / height).square() - ((columns - x) / width).square()).clamp(min=0.0).sqrt()
    gas = (inside * draw.uniform(0.1, 0.6, _MOST_GAS) * draw.happens(0.15, _MOST_GAS)).sum(dim=1)
    return (changed - gas).clamp(min=0.0)


def _metal(like: Tensor, draw: Draws) -> tuple[Tensor, Tensor]:
    """Rods, screws and plates as capsules: mm of metal (n, rows, cols), and where users painted them out."""
    rows, columns = draw.positions(like)
    y, x = draw.uniform(-1, 1, _MOST_METAL_PIECES), draw.uniform(-1, 1, _MOST_METAL_PIECES)
    angle = draw.uniform(0, math.pi, _MOST_METAL_PIECES)
    half_length = draw.uniform(0.02, 0.3, _MOST_METAL_PIECES)
    radius = draw.uniform(0.012, 0.06, _MOST_METAL_PIECES)
    across_y, across_x = rows - y, columns - x
    along = across_y * torch.sin(angle) + across_x * torch.cos(angle)
    along = along - along.clamp(-half_length, half_length)
    aside = across_x * torch.sin(angle) - across_y * torch.cos(angle)
    distance = (along.square() + aside.square()).sqrt()
    with_metal = draw.happens(0.35)[:, None]
    there = draw.happens(0.5, _MOST_METAL_PIECES) * with_metal
    depth = (1 - (distance / radius).square()).clamp(min=0.0).sqrt()
    metal_mm = (there * depth * draw.uniform(2.0, 9.0, _MOST_METAL_PIECES)).sum(dim=1)
    painted = ((distance < radius + draw.uniform(0.0, 0.04, _MOST_METAL_PIECES)) * there).amax(dim=1)
    return metal_mm, painted * draw.happens(0.5)


def _with_labels(images: Tensor, usable: Tensor, draw: Draws) -> tuple[Tensor, Tensor]:
    """Rectangles of one grey value, or painted out: markers, text, another device's overlay."""
    rows, columns = (position[:, 0] for position in draw.positions(images))
    y, x = draw.uniform(-1, 1), draw.uniform(-1, 1)
    covered = ((rows - y).abs() < draw.uniform(0.03, 0.3)) & ((columns - x).abs() < draw.uniform(0.03, 0.3))
    covered = covered.float() * draw.happens(0.2)
    images = images * (1 - covered) + covered * draw.uniform(0.0, 1.0)
    return images, usable * (1 - covered * draw.happens(0.5))


Appearance = Callable[[Tensor, Tensor, torch.Generator, float], Looks]
