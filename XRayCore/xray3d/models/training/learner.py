"""One step of a training after the other: a network that learns, and the average of its weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

_EMA, _WARM_UP, _WEIGHT_DECAY, _LARGEST_GRADIENT = 0.998, 0.05, 1e-2, 5.0


class Learner:
    """A network that learns, and the moving average of its weights, which is what is measured and kept.

    Args:
        network: what learns.
        steps: after which the learning rate has fallen to nothing.
        learning_rate: the highest.
    """

    def __init__(self, network: nn.Module, steps: int, learning_rate: float) -> None:
        self.network = network
        self._average = AveragedModel(network, avg_fn=_moved_average, use_buffers=True)
        self._optimizer = torch.optim.AdamW(
            network.parameters(), lr=learning_rate, weight_decay=_WEIGHT_DECAY, fused=True
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, learning_rate, total_steps=steps + 1, pct_start=_WARM_UP
        )

    @property
    def averaged(self) -> nn.Module:
        """The network of averaged weights."""
        return self._average.module

    def learn(self, loss: Tensor) -> None:
        """Take a step down a loss of the network in training mode; none where its gradient is not finite."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), _LARGEST_GRADIENT)
        if not torch.isfinite(norm):  # once is enough to spoil all that was learnt
            self._optimizer.zero_grad(set_to_none=True)
        self._optimizer.step()
        self._schedule.step()
        self._average.update_parameters(self.network)

    def state_dict(self) -> dict[str, Any]:
        """All that it takes to go on."""
        return {name: part.state_dict() for name, part in self._parts.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        for name, part in self._parts.items():
            part.load_state_dict(state[name])

    @property
    def _parts(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "average": self._average,
            "optimizer": self._optimizer,
            "schedule": self._schedule,
        }


def _moved_average(average: Tensor, weights: Tensor, steps: Tensor | int) -> Tensor:
    """The exponential moving average after one more step; its memory grows, or it would hold the first weights long."""
    if not average.is_floating_point():  # how many batches a normalisation has seen
        return weights
    kept = min(_EMA, (1 + int(steps)) / (10 + int(steps)))
    return average + (weights - average) * (1 - kept)
