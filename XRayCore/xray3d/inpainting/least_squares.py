"""Weighted least squares for the grey values of some pixels of an image, differentiable by their adjoint."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix, diags
from scipy.sparse.linalg import splu

Pixels = NDArray[np.float64]
Mask = NDArray[np.bool_]

# An equation: factors of pixels that lie so many rows below one and so many columns to its right.
_Stencil = tuple[tuple[int, int, float], ...]
_ROOT = 2**0.5
_TO_THE_RIGHT: _Stencil = ((0, 0, -1.0), (0, 1, 1.0))
_TO_BELOW: _Stencil = ((0, 0, -1.0), (1, 0, 1.0))
_ALONG_ROWS: _Stencil = ((0, -1, 1.0), (0, 0, -2.0), (0, 1, 1.0))
_ALONG_COLUMNS: _Stencil = ((-1, 0, 1.0), (0, 0, -2.0), (1, 0, 1.0))
_ACROSS_BOTH: _Stencil = ((0, 0, _ROOT), (0, 1, -_ROOT), (1, 0, -_ROOT), (1, 1, _ROOT))
_ITSELF: _Stencil = ((0, 0, 1.0),)
EQUATIONS = (_TO_THE_RIGHT, _TO_BELOW, _TO_THE_RIGHT, _TO_BELOW, _ALONG_ROWS, _ALONG_COLUMNS, _ACROSS_BOTH, _ITSELF)
"""Of each pixel, the channels of `Beliefs`."""


class LeastSquares:
    """The most likely grey values of pixels that are not known.

    Args:
        image: (rows, cols); what is in the hole does not matter.
        hole: (rows, cols) where nothing is known; not everything.
        rim: (rows, cols) where grey values are known, but not exactly; none of it in the hole.
        mean: (equations, rows, cols) what each of `EQUATIONS` gives at each pixel.
        log_sigma: (equations, rows, cols) logarithms of its standard errors.
    """

    def __init__(self, image: Pixels, hole: Mask, rim: Mask, mean: Pixels, log_sigma: Pixels) -> None:
        self._image, self._unknown, self._shape = image, hole | rim, mean.shape
        self._matrix, offset, self._place = _equations(image, hole, rim)
        self._weight = np.exp(-2 * log_sigma.ravel()[self._place])
        wanted = mean.ravel()[self._place] - offset
        normal = csc_matrix(self._matrix.T @ diags(self._weight) @ self._matrix)
        # Symmetric and positive: it takes no pivots, and without them fewer numbers.
        symmetric = {"SymmetricMode": True}
        self._factors = splu(normal, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=symmetric)
        self._found = self._factors.solve(self._matrix.T @ (self._weight * wanted))
        self._error = wanted - self._matrix @ self._found

    def image(self) -> Pixels:
        """(rows, cols) with what was not known."""
        return self._with(self._image, self._found)

    def gradients(self, of_image: Pixels) -> tuple[Pixels, Pixels]:
        """How a number that depends on the image depends on `mean` and on `log_sigma`, both (equations, rows, cols).

        Args:
            of_image: (rows, cols) how it depends on each pixel.
        """
        adjoint = self._weight * (self._matrix @ self._factors.solve(of_image[self._unknown]))
        of_mean, of_log_sigma = np.zeros(self._shape), np.zeros(self._shape)
        of_mean.ravel()[self._place], of_log_sigma.ravel()[self._place] = adjoint, -2 * adjoint * self._error
        return of_mean, of_log_sigma

    def _with(self, image: Pixels, found: Pixels) -> Pixels:
        image = image.copy()
        image[self._unknown] = found
        return image


def _equations(image: Pixels, hole: Mask, rim: Mask) -> tuple[csr_matrix, Pixels, NDArray[np.intp]]:
    """All that have an unknown pixel in them: of unknown pixels the factors, of known ones the sum, and where each is.

    Places are those in (equations, rows, cols), flat.
    """
    unknown = hole | rim
    number = np.full(image.shape, -1)
    number[unknown] = np.arange(unknown.sum())
    known = np.where(unknown, 0.0, image)
    at = np.arange(image.size).reshape(image.shape)
    factors, rows, columns, offsets, places = [], [], [], [], []
    count = 0
    for channel, stencil in enumerate(EQUATIONS):
        about = [_shifted(image.shape, stencil, below, right) for below, right, _ in stencil]
        pixels = np.stack([number[part].ravel() for part in about])
        counts = rim.ravel() if stencil is _ITSELF else (pixels >= 0).any(axis=0)
        offset = np.sum(
            [factor * known[part].ravel() for part, (*_, factor) in zip(about, stencil, strict=True)], axis=0
        )
        for of_pixel, (*_, factor) in zip(pixels[:, counts], stencil, strict=True):
            which = np.flatnonzero(of_pixel >= 0)
            factors.append(np.full(len(which), factor))
            rows.append(count + which)
            columns.append(of_pixel[which])
        offsets.append(offset[counts])
        places.append(channel * image.size + at[_shifted(image.shape, stencil, 0, 0)].ravel()[counts])
        count += len(offsets[-1])
    entries = np.concatenate(factors), (np.concatenate(rows), np.concatenate(columns))
    matrix = csr_matrix(entries, shape=(count, int(unknown.sum())))
    return matrix, np.concatenate(offsets), np.concatenate(places)


def _shifted(size: tuple[int, ...], stencil: _Stencil, below: int, right: int) -> tuple[slice, slice]:
    """The neighbours that lie so far from all pixels whose whole stencil is in an image."""
    slices = []
    for axis, (side, shift) in enumerate(zip(size, (below, right), strict=True)):
        reach = [entry[axis] for entry in stencil]
        slices.append(slice(shift - min(reach), shift + side - max(reach)))
    return slices[0], slices[1]
