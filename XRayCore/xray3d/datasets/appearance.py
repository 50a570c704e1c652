"""The looks that an X-ray of one patient may have, drawn at random, for networks to learn what does not depend on them.

A thousand views a minute on a laptop do not leave time for the whole chain of `drr.physics`. What is drawn here is
wider than any of its techniques and coarser: polychromatic beams, a smooth veil of scatter, noise, blur, collimators,
metal, soft tissue that is elsewhere, and any grey scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from xray3d.drr.physics.response import DetectedSpectrum, detect
from xray3d.drr.physics.spectrum import tube_spectrum

# kVp, copper filtration (mm), metal: a few of each, since every one costs a fit.
_BEAMS = (
    (60.0, 0.0, "titanium"),
    (75.0, 0.1, "stainless steel 316L"),
    (80.0, 0.2, "titanium"),
    (80.0, 0.0, "cobalt-chrome"),
    (95.0, 0.1, "Ti-6Al-4V"),
    (110.0, 0.3, "stainless steel 316L"),
)
_CSI_MM = 0.5
_MOST_METAL_PIECES, _MOST_GAS = 8, 4
_LEAKS = 1e-3


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
    draw = _Draws(len(soft), generator, strength)
    soft = _changed_soft_tissue(soft, draw)
    metal_mm, ignored = _metal(soft, draw)
    field = _collimator(soft, draw)
    signal = _transmitted(soft, bone, metal_mm, draw) * field
    signal = _blurred(_with_scatter(signal, draw), draw)
    signal = _with_noise(signal, draw)
    images = _displayed(signal, draw)
    usable = (field > 0.5).to(soft.dtype) * (1 - ignored)
    images, usable = _with_labels(images, usable, draw)
    return Looks(images, usable)


class _Draws:
    """Random numbers for each of n views, shaped (n, 1, 1) to go with images."""

    def __init__(self, count: int, generator: torch.Generator, strength: float) -> None:
        self.count, self.generator, self.strength = count, generator, strength

    def uniform(self, low: float, high: float, pieces: int | None = None) -> Tensor:
        shape = (self.count, 1, 1) if pieces is None else (self.count, pieces, 1, 1)
        return low + (high - low) * torch.rand(shape, generator=self.generator, device=self.generator.device)

    def about(self, usual: float, low: float, high: float) -> Tensor:
        """As far from the usual value, between low and high, as the strength allows."""
        return usual + self.strength * (self.uniform(low, high) - usual)

    def happens(self, share: float, pieces: int | None = None) -> Tensor:
        """1 or 0; at full strength 1 in this share of cases."""
        return (self.uniform(0.0, 1.0, pieces) < self.strength * share).float()

    def normal(self, shape: tuple[int, ...]) -> Tensor:
        return torch.randn((self.count, *shape), generator=self.generator, device=self.generator.device)

    def smooth(self, like: Tensor, nodes: int) -> Tensor:
        """Fields (n, rows, cols) of mean 0 and deviation about 1, smooth over a `nodes`-th of the image."""
        coarse = self.normal((1, nodes, nodes))
        return F.interpolate(coarse, size=like.shape[1:], mode="bicubic", align_corners=True)[:, 0]

    def positions(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Rows (1, 1, rows, 1) and columns (1, 1, 1, cols), from -1 to 1."""
        rows, columns = (torch.linspace(-1, 1, side, device=like.device) for side in like.shape[1:])
        return rows[None, None, :, None], columns[None, None, None, :]


def _changed_soft_tissue(soft: Tensor, draw: _Draws) -> Tensor:
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


def _metal(like: Tensor, draw: _Draws) -> tuple[Tensor, Tensor]:
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


def _collimator(like: Tensor, draw: _Draws) -> Tensor:
    """The field (n, rows, cols), 1 inside: open, round or rectangular."""
    rows, columns = (position[:, 0] for position in draw.positions(like))
    edge = 0.02
    half_y, half_x = draw.uniform(0.6, 1.0), draw.uniform(0.6, 1.0)
    outside = torch.maximum((rows - draw.uniform(-0.1, 0.1)).abs() - half_y, columns.abs() - half_x)
    round_field = (rows.square() + columns.square()).sqrt() - draw.uniform(0.85, 1.05)
    kind = 3.0 - 3.0 * draw.strength * draw.uniform(0.0, 1.0)
    outside = torch.where(kind < 1, outside, torch.where(kind < 2, round_field, torch.full_like(round_field, -1.0)))
    return (0.5 - outside / edge).clamp(_LEAKS, 1.0)


