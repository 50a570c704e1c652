"""An X-ray image with its geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import VolumeError
from xray3d.geometry.projection import Projection


@dataclass(frozen=True, eq=False)
class XRayImage:
    """One X-ray as the source sees it, and where source and receptor were.

    Attributes:
        pixels: (rows, columns) float32, of whatever quantity: line integrals, detector signal, display values.
        projection: its geometry, of the same size.
        name: what messages call the image, usually its file name.

    Raises:
        VolumeError: not a finite 2D array of the size that the projection says.
    """

    pixels: NDArray[np.float32]
    projection: Projection
    name: str = "X-ray"

    def __post_init__(self) -> None:
        pixels = np.ascontiguousarray(self.pixels, np.float32)
        if pixels.ndim != 2:
            raise VolumeError(
                f"{self.name} has {pixels.ndim} dimensions; an X-ray is one scalar image: choose a frame."
            )
        if not np.isfinite(pixels).all():
            raise VolumeError(f"{self.name} has NaN or infinite pixels; replace them first.")
        if pixels.shape != self.projection.size_px:
            raise VolumeError(
                f"{self.name} has {pixels.shape[0]}×{pixels.shape[1]} pixels, but its geometry is for "
                f"{self.projection.size_px[0]}×{self.projection.size_px[1]}; pass the geometry of this image."
            )
        object.__setattr__(self, "pixels", pixels)
