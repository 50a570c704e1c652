"""Where there is metal on an X-ray of any size and grey scale."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from xray3d.inpainting.network import ImplantNetwork, levelled
from xray3d.inpainting.reading import Mask, grey_pixels
from xray3d.inpainting.tiles import in_tiles

# Pieces smaller than this share of the X-ray are no implants.
_LEAST_SHARE = 2e-4


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
    """Find metal, whether attenuation shows bright or dark: it does so in the way in which more metal is found.

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
    scale = (pixels - pixels.mean()) / pixels.std()
    device = next(network.parameters()).device
    both = torch.from_numpy(np.stack([scale, -scale])).float()[:, None].to(device)
    probabilities = torch.sigmoid(in_tiles(network, levelled(both)))[:, 0].double().cpu().numpy()
    found = [Found(_without_specks(one >= least_probability), one) for one in probabilities]
    return max(found, key=lambda one: float(one.probability[one.mask].sum()))


def _without_specks(mask: Mask) -> Mask:
    _, pieces, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    large = facts[:, cv2.CC_STAT_AREA] >= _LEAST_SHARE * mask.size
    large[0] = False
    return np.asarray(large[pieces], bool)
