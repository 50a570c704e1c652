"""Implants out of X-rays: found, or where a mask says, and painted."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from xray3d.inpainting.finding import Found, find_metal
from xray3d.inpainting.model import SHIPPED, InpaintingModel
from xray3d.inpainting.painting import Painted, paint
from xray3d.volumes import XRayImage
from xray3d.volumes.grey_values import of_type

Image = TypeVar("Image", bound="NDArray | XRayImage")


class Inpainter:
    """A model at work.

    Args:
        model: what finds and paints.
    """

    def __init__(self, model: InpaintingModel) -> None:
        self._model = model

    @classmethod
    def shipped(cls, device: str = "cpu") -> Inpainter:
        """With the model that comes with the library.

        Raises:
            DeviceError: the device is not there.
        """
        return cls(InpaintingModel.load(SHIPPED, device))

    def find(self, image: NDArray | XRayImage) -> Found:
        """Where there is metal; see `find_metal`."""
        return find_metal(self._model.finder, _pixels(image))

    def paint(self, image: NDArray | XRayImage, mask: NDArray | None = None) -> Painted:
        """The X-ray without metal; see `painting.paint`.

        Args:
            mask: (rows, cols) nonzero where there is metal; None where that is to be found.
        """
        where = self.find(image).mask if mask is None else mask
        return paint(self._model.painter, _pixels(image), where)


def inpaint(image: Image, mask: NDArray | None = None, device: str = "cpu") -> tuple[Image, NDArray[np.bool_]]:
    """Take implants out of an X-ray.

    Args:
        image: (rows, cols) of any grey scale, attenuation bright or dark, or an X-ray with its geometry.
        mask: (rows, cols) nonzero where there is metal; None where that is to be found.
        device: "cpu", "cuda" or "cuda:N".

    Returns:
        The same kind of image, of the same type of numbers, and (rows, cols) bool where it was painted.

    Raises:
        VolumeError: no grey image, or one with gaps; a mask of another size, or over everything.
        DeviceError: the device is not there.
    """
    painted = _shipped(device).paint(image, mask)
    if isinstance(image, XRayImage):
        return replace(image, pixels=painted.pixels.astype(np.float32)), painted.mask
    return of_type(painted.pixels, np.asarray(image).dtype), painted.mask  # type: ignore[return-value]  # like it


@lru_cache(maxsize=2)
def _shipped(device: str) -> Inpainter:
    return Inpainter.shipped(device)


def _pixels(image: NDArray | XRayImage) -> NDArray:
    return image.pixels if isinstance(image, XRayImage) else np.asarray(image)
