"""Networks whose tensors have their channels last in memory: convolutions in space take half the time that way."""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)

_SMALLEST_VARIANCE = 1e-5


def with_channels_last(network: Network, dimensions: int) -> Network:
    """The same network with its weights laid out for that, and instance norms that do not lay tensors out anew.

    Args:
        dimensions: 2 or 3.
    """
    _exchange_parts(network)
    network.to(memory_format=layout(dimensions))  # type: ignore[call-overload]  # overloads lack it
    return network


def layout(dimensions: int) -> torch.memory_format:
    """Of tensors in 2 or 3 dimensions."""
    return torch.channels_last if dimensions == 2 else torch.channels_last_3d


class InstanceNorm(nn.Module):
    """What `torch.nn.InstanceNorm2d` and `3d` with affine parameters say, with the same names, channels last.

    Args:
        channels: of what it is shown, tensors (n, channels, ...).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, shown: Tensor) -> Tensor:
        """As large as what is shown."""
        last = shown.movedim(1, -1)
        rows = last.reshape(len(shown), -1, shown.shape[1])
        normed: Tensor = _Normed.apply(rows, self.weight, self.bias)
        return normed.reshape(last.shape).movedim(-1, 1)


class _Normed(torch.autograd.Function):
    """Of (n, places, channels), each channel of each case to mean 0 and variance 1, then scaled and shifted.

    Autograd by itself would keep, and go through, three times as many tensors of that size.
    """

    @staticmethod
    def forward(context: Any, shown: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        centred = shown.float()
        centred = centred - centred.mean(dim=1, keepdim=True)
        per_deviation = (centred.square().mean(dim=1, keepdim=True) + _SMALLEST_VARIANCE).rsqrt()
        normal = centred.mul_(per_deviation)
        context.save_for_backward(normal.to(shown.dtype), per_deviation, weight)
        return torch.addcmul(bias, normal, weight).to(shown.dtype)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        stored, per_deviation, weight = context.saved_tensors
        gradient, normal = gradient.float(), stored.float()
        of_bias = gradient.mean(dim=1, keepdim=True)
        of_weight = (gradient * normal).mean(dim=1, keepdim=True)
        of_shown = torch.addcmul(gradient - of_bias, normal, of_weight, value=-1).mul_(weight * per_deviation)
        places = gradient.shape[1]
        return of_shown.to(stored.dtype), places * of_weight.sum(dim=(0, 1)), places * of_bias.sum(dim=(0, 1))


class Conv3d(nn.Conv3d):
    """PyTorch's, but for volumes of two slices in full precision.

    The gradients of these in half precision are of memory that was never written, on processors, in PyTorch 2.13.
    """

    def forward(self, shown: Tensor) -> Tensor:
        """See `torch.nn.Conv3d`."""
        if shown.shape[2] != 2:
            return super().forward(shown)
        with torch.autocast(shown.device.type, enabled=False):
            return super().forward(shown.float())


def _exchange_parts(network: nn.Module) -> None:
    for name, part in network.named_children():
        if isinstance(part, nn.InstanceNorm2d | nn.InstanceNorm3d):
            setattr(network, name, InstanceNorm(part.num_features))
        elif isinstance(part, nn.Conv3d):
            setattr(network, name, _safe(part))
        else:
            _exchange_parts(part)


def _safe(part: nn.Conv3d) -> Conv3d:
    options = {"stride": part.stride, "padding": part.padding, "bias": part.bias is not None}
    safe = Conv3d(part.in_channels, part.out_channels, part.kernel_size, **options)  # type: ignore[arg-type]
    safe.load_state_dict(part.state_dict())
    return safe
