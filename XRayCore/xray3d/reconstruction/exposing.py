"""From line integrals to what networks are shown: X-rays of many techniques on any grey scale, bone bright or dark."""

from __future__ import annotations

import torch
from torch import Tensor

from xray3d.datasets.draws import Draws
from xray3d.datasets.exposures import blurred, displayed, transmitted, with_noise, with_scatter
from xray3d.models.levels import levelled

_INTEGRALS, _EXPOSURE = 0.2, 0.05
# How much density of bone differs, one standard deviation; and thickness of soft tissue, at most, at what is as wide as
# the image, the less the narrower, to a so-many-th of it.
_BONE, _SOFT, _PARTS = 0.3, 0.32, (4, 8, 16, 32)
# Nobody says whether attenuation shows bright, as on radiographs, or dark, as on fluoroscopes: of this share, dark.
_DARK = 0.25


def shown(soft: Tensor, bone: Tensor, generator: torch.Generator, field: Tensor | float = 1.0) -> Tensor:
    """X-rays (n, rows, cols) `levelled`, of any polarity.

    Args:
        soft, bone: (n, rows, cols) line integrals of soft tissue and of bone.
        generator: of all that is drawn.
        field: (n, rows, cols) the share of the beam that a collimator lets through.
    """
    images = levelled(exposed(soft, bone, generator, field)[:, None])[:, 0]
    return images * (1 - 2 * Draws(len(images), generator).happens(_DARK))


def exposed(soft: Tensor, bone: Tensor, generator: torch.Generator, field: Tensor | float = 1.0) -> Tensor:
    """(n, rows, cols) grey values, bone bright; arguments as those of `shown`."""
    draw = Draws(len(soft), generator)
    beam = field * transmitted(soft, bone, torch.zeros_like(soft), draw)
    signal = blurred(with_scatter(beam, draw), draw)
    # Exposures are controlled: about as much arrives through a thick patient as through a thin one.
    signal = _EXPOSURE * signal / signal.flatten(1).median(dim=1).values[:, None, None]
    image = displayed(with_noise(signal, draw), draw)
    return torch.where(draw.happens(_INTEGRALS) > 0, field * (soft + bone), image)


def otherwise_thick(soft: Tensor, bone: Tensor, draw: Draws) -> tuple[Tensor, Tensor]:
    """Line integrals (n, rows, cols) of soft tissue and of bone, of patients with more or less of it here and there.

    Organs of synthetic patients are smooth; without this, networks go by what real ones lack.
    """
    more = [draw.uniform(0.0, _SOFT / parts) * draw.smooth(soft, parts) for parts in _PARTS]
    return soft * torch.exp(torch.stack(more).sum(dim=0)), bone * torch.exp(_BONE * draw.normal((1, 1)))
