"""X-rays with metal and the same without, drawn at random, for networks to learn what metal hides.

Of a CT, the truth is the same ray without metal, without noise. Of a real radiograph it is the radiograph itself: metal
is added to its grey values, which a radiograph's display makes of the logarithm of the signal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from xray3d.datasets.draws import Draws
from xray3d.datasets.exposures import blurred, collimator, displayed, transmitted, with_noise, with_scatter

# Attenuation of titanium and of steel at diagnostic energies, the former more often.
_LEAST_PER_MM, _MOST_PER_MM = 0.15, 0.9
# How much of a radiograph's range a unit of attenuation takes, whose display was stretched to show bone.
_LEAST_GREY, _MOST_GREY = 0.15, 0.5
# Noise of the logarithm of the signal beside metal, from quanta; behind metal there are fewer of them.
_LEAST_NOISE, _MOST_NOISE = 0.003, 0.03
_MOST_OPAQUE = 8.0
_LINE_INTEGRALS, _COLLIMATED = 0.4, 0.3
# Fluoroscopes show the signal itself, in which metal makes what is behind it fainter.
_LINEAR = 0.5
CLIPPED = 0.25
"""Detectors store what shines through metal; this share of displays ends before it."""

_LEVELS = 4095


@dataclass(frozen=True, eq=False)
class Pairs:
    """X-rays of n views, bone bright.

    Attributes:
        images: (n, rows, cols) with metal.
        truth: (n, rows, cols) the same without.
        metal: (n, rows, cols) 1 where a ray meets metal, 0 elsewhere.
    """

    images: Tensor
    truth: Tensor
    metal: Tensor


@dataclass(frozen=True, eq=False)
class Views:
    """Line integrals of n views at the reference energy.

    Attributes:
        soft, bone: (n, rows, cols) of the patient.
        soft_beside, bone_beside: of the patient less what the metal displaces.
        metal_mm: (n, rows, cols) path in metal.
    """

    soft: Tensor
    bone: Tensor
    soft_beside: Tensor
    bone_beside: Tensor
    metal_mm: Tensor

    def __len__(self) -> int:
        return len(self.soft)


def simulated_pairs(views: Views, generator: torch.Generator, clipped: float = CLIPPED) -> Pairs:
    """X-rays of any technique and grey scale, and some as plain line integrals.

    Args:
        clipped: the share of them whose display ends before metal does, so that it is white.
    """
    draw = Draws(len(views), generator, copies=2)
    soft, bone = torch.cat([views.soft_beside, views.soft]), torch.cat([views.bone_beside, views.bone])
    metal_mm = torch.cat([views.metal_mm, torch.zeros_like(views.metal_mm)])
    open_field = torch.where(draw.happens(_COLLIMATED) > 0, collimator(soft, draw), torch.ones_like(soft))
    signal = blurred(with_scatter(transmitted(soft, bone, metal_mm, draw) * open_field, draw), draw)
    with_metal, without = signal.chunk(2)
    apart = Draws(len(views), generator)
    # From an exposure that is all but free of noise to a noisy one.
    noisy = with_metal + apart.uniform(0.0, 1.0).square() * (with_noise(with_metal, apart) - with_metal)
    shown = displayed(torch.cat([noisy, without]), draw, _LINEAR)
    integrals = _stretched(soft + bone + _per_mm(draw) * metal_mm)
    images, truth = torch.where(draw.happens(_LINE_INTEGRALS) > 0, integrals, shown).chunk(2)
    return Pairs(_clipped(images, generator, clipped), truth, (views.metal_mm > 0).to(images.dtype))


def radiograph_pairs(
    radiographs: Tensor, metal_mm: Tensor, generator: torch.Generator, clipped: float = CLIPPED
) -> Pairs:
    """Radiographs into which metal is projected.

    Args:
        radiographs: (n, rows, cols) from 0 to 1, bone bright.
        metal_mm: (n, rows, cols) path in metal.
        clipped: the share of them whose display ends where the radiograph's did, so that metal is white; that of the
            others, as a detector's own values, ends with what is behind metal.
    """
    draw = Draws(len(radiographs), generator)
    attenuation = blurred(_per_mm(draw) * metal_mm, draw).clamp(max=_MOST_OPAQUE)
    relative = torch.exp(draw.uniform(math.log(_LEAST_NOISE), math.log(_MOST_NOISE)))
    noise = relative * torch.expm1(attenuation).sqrt() * draw.normal(tuple(metal_mm.shape[1:]))
    images = radiographs + draw.uniform(_LEAST_GREY, _MOST_GREY) * (attenuation + noise)
    brightest = images.flatten(1).amax(dim=1).clamp(min=1.0)[:, None, None]
    scale = torch.where(draw.happens(clipped) > 0, torch.ones_like(brightest), brightest)
    images = (_LEVELS * (images / scale).clamp(0.0, 1.0)).round() / _LEVELS
    return Pairs(images, radiographs / scale, (metal_mm > 0).to(images.dtype))


def _per_mm(draw: Draws) -> Tensor:
    """Attenuation of metals."""
    return torch.exp(draw.uniform(math.log(_LEAST_PER_MM), math.log(_MOST_PER_MM)))


def _stretched(integrals: Tensor) -> Tensor:
    """Two batches on the grey scale on which the last is 0 to 1."""
    reference = torch.cat([integrals.chunk(2)[1]] * 2).flatten(1)
    low, high = (extreme(reference, dim=1)[:, None, None] for extreme in (torch.amin, torch.amax))
    return (integrals - low) / (high - low + 1e-6)


def _clipped(images: Tensor, generator: torch.Generator, share: float) -> Tensor:
    """White from where a display ends, in some of the images."""
    draw = Draws(len(images), generator)
    end = torch.where(draw.happens(share) > 0, draw.uniform(1.0, 1.5), torch.full_like(images[:, :1, :1], math.inf))
    return torch.minimum(images, end)
