"""MONAI's U-Net, as several networks are built on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from monai.networks.nets import BasicUNet
from torch import nn

Named = str | tuple[str, dict[str, Any]]
"""A layer as MONAI names it, by itself or with its arguments."""

# Elsewhere it would be slower. PyTorch before 2.13 does not tell.
_CAPABILITIES: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
_CPU_KNOWS_HALF = bool(_CAPABILITIES.get("avx512_bf16", False))


def unet_definition(
    dimensions: int,
    shown: int,
    said: int,
    features: Sequence[int],
    act: Named = "relu",
    norm: Named | None = None,
) -> dict[str, Any]:
    """In MONAI's configuration language.

    Args:
        dimensions: 2 or 3.
        shown, said: channels of what goes in and of what comes out.
        features: channels of the five levels, the finest first, and of the last layer.
        act: the activation, as MONAI names it.
        norm: the normalisation, as MONAI names it; without one no pixel's answer depends on those far away.
    """
    return {
        "_target_": "monai.networks.nets.BasicUNet",
        "spatial_dims": dimensions,
        "in_channels": shown,
        "out_channels": said,
        "features": list(features),
        "act": act,
        "norm": norm,
        "upsample": "nontrainable",
    }


def unet_of(definition: Mapping[str, Any]) -> BasicUNet:
    """One that has not learnt anything, and says nothing but 0."""
    unet = BasicUNet(**{name: value for name, value in definition.items() if name != "_target_"})
    for part in unet.modules():
        if isinstance(
            part, nn.Conv2d | nn.Conv3d
        ):  # as He et al. (2015): without a norm, what goes in comes out as large
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    nn.init.zeros_(unet.final_conv.weight)
    return unet


def half_precision(of: nn.Module, device: torch.device) -> AbstractContextManager[Any]:
    """Half the precision while a network learns: it takes half the time where processors know it, and is enough."""
    enabled = of.training and (device.type != "cpu" or _CPU_KNOWS_HALF)
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)
