"""One step of a training after the other: a network that learns, and the average of its weights."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from xray3d.registration.scene_regression.losses import bone_loss, pose_loss
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.registration.scene_regression.recipe import Recipe
from xray3d.registration.scene_regression.training_views import Batch

_EMA, _WARM_UP, _WEIGHT_DECAY, _LARGEST_GRADIENT = 0.998, 0.05, 1e-2, 5.0


class Learner:
    """A network that learns from batches, and the moving average of its weights, which is what is measured and kept.

    Args:
        network: what learns.
        steps: after which the learning rate has fallen to nothing.
        learning_rate: the highest.
        recipe: what is learnt.
    """

    def __init__(self, network: SceneCoordinateNetwork, steps: int, learning_rate: float, recipe: Recipe) -> None:
        self._network, self._recipe = network, recipe
        self._average = AveragedModel(network, avg_fn=_moved_average, use_buffers=True)
        self._optimizer = torch.optim.AdamW(
            network.parameters(), lr=learning_rate, weight_decay=_WEIGHT_DECAY, fused=True
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, learning_rate, total_steps=steps + 1, pct_start=_WARM_UP
        )

    @property
    def averaged(self) -> SceneCoordinateNetwork:
        """The network of averaged weights."""
        return cast(SceneCoordinateNetwork, self._average.module)

    def learn(self, batch: Batch, *, knows_poses: bool) -> None:
        """Take a step.

        Args:
            batch: what to learn from.
            knows_poses: whether what a network recognises is good enough for the pose that follows from it to count; of
                one that compares it always is.
        """
        self._network.train()
        prediction = self._network(batch.pictures, batch.guess)
        loss = self._recipe.likelihood(prediction, batch.target) + bone_loss(prediction, batch.target)
        if self._recipe.pose_weight and (knows_poses or self._network.compares):
            loss = loss + self._recipe.pose_weight * pose_loss(prediction, batch.target)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), _LARGEST_GRADIENT)
        self._optimizer.step()
        self._schedule.step()
        self._average.update_parameters(self._network)

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
            "network": self._network,
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
