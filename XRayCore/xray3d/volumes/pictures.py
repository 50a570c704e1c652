"""X-rays of which nobody says where they were taken: pictures, from files and to files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from xray3d.errors import NoGeometryError, VolumeError
from xray3d.files import extension, refuse_existing
from xray3d.volumes.grey_values import of_type
from xray3d.volumes.reading import read_image
from xray3d.volumes.writing import write_image
from xray3d.volumes.xray import XRayImage
from xray3d.volumes.xray_files import load_xray

_ANY_NUMBERS = (".nrrd", ".mha")
_FLAT = (".png", ".tif", ".tiff")
PICTURE_EXTENSIONS = (*_ANY_NUMBERS, *_FLAT)
_NUMBERS_OF_FLAT = (np.uint8, np.uint16)


@dataclass(frozen=True, eq=False)
class Picture:
    """An X-ray without geometry.

    Attributes:
        pixels: (rows, cols) in the file's own type of numbers.
        header: an image of this size that lies where the file said.
        name: what messages call it.
    """

    pixels: NDArray
    header: sitk.Image
    name: str

    def showing(self, pixels: NDArray) -> Picture:
        """The same picture with other pixels (rows, cols), rounded and clipped where it holds whole numbers."""
        return replace(self, pixels=of_type(pixels, self.pixels.dtype))


def load_xray_or_picture(path: str | Path) -> XRayImage | Picture:
    """Load an X-ray with its geometry, or, where nothing says what that is, as it is stored; the first frame of it.

    Args:
        path: as for `load_xray`.

    Raises:
        VolumeError: an image that cannot be read, is no single scalar image, or has NaN or infinite pixels.
        GeometryError: a geometry that is wrong or contradicts itself; it names the field or file.
    """
    path = Path(path)
    try:
        return load_xray(path)
    except NoGeometryError:
        return _picture(read_image(path), path)


def check_picture_output(path: Path, dtype: np.dtype) -> None:
    """Raise VolumeError for a file that pixels of this type cannot be written to without loss."""
    if extension(path) not in PICTURE_EXTENSIONS:
        raise VolumeError(f"{path} cannot be written; choose one of {', '.join(PICTURE_EXTENSIONS)}.")
    if extension(path) in _FLAT and dtype not in _NUMBERS_OF_FLAT:
        raise VolumeError(
            f"{path} holds whole numbers of 8 or 16 bits, but the X-ray is of type {dtype}; "
            f"choose one of {', '.join(_ANY_NUMBERS)}."
        )


def save_picture(picture: Picture, path: str | Path, overwrite: bool = False) -> None:
    """Write a picture, in its own type of numbers and where it lay.

    Args:
        path: a .nrrd or .mha file; for whole numbers of 8 or 16 bits also .png or .tif.

    Raises:
        OutputExistsError: the file exists and is not to be overwritten.
        VolumeError: another extension, or one that cannot hold such numbers.
    """
    path = Path(path)
    check_picture_output(path, picture.pixels.dtype)
    refuse_existing(path, overwrite=overwrite)
    header = picture.header
    image = sitk.GetImageFromArray(picture.pixels.reshape(header.GetSize()[::-1]))
    image.CopyInformation(header)
    write_image(image[:, :, 0] if extension(path) in _FLAT and image.GetDimension() == 3 else image, path)


def _picture(image: sitk.Image, path: Path) -> Picture:
    if image.GetDimension() == 4:
        image = image[:, :, :, 0]
    if image.GetDimension() == 3:
        image = image[:, :, :1]
    columns, rows = image.GetSize()[:2]
    pixels = sitk.GetArrayFromImage(image).reshape(rows, columns)
    if not np.isfinite(pixels).all():
        raise VolumeError(f"{path} has NaN or infinite pixels; replace them first.")
    return Picture(pixels, image, path.name)
