"""Masks of X-rays, as several verbs take them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import VolumeError


def check_count(masks: Sequence[Path], xrays: int) -> None:
    """Raise VolumeError where there are masks, but not one for each X-ray."""
    if masks and len(masks) != xrays:
        raise VolumeError(f"There are {len(masks)} masks for {xrays} X-rays; give one for each, in their order.")


def read_mask(path: Path, size_px: tuple[int, ...], xray: str) -> NDArray[np.bool_]:
    """(rows, cols) True where an image is not 0.

    Args:
        size_px: rows and columns of the X-ray.
        xray: what messages call it.

    Raises:
        VolumeError: no image, or one of another size.
    """
    import SimpleITK as sitk

    from xray3d.files import require_file
    from xray3d.volumes.reading import read_image

    require_file(path, VolumeError)
    pixels = sitk.GetArrayFromImage(read_image(path))
    if pixels.shape[-2:] != size_px or pixels.size != np.prod(size_px):
        raise VolumeError(f"{path} is of size {pixels.shape}, but {xray} of {size_px}; pass the mask of this X-ray.")
    return pixels.reshape(size_px) != 0
