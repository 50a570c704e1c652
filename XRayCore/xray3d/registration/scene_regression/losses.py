"""What the network is trained to do: points that lie on their rays, and a pose that the points together get right."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from xray3d.registration.scene_regression.conventions import COORDINATE_MM
from xray3d.registration.scene_regression.network import Prediction

# Of the pose that is judged: rotation weighs as the displacement at this distance does, in units of the coordinates.
_LEVER = 0.6
_DAMPING = 1e-3
# Errors along the ray count for the point cloud only. The power of the standard error that eases hard pixels.
_ALONG, _EASE = 0.5, 0.5


@dataclass(frozen=True, eq=False)
class Target:
    """What is true of n X-rays, on the grid of the maps.

    Attributes:
        points: (n, 6, rows, cols) as in `Prediction`; anything where not `valid`, but finite.
        valid: (n, rows, cols) bool: rays that meet bone where the CT shows it.
        known: (n, rows, cols) bool: rays of which that can be said: not those that meet bone beyond the CT, nor those
            of pixels that do not count.
        along: (n, 3, rows, cols) unit directions of the rays in RAS.
    """

    points: Tensor
    valid: Tensor
    known: Tensor
    along: Tensor


def split_error(prediction: Prediction, target: Target) -> tuple[Tensor, Tensor]:
    """Errors of entry and exit, (n, 2, 3, rows, cols) across the ray and (n, 2, rows, cols) along it."""
    error = (prediction.points - target.points).unflatten(1, (2, 3))
    direction = target.along[:, None]
    along = (error * direction).sum(dim=2)
    return error - along[:, :, None] * direction, along


def likelihood_loss(prediction: Prediction, target: Target) -> Tensor:
    """Negative logarithm of a Laplace likelihood, isotropic in the two directions across the ray; mean over pixels.

    Each pixel's share is weighted by the root of its standard error, after Seitzer et al., "On the Pitfalls of
    Heteroscedastic Uncertainty Estimation with Probabilistic Neural Networks" (ICLR 2022): else pixels that are hard at
    first are given up by a large standard error, and never learnt.
    """
    across, along = split_error(prediction, target)
    log_across, log_along = prediction.log_sigma.unflatten(1, (2, 2)).unbind(2)
    off_ray = (across.square().sum(dim=2) + 1e-8).sqrt()
    of_across = 2 * log_across + off_ray * torch.exp(-log_across) * 3**0.5
    of_along = log_along + along.abs() * torch.exp(-log_along) * 2**0.5
    loss = _eased(of_across, log_across) + _ALONG * _eased(of_along, log_along)
    return _mean(loss, target.valid)


def _eased(loss: Tensor, log_sigma: Tensor) -> Tensor:
    return loss * torch.exp(_EASE * log_sigma.detach())


def bone_loss(prediction: Prediction, target: Target) -> Tensor:
    """Cross entropy of whether there is bone, where that is known; the mean over all pixels."""
    there, known = (mask.to(prediction.bone.dtype) for mask in (target.valid, target.known))
    return F.binary_cross_entropy_with_logits(prediction.bone, there, known)


def pose_loss(prediction: Prediction, target: Target) -> Tensor:
    """By how far the points together misplace the patient: the first step of Gauss and Newton away from the truth.

    Errors that pixels have in common, a shape that is a per cent too small above all, hardly change a likelihood, and
    move a pose by centimetres along the ray.
    """
    across, _ = split_error(prediction, target)
    true = target.points.unflatten(1, (2, 3))
    valid = target.valid[:, None].to(true.dtype)
    count = valid.sum(dim=(2, 3), keepdim=True).clamp(min=1.0)
    middle = ((true * valid[:, :, None]).sum(dim=(3, 4), keepdim=True) / count[:, :, None]).mean(dim=1, keepdim=True)
    arm = ((true - middle) / _LEVER).flatten(3).permute(0, 1, 3, 2).flatten(1, 2)
    direction = target.along[:, None].expand_as(true).flatten(3).permute(0, 1, 3, 2).flatten(1, 2)
    miss = across.flatten(3).permute(0, 1, 3, 2).flatten(1, 2)
    weights = (torch.exp(-2 * prediction.log_sigma.unflatten(1, (2, 2))[:, :, 0].detach()) * valid).flatten(1)
    weights = weights / weights.sum(dim=1, keepdim=True).clamp(min=1e-9)
    # Across the ray a translation moves a point by P t and a rotation by P (w x arm), P projecting across it.
    identity = torch.eye(3, device=true.device, dtype=true.dtype)
    project = identity - direction[..., :, None] * direction[..., None, :]
    zero = torch.zeros_like(arm[..., 0])
    x, y, z = arm.unbind(-1)
    turning = torch.stack([zero, z, -y, -z, zero, x, y, -x, zero], dim=-1).unflatten(-1, (3, 3))
    jacobian = torch.cat([project, project @ turning], dim=-1)
    information = torch.einsum("np,npki,npkj->nij", weights, jacobian, jacobian)
    gradient = torch.einsum("np,npki,npk->ni", weights, jacobian, miss)
    damping = _DAMPING * torch.eye(6, device=true.device, dtype=true.dtype)
    step = torch.linalg.solve(information + damping, gradient)
    seen = (target.valid.flatten(1).sum(dim=1) > 20).to(true.dtype)
    size_mm = COORDINATE_MM * (step.square().sum(dim=1) + 1e-8).sqrt()
    return (torch.log1p(size_mm / 5.0) * seen).sum() / seen.sum().clamp(min=1.0)


def _mean(loss: Tensor, where: Tensor) -> Tensor:
    """Mean of (n, 2, rows, cols) over entry, exit and the pixels chosen."""
    chosen = where[:, None].to(loss.dtype).expand_as(loss)
    return (loss * chosen).sum() / chosen.sum().clamp(min=1.0)
