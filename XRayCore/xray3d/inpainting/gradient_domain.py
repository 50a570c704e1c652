"""Grey values in holes from how they change and bend there, and how sure that is: least squares that begin at the rim.

Metal hides little of how anatomy changes from pixel to pixel where its own thickness does not, and all of it at its
edges. So what a network believes of differences is put together by weighted least squares, the maximum a posteriori of
a Gaussian Markov random field, as in the gradient-domain editing of Pérez, Gangnet and Blake ("Poisson image editing",
SIGGRAPH 2003), but with weights, and with second differences beside the first: where nothing is seen, those alone make
a thin plate, which scikit-image calls biharmonic. Pixels around a hole are measured with noise as any others are, so
they are estimated, too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from xray3d.inpainting.least_squares import EQUATIONS, LeastSquares, Mask, Pixels

RIM_PX = 3
"""So far around a hole grey values are estimated."""

_ROOT = 2**0.5


class Beliefs(NamedTuple):
    """What is believed of grey values in holes and at their rims.

    Channels are the equations of `least_squares`: differences to the right and below as they are seen through metal;
    the same as they are usual; second differences along rows, along columns and across both, as they are usual; and
    grey values as they are seen.

    Attributes:
        mean: (n, 8, rows, cols).
        log_sigma: (n, 8, rows, cols) logarithms of standard errors; grey values in holes do not count.
    """

    mean: Tensor
    log_sigma: Tensor


def differences(images: Tensor) -> Tensor:
    """(n, 2, rows, cols) of images (n, 1, rows, cols), to the right and below; 0 where there is no next pixel."""
    return torch.cat([F.pad(images.diff(dim=3), (0, 1)), F.pad(images.diff(dim=2), (0, 0, 0, 1))], dim=1)


def bends(images: Tensor) -> Tensor:
    """(n, 3, rows, cols) second differences along rows, along columns and, times the root of 2, across both."""
    rows, columns = images.shape[2:]
    along_rows = F.pad(images.diff(n=2, dim=3), (1, 1))[..., :columns]  # a single one has no second differences
    along_columns = F.pad(images.diff(n=2, dim=2), (0, 0, 1, 1))[:, :, :rows]
    return torch.cat([along_rows, along_columns, _ROOT * F.pad(images.diff(dim=3).diff(dim=2), (0, 1, 0, 1))], dim=1)


def rims(holes: Tensor) -> Tensor:
    """(n, 1, rows, cols) 1 at the rims of holes, outside."""
    return F.max_pool2d(holes, 2 * RIM_PX + 1, stride=1, padding=RIM_PX) - holes


def about_holes(holes: Tensor) -> Tensor:
    """(n, 2, rows, cols) 1 where a difference has a pixel of a hole in it, 0 elsewhere; of (n, 1, rows, cols)."""
    right = torch.maximum(holes[..., 1:], holes[..., :-1])
    below = torch.maximum(holes[..., 1:, :], holes[..., :-1, :])
    return torch.cat([F.pad(right, (0, 1)), F.pad(below, (0, 0, 0, 1))], dim=1)


def integrated(images: Tensor, holes: Tensor, beliefs: Beliefs) -> Tensor:
    """(n, 1, rows, cols) images with their holes filled by what is believed of them, differentiable by that.

    Args:
        images: (n, 1, rows, cols); what is in the holes does not matter.
        holes: (n, 1, rows, cols) 1 in a hole, 0 elsewhere; those of everything are not filled.
    """
    filled: Tensor = _Integration.apply(images, holes, *beliefs)
    return filled


def solved(image: Pixels, hole: Mask, mean: Pixels, log_sigma: Pixels) -> LeastSquares:
    """Of one image, with the rim that `integrated` takes.

    Args:
        image, hole: (rows, cols).
        mean, log_sigma: (8, rows, cols), see `Beliefs`.
    """
    rim = rims(torch.from_numpy(hole.astype(np.float32))[None, None])[0, 0].numpy() > 0
    return LeastSquares(image, hole, rim, mean, log_sigma)


class _Integration(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, images: Tensor, holes: Tensor, mean: Tensor, log_sigma: Tensor) -> Tensor:
        numbers = [part.detach().double().cpu().numpy() for part in (images[:, 0], holes[:, 0], mean, log_sigma)]
        context.solved = [
            solved(image, hole > 0, *of_it) if 0 < hole.mean() < 1 else None
            for image, hole, *of_it in zip(*numbers, strict=True)
        ]
        filled = [
            image if one is None else np.where(hole > 0, one.image(), image)
            for one, image, hole in zip(context.solved, *numbers[:2], strict=True)
        ]
        context.holes = numbers[1] > 0
        return torch.from_numpy(np.stack(filled)).to(images)[:, None]

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[None, None, Tensor, Tensor]:
        of_all = gradient[:, 0].double().cpu().numpy() * context.holes
        none = np.zeros((2, len(EQUATIONS), *of_all.shape[1:]))
        found = [none if one is None else one.gradients(of) for one, of in zip(context.solved, of_all, strict=True)]
        of_mean, of_log_sigma = (torch.from_numpy(np.stack(of_one)).to(gradient) for of_one in zip(*found, strict=True))
        return None, None, of_mean, of_log_sigma
