"""X-rays made ready for registration: reduced to a level of the pyramid, with what counts of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from xray3d.drr import DRRRenderer
from xray3d.errors import BlankXRayError, VolumeError
from xray3d.geometry import Projection
from xray3d.registration.field import exposed_field
from xray3d.volumes import XRayImage

# A reduced pixel counts when nearly all that it is averaged of does.
_LEAST_USABLE = 0.9
_FEWEST_PIXELS = 8
_METRE_MM = 1000.0


@dataclass(frozen=True, eq=False)
class View:
    """An X-ray and the pixels of it that count, at full size.

    Attributes:
        pixels: (rows, cols) float32 of mean 0 and variance 1.
        usable: (rows, cols) bool.
        longer_side_mm: as seen at a metre from the source.
        name: what messages call it.
    """

    pixels: NDArray[np.float32]
    usable: NDArray[np.bool_]
    longer_side_mm: float
    name: str

    @property
    def inverted(self) -> View:
        """The view with bright and dark exchanged."""
        return replace(self, pixels=-self.pixels)

    def at(self, longest_px: int, least_mm: float = 0.0) -> ReducedView:
        """The view with so many pixels along its longer side, but never more than it has, nor smaller ones than that.

        Args:
            least_mm: side of a pixel, as seen at a metre from the source.
        """
        rows, columns = self.pixels.shape
        along = min(longest_px, self.longer_side_mm / max(least_mm, 1e-9))
        scale = min(1.0, along / max(rows, columns))
        size = (max(1, round(rows * scale)), max(1, round(columns * scale)))
        image, usable = (
            cv2.resize(array.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
            for array in (self.pixels, self.usable)
        )
        return ReducedView(np.asarray(image, np.float32), (usable > _LEAST_USABLE).astype(np.float32))


@dataclass(frozen=True, eq=False)
class ReducedView:
    """A view at one level of the pyramid.

    Attributes:
        image: (rows, cols) float32.
        usable: (rows, cols) float32, 1 or 0.
    """

    image: NDArray[np.floating]
    usable: NDArray[np.floating]

    @property
    def size_px(self) -> tuple[int, int]:
        """(rows, columns)."""
        rows, columns = self.image.shape
        return rows, columns


def prepare_view(xray: XRayImage, ignored: NDArray[np.bool_] | None) -> View:
    """The X-ray with its collimated field found and the pixels in `ignored` (rows, cols) left out.

    Raises:
        VolumeError: a mask of another size, nothing left to see, or an image of one grey value.
    """
    usable = exposed_field(xray.pixels)
    if ignored is not None:
        if ignored.shape != xray.pixels.shape:
            raise VolumeError(
                f"The mask of {xray.name} has {ignored.shape} pixels, the X-ray {xray.pixels.shape}; "
                "draw the mask on this X-ray."
            )
        usable &= ~ignored.astype(bool)
    if not usable.any():
        raise VolumeError(f"The mask of {xray.name} covers everything; leave some of the X-ray free.")
    # Outliers (markers, dead pixels) must not decide what the scale of the image is.
    low, high = np.percentile(xray.pixels[usable], [0.5, 99.5])
    if not high > low:
        raise BlankXRayError(
            f"{xray.name} shows nothing: all that counts of it has one grey value; "
            "choose another image or a smaller mask."
        )
    pixels = np.clip(xray.pixels, low, high)
    pixels = (pixels - pixels[usable].mean()) / pixels[usable].std()
    sides_mm = np.multiply(xray.projection.size_px, xray.projection.pixel_mm)
    at_a_metre_mm = float(sides_mm.max() * _METRE_MM / xray.projection.sdd_mm)
    return View(pixels.astype(np.float32), usable, at_a_metre_mm, xray.name)


def polarity(view: View, projection: Projection, renderer: DRRRenderer, longest_px: int) -> float:
    """Correlation of the view's grey values with the DRR at `projection`: below 0 where attenuation shows dark.

    Fluoroscopes show bone dark and radiographs show it bright. Thick parts of the patient, which are many pixels
    wide, tell which of the two it is long before the pose is right.
    """
    reduced = view.at(longest_px)
    coarse = projection.resampled(reduced.size_px)
    counts = (reduced.usable > 0) & ~renderer.lacks_tissue(coarse)
    if counts.sum() < _FEWEST_PIXELS:
        return 0.0
    drr, grey = renderer.render(coarse)[counts], reduced.image[counts]
    drr, grey = drr - drr.mean(), grey - grey.mean()
    return float(np.sum(drr * grey) / max(float(np.linalg.norm(drr) * np.linalg.norm(grey)), 1e-9))
