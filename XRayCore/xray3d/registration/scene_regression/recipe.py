"""What a training is made of, so that the worth of each idea in it can be measured by leaving it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from xray3d.datasets.appearance import Appearance, random_looks
from xray3d.registration.scene_regression.losses import Target, likelihood_loss
from xray3d.registration.scene_regression.network import Prediction

Likelihood = Callable[[Prediction, Target], Tensor]


@dataclass(frozen=True)
class Recipe:
    """How networks learn; by default all that helps.

    Attributes:
        name: by which a training that goes on knows that it is the same.
        appearance: what X-rays look like.
        likelihood: the loss of points and their standard errors.
        pose_weight: of the loss of the pose that the points together give; 0 for none.
        compares: whether the network is shown the CT, too.
    """

    name: str = "all"
    appearance: Appearance = random_looks
    likelihood: Likelihood = likelihood_loss
    pose_weight: float = 0.1
    compares: bool = True
