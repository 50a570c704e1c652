"""What fills holes without having learnt anything."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

OURS = "xray3d"
OCCLUDED = "nothing done"
TELEA, NAVIER_STOKES = (f"OpenCV {cv2.__version__}, {name}" for name in ("Telea", "Navier–Stokes"))
BIHARMONIC = "scikit-image 0.26, biharmonic"
CLASSICAL = (TELEA, NAVIER_STOKES, BIHARMONIC)

Mask = NDArray[np.bool_]

_FLAGS = {TELEA: cv2.INPAINT_TELEA, NAVIER_STOKES: cv2.INPAINT_NS}
# The neighbourhood that a pixel is filled from: OpenCV's tutorial takes 3, this is up to half a decibel better on
# X-rays that are not measured here.
_RADIUS_PX = 15.0
_LEVELS = np.iinfo(np.uint16).max
# The biharmonic equation at a pixel reaches two pixels; what is further from the holes only costs memory.
_AROUND_PX = 16


def fill_with_opencv(image: NDArray, holes: Mask, method: str) -> NDArray[np.float64]:
    """An X-ray (rows, cols) with its holes filled, in 16 bits over the range of what is known.

    Of floating-point numbers OpenCV's Telea depends on the unit.

    Args:
        method: `TELEA` or `NAVIER_STOKES`.
    """
    pixels = image.astype(float)
    low, high = pixels[~holes].min(), pixels[~holes].max()
    levels = np.where(holes, 0.0, _LEVELS * (pixels - low) / (high - low))
    filled = cv2.inpaint(np.rint(levels).astype(np.uint16), holes.astype(np.uint8), _RADIUS_PX, _FLAGS[method])
    return np.where(holes, low + filled * (high - low) / _LEVELS, pixels)


def around(holes: Mask) -> tuple[slice, slice]:
    """Rows and columns with the holes and all that the biharmonic equation takes of what surrounds them."""
    rows, columns = (np.flatnonzero(holes.any(axis=axis)) for axis in (1, 0))
    return (
        slice(max(0, int(rows[0]) - _AROUND_PX), int(rows[-1]) + 1 + _AROUND_PX),
        slice(max(0, int(columns[0]) - _AROUND_PX), int(columns[-1]) + 1 + _AROUND_PX),
    )
