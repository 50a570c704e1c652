"""How networks are shown an X-ray of any grey scale, and how what they say comes back onto it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xray3d.errors import BlankXRayError, VolumeError

Pixels = NDArray[np.float64]
Mask = NDArray[np.bool_]

_LOW, _HIGH = 1.0, 99.0
_AROUND_PX = 9


@dataclass(frozen=True)
class Reading:
    """A grey scale.

    Attributes:
        dark, bright: grey values that are shown as 0 and 1; where attenuation shows dark, the first is the larger.
    """

    dark: float
    bright: float

    @classmethod
    def of(cls, pixels: Pixels, holes: Mask, inverted: bool) -> Reading:
        """That of what surrounds the holes.

        Args:
            pixels: (rows, cols).
            holes: (rows, cols) what does not count; not everything.
            inverted: whether attenuation shows dark.

        Raises:
            BlankXRayError: everything else has one grey value.
        """
        low, high = (float(value) for value in np.percentile(pixels[~holes], [_LOW, _HIGH]))
        if not high > low:
            raise BlankXRayError(
                "What the mask leaves of the X-ray has one grey value; there is nothing to go on from."
            )
        return cls(high, low) if inverted else cls(low, high)

    def shown(self, pixels: Pixels) -> NDArray[np.float32]:
        """Attenuation bright, about 0 to 1 outside of metal."""
        return ((pixels - self.dark) / (self.bright - self.dark)).astype(np.float32)

    def restored(self, shown: Pixels) -> NDArray[np.float64]:
        """What was shown, on the X-ray's own grey scale."""
        return self.dark + shown.astype(float) * (self.bright - self.dark)


def shows_metal_dark(pixels: Pixels, mask: Mask) -> bool:
    """Whether attenuation shows dark, as on a fluoroscope: what is behind metal is darker than what is beside it."""
    near = cv2.dilate(mask.astype(np.uint8), np.ones((2 * _AROUND_PX + 1,) * 2, np.uint8)).astype(bool) & ~mask
    if not (near.any() and mask.any()):
        return False
    return bool(np.median(pixels[mask]) < np.median(pixels[near]))


def grey_pixels(image: NDArray) -> Pixels:
    """(rows, cols) float64 of an image, also of one that has three or four equal channels, as screenshots have.

    Raises:
        VolumeError: no image, one in colour, or one with gaps.
    """
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[2] in (3, 4):
        colours = image[..., :3]
        if (colours != colours[..., :1]).any():
            raise VolumeError("The X-ray is in colour; give it in grey values.")
        image = colours[..., 0]
    if image.ndim != 2 or not image.size or image.dtype.kind not in "biuf":
        raise VolumeError(f"An X-ray has rows and columns of grey values, not the shape {image.shape}.")
    pixels = image.astype(float)
    if not np.isfinite(pixels).all():
        raise VolumeError("The X-ray has gaps (NaN or infinite pixels); fill them first.")
    return pixels
