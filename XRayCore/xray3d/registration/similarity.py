"""How alike an X-ray and a DRR are: local normalised correlation, as residuals with their exact derivative.

Each image is brought to zero mean and unit variance within a window about every pixel, so that gain, offset, scatter,
beam hardening and display curves, which change slowly over the image, drop out. Minimising the squared difference of
two such images maximises their local normalised correlation, and makes it a least-squares problem: Gauss–Newton
steps, a robust loss against what only one image shows, and a covariance at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.floating]

# Standard deviations below this share of an image's typical one are mostly noise; they are not amplified to one.
_FLAT_SHARE = 0.15
# Windows of which less than this share may be used say nothing.
_LEAST_COVER = 0.3
# A view with a smaller share of usable pixels shows nothing that could be compared; the cost then is that of images
# that have nothing in common.
_LEAST_USED, UNLIKE = 0.01, 0.6
HUBER = 1.0
"""Residuals of normalised images beyond this count linearly (Huber's loss)."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What n X-rays and their DRRs make of each other.

    Attributes:
        residual: (n, rows, cols) difference of the normalised images.
        derivative: (n, rows, cols, 6) of the residual by the DRRs' camera twists.
        weight: (n, rows, cols) weight of each pixel in the sum of squares, robust loss included.
        cost: (n,) mean Huber loss over usable pixels; `UNLIKE` where next to none can be used.
        correlation: (n,) correlation of the normalised images over usable pixels.
        used: (n,) share of pixels that could be used.
    """

    residual: Images
    derivative: Images
    weight: Images
    cost: NDArray[np.float64]
    correlation: NDArray[np.float64]
    used: NDArray[np.float64]


def compare(xray: Images, usable: Images, drr: Images, jacobian: Images, window_px: int) -> Comparison:
    """Compare n pairs of images.

    Args:
        xray: (n, rows, cols) of any quantity that grows with attenuation.
        usable: (n, rows, cols) 1 where a pixel counts, 0 where not.
        drr: (n, rows, cols) line integrals.
        jacobian: (n, rows, cols, 6) their derivative by the camera twist.
        window_px: side of the square windows, odd.
    """
    mean = _WindowMean(usable, window_px)
    inside = usable * (mean.cover > _LEAST_COVER)
    total = np.maximum(inside.sum((1, 2)), 1.0)
    normal_xray, _, _ = _normalised(xray, mean, inside, total)
    normal_drr, middle, deviation = _normalised(drr, mean, inside, total)
    residual = normal_drr - normal_xray
    size = np.abs(residual)
    weight = inside / np.maximum(size / HUBER, 1.0)
    loss = np.where(size < HUBER, 0.5 * residual**2, HUBER * (size - 0.5 * HUBER))
    mean_loss = (inside * loss).sum((1, 2), dtype=float) / total
    return Comparison(
        residual,
        _derivative(jacobian, normal_drr, middle, deviation, mean),
        weight,
        np.where(inside.mean((1, 2)) < _LEAST_USED, UNLIKE, mean_loss),
        _correlation(normal_drr, normal_xray, inside),
        inside.mean((1, 2), dtype=float),
    )


def _correlation(one: Images, other: Images, inside: Images) -> NDArray[np.float64]:
    product, one_square, other_square = (
        (inside * a * b).sum((1, 2), dtype=float) for a, b in ((one, other), (one, one), (other, other))
    )
    return product / np.sqrt(np.maximum(one_square * other_square, 1e-12))


class _WindowMean:
    """Means over windows of usable pixels, of many images and channels in one pass of the filter."""

    def __init__(self, usable: Images, window_px: int) -> None:
        self._usable, self._window_px = usable, window_px
        self.cover = self._summed(usable[..., None])[..., 0]
        self._inverse = 1.0 / np.maximum(self.cover, 1e-6)

    def of(self, channels: Images) -> Images:
        """Window means (n, rows, cols, c) of (n, rows, cols, c)."""
        return self._summed(channels * self._usable[..., None]) * self._inverse[..., None]

    def _summed(self, channels: Images) -> Images:
        # The images one below the other, with a gap that no window spans: a single call of the filter.
        n, rows, columns, count = channels.shape
        gap = self._window_px // 2
        stacked = np.zeros((n, rows + gap, columns, count), np.float32)
        stacked[:, :rows] = channels
        flat = stacked.reshape(n * (rows + gap), columns, count)
        size = (self._window_px, self._window_px)
        summed = cv2.boxFilter(flat, cv2.CV_32F, size, borderType=cv2.BORDER_CONSTANT)
        return summed.reshape(stacked.shape)[:, :rows]


def _normalised(
    images: Images, mean: _WindowMean, inside: Images, total: NDArray[np.floating]
) -> tuple[Images, Images, Images]:
    """Images of local mean 0 and variance 1, with those means and deviations, each (n, rows, cols)."""
    # About the image's own mean, so that the difference of squares does not lose its digits.
    middle = (inside * images).sum((1, 2)) / total
    centred = images - middle[:, None, None].astype(np.float32)
    moments = mean.of(np.stack([centred, centred * centred], axis=-1))
    variance = np.maximum(moments[..., 1] - moments[..., 0] ** 2, 0.0)
    typical = (inside * variance).sum((1, 2)) / total
    floor = np.maximum(_FLAT_SHARE**2 * typical, 1e-12).astype(np.float32)
    deviation = np.sqrt(variance + floor[:, None, None])
    return (centred - moments[..., 0]) / deviation, centred, deviation


def _derivative(jacobian: Images, normal: Images, centred: Images, deviation: Images, mean: _WindowMean) -> Images:
    """Derivative of the normalised DRR: of its value, its window's mean and its window's deviation."""
    both = mean.of(np.concatenate([jacobian, centred[..., None] * jacobian], axis=-1))
    of_mean, of_product = both[..., :6], both[..., 6:]
    local_mean = centred - normal * deviation
    of_deviation = (of_product - local_mean[..., None] * of_mean) / deviation[..., None]
    return (jacobian - of_mean - normal[..., None] * of_deviation) / deviation[..., None]
