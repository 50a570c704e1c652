"""Blur of the focal spot and of the detector."""

from __future__ import annotations

import numpy as np
import warp as wp
from numpy.typing import NDArray
from scipy.special import ive

from xray3d.drr.device import MODULE_OPTIONS, launch
from xray3d.drr.physics.primary import as_rows

wp.set_module_options(MODULE_OPTIONS)

# Narrower than this share of a pixel, blur changes a neighbouring pixel by less than 1e-3.
_NEGLIGIBLE_PX = 0.04


@wp.func
def mirrored(index: int, size: int):
    """The index reflected at the image's edges, however far outside it lies, so that blur keeps the image's sum."""
    if index >= 0 and index < size:
        return index
    period = 2 * size
    folded = index % period
    if folded < 0:
        folded += period
    return wp.min(folded, period - 1 - folded)


@wp.kernel
def _blur_along_rows(
    start: int,
    image: wp.array2d[wp.float32],
    weights: wp.array[wp.float32],
    blurred: wp.array2d[wp.float32],
):
    row, column = wp.tid()
    row += start
    total = weights[0] * image[row, column]
    for i in range(1, weights.shape[0]):
        before = image[row, mirrored(column - i, image.shape[1])]
        after = image[row, mirrored(column + i, image.shape[1])]
        total += weights[i] * (before + after)
    blurred[row, column] = total


@wp.kernel
def _blur_along_columns(
    start: int,
    rows: int,
    image: wp.array2d[wp.float32],
    weights: wp.array[wp.float32],
    blurred: wp.array2d[wp.float32],
):
    row, column = wp.tid()
    row += start
    within = row % rows
    first = row - within
    total = weights[0] * image[row, column]
    for i in range(1, weights.shape[0]):
        before = image[first + mirrored(within - i, rows), column]
        after = image[first + mirrored(within + i, rows), column]
        total += weights[i] * (before + after)
    blurred[row, column] = total


def gaussian_blur(images: wp.array, sigma_px: tuple[float, float]) -> wp.array:
    """Images (n, rows, cols) blurred with a standard deviation in pixels along (rows, columns); the mean is kept."""
    for axis, sigma in enumerate(sigma_px):
        if sigma > _NEGLIGIBLE_PX:
            images = _blur_along(axis, images, gaussian_weights(sigma))
    return images


def gaussian_weights(sigma_px: float) -> NDArray[np.float64]:
    """One half (centre first) of the discrete Gaussian, whose variance is right for any width, also below a pixel.

    Lindeberg, IEEE Trans. Pattern Anal. Mach. Intell. 12(3), 1990.
    """
    half = ive(np.arange(int(np.ceil(4.0 * sigma_px)) + 2), sigma_px**2)
    return half / (half[0] + 2.0 * half[1:].sum())


def focal_spot_sigma_mm(focal_spot_mm: float, magnification: float) -> float:
    """Blur on the receptor by a uniform square focal spot, through a point of the object: its deviation."""
    return focal_spot_mm * (magnification - 1.0) / 12.0**0.5


def mtf_sigma_mm(mtf50_per_mm: float) -> float:
    """Standard deviation of the Gaussian whose modulation transfer is one half at this frequency in line pairs/mm."""
    return float(np.sqrt(np.log(2.0) / 2.0) / (np.pi * mtf50_per_mm))


def _blur_along(axis: int, images: wp.array, half: NDArray[np.float64]) -> wp.array:
    weights = wp.array(half, dtype=wp.float32, device=images.device)
    source, blurred = as_rows(images), wp.empty_like(images)
    if axis == 0:
        launch(_blur_along_columns, source.shape, [images.shape[1], source, weights, as_rows(blurred)], images.device)
    else:
        launch(_blur_along_rows, source.shape, [source, weights, as_rows(blurred)], images.device)
    return blurred
