"""From line integrals to grey values on a network's own device, in a thousandth of the time that `drr.physics` takes.

What is drawn here is wider than any technique and coarser: collimators, polychromatic beams, a smooth veil of scatter,
noise, blur, and any grey scale.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from xray3d.datasets.draws import Draws
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
# Of the beam, through the blades of a collimator.
_LEAKS = 1e-3


def collimator(like: Tensor, draw: Draws) -> Tensor:
    """The field (n, rows, cols), 1 inside: open, round or rectangular."""
    rows, columns = (position[:, 0] for position in draw.positions(like))
    edge = 0.02
    half_y, half_x = draw.uniform(0.6, 1.0), draw.uniform(0.6, 1.0)
    outside = torch.maximum((rows - draw.uniform(-0.1, 0.1)).abs() - half_y, columns.abs() - half_x)
    round_field = (rows.square() + columns.square()).sqrt() - draw.uniform(0.85, 1.05)
    kind = 3.0 - 3.0 * draw.strength * draw.uniform(0.0, 1.0)
    outside = torch.where(kind < 1, outside, torch.where(kind < 2, round_field, torch.full_like(round_field, -1.0)))
    return (0.5 - outside / edge).clamp(_LEAKS, 1.0)


def transmitted(soft: Tensor, bone: Tensor, metal_mm: Tensor, draw: Draws) -> Tensor:
    """The primary signal, relative to the open beam: Beer and Lambert's law at each energy of a beam each."""
    signals = []
    for view, beam in enumerate(draw.choice(len(_BEAMS))):
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


def with_scatter(signal: Tensor, draw: Draws) -> Tensor:
    coarse = F.adaptive_avg_pool2d(signal[:, None], 8)
    spread = F.avg_pool2d(F.pad(coarse, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    veil = F.interpolate(spread, size=signal.shape[1:], mode="bicubic", align_corners=False)[:, 0].clamp(min=0.0)
    return signal + draw.about(0.2, 0.0, 0.8) * veil


def blurred(signal: Tensor, draw: Draws) -> Tensor:
    """A Gaussian of up to a pixel, about, by mixing with its neighbourhood."""
    kernel = torch.tensor([1.0, 2.0, 1.0], device=signal.device)
    kernel = (kernel[:, None] * kernel / 16.0)[None, None]
    spread = F.conv2d(F.pad(signal[:, None], (1, 1, 1, 1), mode="replicate"), kernel)[:, 0]
    share = draw.about(0.5, 0.0, 1.0)
    return share * spread + (1 - share) * signal


def with_noise(signal: Tensor, draw: Draws) -> Tensor:
    """Quanta and electronics: at the median signal from a hundredth to a tenth, more where it is darker."""
    median = signal.flatten(1).median(dim=1).values[:, None, None].clamp(min=1e-4)
    relative = draw.strength * torch.exp(draw.uniform(math.log(0.003), math.log(0.10)))
    deviation = relative * (median * signal + (0.1 * median).square()).sqrt()
    return (signal + deviation * draw.normal(tuple(signal.shape[1:]))).clamp(min=1e-5)


def displayed(signal: Tensor, draw: Draws, linear: float = 0.3) -> Tensor:
    """Any grey scale in which bone is bright: logarithmic or not, with gamma, clipped at the bright and dark ends.

    Of copies, all get the grey scale of the last, which is the one that is 0 to 1.

    Args:
        linear: the share of those that are not logarithmic.
    """
    reference = torch.cat([signal[-draw.count :]] * draw.copies)
    bright = draw.uniform(1.5, 6.0) * reference.flatten(1).median(dim=1).values[:, None, None].clamp(min=1e-4)
    is_linear = draw.happens(linear) > 0

    def grey(values: Tensor) -> Tensor:
        return torch.where(is_linear, 1 - (values / bright).clamp(max=1.0), -torch.log(values.clamp(min=5e-4)))

    low, high = (extreme(grey(reference).flatten(1), dim=1)[:, None, None] for extreme in (torch.amin, torch.amax))
    share = (grey(signal) - low) / (high - low + 1e-6)
    return share.clamp(min=0.0) ** torch.exp(draw.about(0.0, -0.5, 0.5))
