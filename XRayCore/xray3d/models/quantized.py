"""Weights in a quarter of their bytes, for a repository and downloads: computed with they are as they were, nearly.

Each output channel has a unit, and its weights are whole numbers of it, of 8 bits from -127 to 127 (Krishnamoorthi,
"Quantizing deep convolutional networks for efficient inference", arXiv:1806.08342, 2018, section 2.2). Of fewer bits
they take no less room, but more can be saved where files are compressed.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_UNIT = ".unit"


def quantized(weights: Mapping[str, Tensor], bits: int = 8) -> dict[str, Tensor]:
    """Weights by name as they are stored.

    Those of layers as int8, and beside each, as "<name>.unit", the units (channels,) of its output channels, which come
    first; biases and the like in half their bytes; whole numbers as they are.

    Args:
        bits: of each weight, 2 to 8.
    """
    most = 2 ** (bits - 1) - 1
    stored = {}
    for name, weight in weights.items():
        if not weight.is_floating_point():
            stored[name] = weight
        elif weight.ndim < 2:
            stored[name] = weight.half()
        else:
            unit = weight.float().flatten(1).abs().amax(dim=1) / most
            unit = torch.where(unit > 0, unit, torch.ones_like(unit))
            stored[name] = (weight.float() / _of_channels(unit, weight)).round().to(torch.int8)
            stored[name + _UNIT] = unit
    return stored


def dequantized(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights by name of what `quantized` made of them, in float32; of others, the same.

    Raises:
        ValueError: units of another number of channels.
    """
    weights = {}
    for name, weight in stored.items():
        if name.endswith(_UNIT) and name.removesuffix(_UNIT) in stored:
            continue
        unit = stored.get(name + _UNIT)
        if unit is not None and unit.shape != weight.shape[:1]:
            raise ValueError(f"{name} has {len(weight)} channels and units of shape {tuple(unit.shape)}.")
        weights[name] = weight if unit is None else weight.float() * _of_channels(unit.float(), weight)
    return weights


def _of_channels(unit: Tensor, weight: Tensor) -> Tensor:
    return unit.view(-1, *[1] * (weight.ndim - 1))