def _transmitted(soft: Tensor, bone: Tensor, metal_mm: Tensor, draw: _Draws) -> Tensor:
    """The primary signal, relative to the open beam: Beer and Lambert's law at each energy of a beam each."""
    chosen = torch.randint(len(_BEAMS), (draw.count,), generator=draw.generator, device=soft.device)
    signals = []
    for view, beam in enumerate(chosen.tolist()):
        spectrum = _beams()[beam]
        total = torch.zeros_like(soft[view])
        factors = (spectrum.soft_factor, spectrum.bone_factor, spectrum.metal_per_mm)
        for weight, *of_each in zip(spectrum.signal_weight.tolist(), *(of.tolist() for of in factors), strict=True):
            integral = of_each[0] * soft[view] + of_each[1] * bone[view] + of_each[2] * metal_mm[view]
            total += weight * torch.exp(-integral)
        signals.append(total)
    return torch.stack(signals)


@lru_cache(maxsize=1)
def _beams() -> list[DetectedSpectrum]:
    return [detect(tube_spectrum(kvp, 12.0, 3.0, cu_mm), _CSI_MM, metal) for kvp, cu_mm, metal in _BEAMS]


def _with_scatter(signal: Tensor, draw: _Draws) -> Tensor:
    coarse = F.adaptive_avg_pool2d(signal[:, None], 8)
    spread = F.avg_pool2d(F.pad(coarse, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    veil = F.interpolate(spread, size=signal.shape[1:], mode="bicubic", align_corners=False)[:, 0].clamp(min=0.0)
    return signal + draw.about(0.2, 0.0, 0.8) * veil


def _blurred(signal: Tensor, draw: _Draws) -> Tensor:
    """A Gaussian of up to a pixel, about, by mixing with its neighbourhood."""
    kernel = torch.tensor([1.0, 2.0, 1.0], device=signal.device)
    kernel = (kernel[:, None] * kernel / 16.0)[None, None]
    spread = F.conv2d(F.pad(signal[:, None], (1, 1, 1, 1), mode="replicate"), kernel)[:, 0]
    share = draw.about(0.5, 0.0, 1.0)
    return share * spread + (1 - share) * signal


def _with_noise(signal: Tensor, draw: _Draws) -> Tensor:
    """Quanta and electronics: at the median signal from a hundredth to a tenth, more where it is darker."""
    median = signal.flatten(1).median(dim=1).values[:, None, None].clamp(min=1e-4)
    relative = draw.strength * torch.exp(draw.uniform(math.log(0.003), math.log(0.10)))
    deviation = relative * (median * signal + (0.1 * median).square()).sqrt()
    return (signal + deviation * draw.normal(tuple(signal.shape[1:]))).clamp(min=1e-5)


def _displayed(signal: Tensor, draw: _Draws) -> Tensor:
    """Any grey scale in which bone is bright: logarithmic or not, with gamma, clipped at the bright and dark ends."""
    logarithmic = -torch.log(signal.clamp(min=5e-4))
    bright = draw.uniform(1.5, 6.0) * signal.flatten(1).median(dim=1).values[:, None, None].clamp(min=1e-4)
    linear = 1 - (signal / bright).clamp(max=1.0)
    images = torch.where(draw.happens(0.3) > 0, linear, logarithmic)
    low = images.flatten(1).amin(dim=1)[:, None, None]
    high = images.flatten(1).amax(dim=1)[:, None, None]
    share = (images - low) / (high - low + 1e-6)
    return share ** torch.exp(draw.about(0.0, -0.5, 0.5))


def _with_labels(images: Tensor, usable: Tensor, draw: _Draws) -> tuple[Tensor, Tensor]:
    """Rectangles of one grey value, or painted out: markers, text, another device's overlay."""
    rows, columns = (position[:, 0] for position in draw.positions(images))
    y, x = draw.uniform(-1, 1), draw.uniform(-1, 1)
    covered = ((rows - y).abs() < draw.uniform(0.03, 0.3)) & ((columns - x).abs() < draw.uniform(0.03, 0.3))
    covered = covered.float() * draw.happens(0.2)
    images = images * (1 - covered) + covered * draw.uniform(0.0, 1.0)
    return images, usable * (1 - covered * draw.happens(0.5))


Appearance = Callable[[Tensor, Tensor, torch.Generator, float], Looks]
