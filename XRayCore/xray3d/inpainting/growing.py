"""Masks of implants made larger or smaller."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def grown(mask: NDArray[np.bool_], margin_px: int) -> NDArray[np.bool_]:
    """A mask (rows, cols) with a margin of so many pixels all around; a negative margin is taken away.

    Beyond the image everything is as at its edge: a mask that goes on there has none.
    """
    disc = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * abs(margin_px) + 1,) * 2), np.uint8)
    change = cv2.dilate if margin_px >= 0 else cv2.erode
    return change(mask.astype(np.uint8), disc).astype(bool)
