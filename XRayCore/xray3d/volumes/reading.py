"""CT volumes and label maps from files: NIfTI, NRRD, MetaImage, DICOM series."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from xray3d.errors import VolumeError
from xray3d.files import extension, require_file
from xray3d.volumes.ct import CTVolume
from xray3d.volumes.dicom_series import is_dicom, read_dicom_series
from xray3d.volumes.frames import image_ijk_to_ras
from xray3d.volumes.headers import VOLUME_EXTENSIONS, check_header
from xray3d.volumes.hounsfield import check_hounsfield, cut_away_value, without_cut_away
from xray3d.volumes.labels import LabelVolume


def load_ct(path: str | Path, series_uid: str | None = None) -> CTVolume:
    """Load a CT in Hounsfield units, in whatever orientation it is stored.

    A masked CT, whose cut-away part was set to 0 HU and would render as a box of water, gets air there, with a
    warning (`UserWarning`); one made in memory as a `CTVolume` is left as it is.

    Args:
        path: a .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd file, a folder with a DICOM series, or one of its files.
        series_uid: which series, where a folder holds several.

    Raises:
        VolumeError: one sentence that names the file, what is wrong with it and what to do: unreadable, missing or
            truncated, not a scalar 3D volume, NaN or infinite voxels, a spacing or direction that cannot be, slices
            that are missing or tilted, values that are not HU.
    """
    path = Path(path)
    if _is_dicom(path):
        hu, ijk_to_ras = read_dicom_series(path, series_uid, modality="CT")
    else:
        hu, ijk_to_ras = _read_file(path)
    ct = CTVolume(hu.astype(np.float32, copy=False), ijk_to_ras, path.name)
    background = cut_away_value(ct.hu)
    if background is not None:
        warnings.warn(
            f"{path} is masked: what was cut away, set to {background:.3g} HU, is taken as air.", stacklevel=2
        )
        ct = CTVolume(without_cut_away(ct.hu, background), ijk_to_ras, path.name)
    check_hounsfield(ct.hu, str(path))
    return ct


def load_labels(path: str | Path) -> LabelVolume:
    """Load a label map from a .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd file.

    Raises:
        VolumeError: as `load_ct`, or voxels that are not whole numbers.
    """
    path = Path(path)
    labels, ijk_to_ras = _read_file(path)
    return LabelVolume(labels, ijk_to_ras, path.name)


def read_image(path: Path) -> sitk.Image:
    """A SimpleITK image of any dimension with one value per voxel; VolumeError where there is none in the file.

    Of grey values that are stored as colours, as screenshots are, it has the grey values.
    """
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as failure:
        raise VolumeError(
            f"{path} cannot be read: it is damaged or not what its extension says; export it again."
        ) from failure
    image = _in_grey(image)
    if image.GetNumberOfComponentsPerPixel() > 1 or "complex" in image.GetPixelIDTypeAsString():
        raise VolumeError(
            f"{path} has {image.GetNumberOfComponentsPerPixel()} values per voxel (RGB, vector or complex); "
            "extract one scalar channel first."
        )
    return image


def _in_grey(image: sitk.Image) -> sitk.Image:
    """Red, green and blue as one channel where they are the same everywhere; otherwise the image as it is."""
    if image.GetNumberOfComponentsPerPixel() not in (3, 4) or image.GetPixelID() != sitk.sitkVectorUInt8:
        return image
    colors = sitk.GetArrayViewFromImage(image)[..., :3]
    return sitk.VectorIndexSelectionCast(image, 0) if (colors == colors[..., :1]).all() else image


def _read_file(path: Path) -> tuple[NDArray, NDArray[np.float64]]:
    require_file(path, VolumeError)
    if extension(path) not in VOLUME_EXTENSIONS:
        raise VolumeError(f"{path} is of no known kind; pass a DICOM folder or one of {', '.join(VOLUME_EXTENSIONS)}.")
    check_header(path)
    image = read_image(path)
    if image.GetDimension() == 4 and image.GetSize()[3] == 1:
        image = image[:, :, :, 0]
    if image.GetDimension() != 3:
        raise VolumeError(f"{path} is {image.GetDimension()}D; choose one 3D volume out of it and save that.")
    if min(image.GetSize()) == 0:
        raise VolumeError(f"{path} is empty: its size is {image.GetSize()}; export it again.")
    return sitk.GetArrayFromImage(image), image_ijk_to_ras(image)


def _is_dicom(path: Path) -> bool:
    return path.is_dir() or (path.is_file() and extension(path) not in VOLUME_EXTENSIONS and is_dicom(path))
