"""Grey values in holes from how they change there, and how sure that is: least squares that begin at the rim.

Metal hides little of how anatomy changes from pixel to pixel where its own thickness does not, and all of it at its
edges. So what a network says of differences, each with its standard error, is put together by weighted least squares,
the maximum a posteriori of a Gaussian Markov random field, as in the gradient-domain editing of Pérez, Gangnet and
Blake ("Poisson image editing", SIGGRAPH 2003), but with weights.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.sparse import csc_matrix, csr_matrix
from scipy.sparse.linalg import splu
from torch import Tensor

# Standard errors come from fields drawn at random, of which a few, averaged over some pixels, are enough.
_DRAWN, _AVERAGED_PX = 16, 2.0
# Pixels and those on their right, pixels and those below.
_NEIGHBOURS = ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1, :], np.s_[1:, :]))

Pixels = NDArray[np.float64]


class Gradients(NamedTuple):
    """How images change in their holes.

    Attributes:
        mean: (n, 2, rows, cols) differences from each pixel to that on its right and to that below it.
        log_sigma: (n, 2, rows, cols) logarithm of their standard errors.
    """

    mean: Tensor
    log_sigma: Tensor


def differences(images: Tensor) -> Tensor:
    """(n, 2, rows, cols) of images (n, 1, rows, cols); 0 where there is no next pixel."""
    return torch.cat([F.pad(images.diff(dim=3), (0, 1)), F.pad(images.diff(dim=2), (0, 0, 0, 1))], dim=1)


def about_holes(holes: Tensor) -> Tensor:
    """(n, 2, rows, cols) 1 where a difference has a pixel of a hole in it, 0 elsewhere; of (n, 1, rows, cols)."""
    right = torch.maximum(holes[..., 1:], holes[..., :-1])
    below = torch.maximum(holes[..., 1:, :], holes[..., :-1, :])
    return torch.cat([F.pad(right, (0, 1)), F.pad(below, (0, 0, 0, 1))], dim=1)


def integrated(images: Tensor, holes: Tensor, guess: Gradients) -> Tensor:
    """(n, 1, rows, cols) images with their holes filled by what was said of their differences."""
    of_all = (part.double().cpu().numpy() for part in (images[:, 0], holes[:, 0], guess.mean, guess.log_sigma.exp()))
    painted = [integrate(image, hole > 0, mean, sigma) for image, hole, mean, sigma in zip(*of_all, strict=True)]
    return torch.from_numpy(np.stack(painted)).to(images)[:, None]


def integrate(image: Pixels, hole: NDArray[np.bool_], mean: Pixels, sigma: Pixels) -> Pixels:
    """(rows, cols) an image with its hole filled.

    Args:
        image: (rows, cols); what is in the hole does not matter.
        hole: (rows, cols), not everything.
        mean: (2, rows, cols) differences, as those of `Gradients`.
        sigma: (2, rows, cols) their standard errors.
    """
    return _Field(image, hole, mean, sigma).best() if hole.any() else image.copy()


def standard_errors(hole: NDArray[np.bool_], sigma: Pixels) -> Pixels:
    """(rows, cols) of what `integrate` puts into a hole, 0 outside."""
    if not hole.any():
        return np.zeros(hole.shape)
    none = np.zeros(hole.shape)
    drawn = _Field(none, hole, np.zeros(sigma.shape), sigma).drawn(np.random.default_rng(0))
    cover = gaussian_filter(hole.astype(float), _AVERAGED_PX)
    variance = gaussian_filter(np.square(drawn).mean(axis=0), _AVERAGED_PX)
    return np.where(hole, np.sqrt(variance / np.maximum(cover, 1e-6)), 0.0)


class _Field:
    """The least squares of a hole: a row for each difference, a column for each pixel of the hole."""

    def __init__(self, image: Pixels, hole: NDArray[np.bool_], mean: Pixels, sigma: Pixels) -> None:
        self._image, self._hole = image, hole
        number = np.full(hole.shape, -1)
        number[hole] = np.arange(hole.sum())
        known = np.where(hole, 0.0, image)
        facts = []
        for (here, there), of_mean, of_sigma in zip(_NEIGHBOURS, mean, sigma, strict=True):
            still = of_mean[here] - (known[there] - known[here])
            facts.append([part.ravel() for part in (number[here], number[there], still, of_sigma[here])])
        first, second, wanted, error = (np.concatenate(fact) for fact in zip(*facts, strict=True))
        counts = (first >= 0) | (second >= 0)
        first, second, weight = first[counts], second[counts], 1 / error[counts]
        row = np.arange(len(first))
        ends = [(row[end >= 0], end[end >= 0], sign * weight[end >= 0]) for end, sign in ((second, 1.0), (first, -1.0))]
        rows, columns, values = (np.concatenate(part) for part in zip(*ends, strict=True))
        self._matrix = csr_matrix((values, (rows, columns)), shape=(len(first), int(hole.sum())))
        self._right = weight * wanted[counts]
        self._solver = splu(csc_matrix(self._matrix.T @ self._matrix))

    def best(self) -> Pixels:
        """(rows, cols)."""
        return self._filled(self._right)

    def drawn(self, rng: np.random.Generator) -> Pixels:
        """(draws, rows, cols) from the distribution whose mean `best` is: those of perturbed differences."""
        return np.stack([self._filled(self._right + rng.standard_normal(len(self._right))) for _ in range(_DRAWN)])

    def _filled(self, right: Pixels) -> Pixels:
        filled = self._image.copy()
        filled[self._hole] = self._solver.solve(self._matrix.T @ right)
        return filled
