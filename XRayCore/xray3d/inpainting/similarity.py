"""How alike an X-ray and the truth are, in any region: what inpainting is judged by.

The measures that Esfandiari et al. (Int J Med Robot 17(2), e2228, 2021) and others in the field report. Gradient
correlation is that of Penney et al. (IEEE Trans Med Imaging 17(4):586, 1998), SSIM that of Wang et al. (IEEE Trans
Image Process 13(4):600, 2004), both with every pixel's neighbourhood taken from the whole image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from monai.metrics.regression import compute_ssim_and_cs
from numpy.typing import ArrayLike, NDArray
from scipy.stats import entropy

from xray3d.errors import VolumeError
from xray3d.inpainting.growing import grown

Image = NDArray[np.float64]
Region = NDArray[np.bool_]

BORDER_PX = 3
"""How far the border of a mask reaches to either side of its edge."""

_SSIM_SIGMA_PX, _SSIM_REACH_PX = 1.5, 5
_GREY_BINS = 32


@dataclass(frozen=True)
class Measure:
    """One of `MEASURES`.

    Attributes:
        name: for tables.
        unit: of its values, empty for none.
        grows: whether more alike is more.
    """

    name: str
    unit: str
    grows: bool


MEASURES: Mapping[str, Measure] = {
    "mae": Measure("mean absolute error", "% of the range", False),
    "rmse": Measure("root mean square error", "% of the range", False),
    "psnr_db": Measure("peak signal-to-noise ratio", "dB", True),
    "ssim": Measure("structural similarity", "", True),
    "ncc": Measure("normalised cross-correlation", "", True),
    "gradient_correlation": Measure("gradient correlation", "", True),
    "mutual_information": Measure("mutual information", "bit", True),
}
"""By the names of `Similarity`'s attributes."""


@dataclass(frozen=True)
class Similarity:
    """How alike two images are in a region.

    Attributes:
        mae, rmse: per cent of the truth's range.
        psnr_db: from the root mean square error and the truth's range; infinite where there is no error.
        ssim: mean over the region, at most 1.
        ncc: normalised cross-correlation of the region's pixels, -1 to 1; 0 where one of the images is flat.
        gradient_correlation: mean of the normalised cross-correlations of the gradients across and down.
        mutual_information: of the region's grey values, in bits.
    """

    mae: float
    rmse: float
    psnr_db: float
    ssim: float
    ncc: float
    gradient_correlation: float
    mutual_information: float


def similarity(image: ArrayLike, truth: ArrayLike, region: ArrayLike | None = None) -> Similarity:
    """Compare an image with the truth.

    Args:
        image, truth: (rows, cols) on the same grey scale.
        region: (rows, cols) bool, what counts; None for all of it.

    Raises:
        VolumeError: images of two sizes, or with gaps; a region of another size, or empty; a truth of one grey value.
    """
    image, truth, region = _checked(image, truth, region)
    grey_range = float(np.ptp(truth))
    shared = image / grey_range, truth / grey_range
    inside = [one[region] for one in shared]
    error = inside[0] - inside[1]
    rmse = float(np.sqrt(np.mean(error**2)))
    return Similarity(
        mae=100.0 * float(np.abs(error).mean()),
        rmse=100.0 * rmse,
        psnr_db=float("inf") if rmse == 0 else -20.0 * float(np.log10(rmse)),
        ssim=float(structural_similarity(*shared)[region].mean()),
        ncc=_correlation(*inside),
        gradient_correlation=_gradient_correlation(*shared, region),
        mutual_information=_mutual_information(*inside),
    )


def border_of(mask: ArrayLike) -> Region:
    """(rows, cols): the pixels within `BORDER_PX` of a mask's edge, inside and outside of it."""
    mask = np.asarray(mask, bool)
    return grown(mask, BORDER_PX) != grown(mask, -BORDER_PX)


def structural_similarity(image: Image, truth: Image) -> Image:
    """(rows, cols) of two images of which the truth has a range of 1."""
    padded = [
        torch.from_numpy(np.pad(one, _SSIM_REACH_PX, mode="reflect"))[None, None].float() for one in (image, truth)
    ]
    side, sigma = [2 * _SSIM_REACH_PX + 1] * 2, [_SSIM_SIGMA_PX] * 2
    similar, _ = compute_ssim_and_cs(padded[0], padded[1], spatial_dims=2, kernel_size=side, kernel_sigma=sigma)
    return similar[0, 0].double().numpy()


def _gradient_correlation(image: Image, truth: Image, region: Region) -> float:
    def gradient(of: Image, across: int) -> Image:
        return np.asarray(cv2.Sobel(of, cv2.CV_64F, across, 1 - across), float)[region]

    return float(np.mean([_correlation(gradient(image, across), gradient(truth, across)) for across in (1, 0)]))


def _correlation(one: Image, other: Image) -> float:
    one, other = one - one.mean(), other - other.mean()
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / size if size > 1e-12 else 0.0


def _mutual_information(one: Image, other: Image) -> float:
    """From the joint histogram of grey values, whose ranges are those of the truth."""
    low, high = other.min(), other.max()
    if not high > low:
        return 0.0
    joint, _, _ = np.histogram2d(
        np.clip(one, low, high), other, bins=_GREY_BINS, range=[[low, high], [low, high]], density=False
    )
    marginals = (entropy(joint.sum(axis=axis), base=2) for axis in (0, 1))
    return float(sum(marginals) - entropy(joint.ravel(), base=2))


def _checked(image: ArrayLike, truth: ArrayLike, region: ArrayLike | None) -> tuple[Image, Image, Region]:
    image, truth = np.asarray(image, float), np.asarray(truth, float)
    if image.ndim != 2 or image.shape != truth.shape:
        raise VolumeError(f"Only images of one size can be compared, not {image.shape} with {truth.shape}.")
    if not (np.isfinite(image).all() and np.isfinite(truth).all()):
        raise VolumeError("Images with gaps (NaN or infinite pixels) cannot be compared; fill them first.")
    region = np.ones(image.shape, bool) if region is None else np.asarray(region, bool)
    if region.shape != image.shape:
        raise VolumeError(f"The region has {region.shape} pixels, the images {image.shape}; draw it on these images.")
    if not region.any():
        raise VolumeError("There is nothing to compare in an empty region.")
    if not np.ptp(truth) > 0:
        raise VolumeError("The truth has one grey value; there is nothing to be alike.")
    return image, truth, region
