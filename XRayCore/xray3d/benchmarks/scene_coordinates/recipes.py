"""What the ablation compares: the whole method, the published form, and the method without one idea at a time.

The published form is one of likelihood and, with plain RANSAC, of poses. U-Net, resolution, looks and the map of where
there is bone are ours, to its advantage.
"""

from __future__ import annotations

import torch
from torch import Tensor

from xray3d.datasets.appearance import Looks, random_looks
from xray3d.registration.scene_regression.losses import Target
from xray3d.registration.scene_regression.network import Prediction
from xray3d.registration.scene_regression.recipe import Recipe


def published_likelihood(prediction: Prediction, target: Target) -> Tensor:
    """Negative logarithm of a Gaussian likelihood with one standard error a point, as Shrestha et al. (MICCAI 2023).

    The standard error is that across the ray, by which poses weight points.
    """
    squared = (prediction.points - target.points).unflatten(1, (2, 3)).square().sum(dim=2)
    log_sigma = prediction.log_sigma[:, ::2]
    loss = 3 * log_sigma + 0.5 * squared * torch.exp(-2 * log_sigma)
    chosen = target.valid[:, None].to(loss.dtype).expand_as(loss)
    return (loss * chosen).sum() / chosen.sum().clamp(min=1.0)


def one_look(soft: Tensor, bone: Tensor, generator: torch.Generator, strength: float) -> Looks:
    """Clean X-rays of one technique."""
    return random_looks(soft, bone, generator, 0.0)


RECIPES = (
    Recipe("all"),
    Recipe("published form", likelihood=published_likelihood, pose_weight=0.0, compares=False),
    Recipe("published likelihood", likelihood=published_likelihood),
    Recipe("X-rays of one look", appearance=one_look),
    Recipe("no loss of the pose", pose_weight=0.0),
    Recipe("recognised, not compared", compares=False),
)
