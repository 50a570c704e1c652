"""Where there is metal on an X-ray of any size and grey scale."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import maximum

from xray3d.inpainting.network import ImplantNetwork
from xray3d.inpainting.reading import Mask, grey_pixels
from xray3d.inpainting.search_scale import resized, searched_size, shown
from xray3d.inpainting.tiles import in_tiles

# Pieces smaller than this share of the X-ray are no implants, nor are those of which no pixel is as surely metal. Where
# one is, there are others: these need not be as sure.
_LEAST_SHARE, _SURE, _SURE_BESIDE = 2e-4, 0.995, 0.97


@dataclass(frozen=True, eq=False)
class Found:
    """What a network takes for metal.

    Attributes:
        mask: (rows, cols) bool.
        probability: (rows, cols) 0 to 1.
    """

    mask: Mask
    probability: NDArray[np.float64]


def find_metal(network: ImplantNetwork, image: NDArray, least_probability: float = 0.5) -> Found:
    """Find metal, whether attenuation shows bright or dark.

    Args:
        network: in evaluation mode.
        image: (rows, cols) of any grey scale.
        least_probability: what counts as metal.

    Raises:
        VolumeError: no grey image, or one with gaps.
    """
    pixels = grey_pixels(image)
    if not np.ptp(pixels) > 0:
        return Found(np.zeros(pixels.shape, bool), np.zeros(pixels.shape))
    scale = torch.from_numpy((pixels - pixels.mean()) / pixels.std()).float()[None, None]
    images = shown(scale.to(next(network.parameters()).device))
    logits = resized(in_tiles(network, resized(images, searched_size(pixels.shape))), pixels.shape)
    probability = torch.sigmoid(logits)[0, 0].double().cpu().numpy()
    return Found(_implants(probability, least_probability), probability)


def _implants(probability: NDArray[np.float64], least: float) -> Mask:
    """What may be metal where it goes on from what surely is, as edges do in Canny's detector."""
    mask = probability >= least
    count, pieces, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    large = facts[:, cv2.CC_STAT_AREA] >= _LEAST_SHARE * mask.size
    large[0] = False
    surest = np.asarray(maximum(probability, pieces, np.arange(count)))
    implants = large & (surest >= max(least, _SURE))
    if implants.any():
        implants = large & (surest >= max(least, _SURE_BESIDE))
    return np.asarray(implants[pieces], bool)
