"""CT volumes and label maps to files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from xray3d.errors import VolumeError
from xray3d.files import extension, refuse_existing
from xray3d.volumes.ct import CTVolume
from xray3d.volumes.frames import place_image
from xray3d.volumes.labels import LabelVolume

VOLUME_EXTENSIONS = (".nrrd", ".nii.gz", ".nii", ".mha")
"""What volumes are written as."""


def save_volume(volume: CTVolume | LabelVolume, path: str | Path, overwrite: bool = False) -> None:
    """Write a CT (as int16 where every voxel is a whole number) or a label map, compressed, with its placement.

    Args:
        path: a .nrrd, .nii.gz, .nii or .mha file; NIfTI keeps the placement in single precision only.

    Raises:
        OutputExistsError: the file exists and is not to be overwritten.
        VolumeError: another extension, or a sheared grid for NIfTI, which has no place for it.
    """
    path = Path(path)
    if extension(path) not in VOLUME_EXTENSIONS:
        raise VolumeError(f"{path} cannot be written; choose one of {', '.join(VOLUME_EXTENSIONS)}.")
    axes = volume.ijk_to_ras[:3, :3] / volume.spacing_mm
    if extension(path).startswith(".nii") and not np.allclose(axes.T @ axes, np.eye(3), atol=1e-4):
        raise VolumeError(f"{path} cannot hold a sheared grid; save it as .nrrd.")
    refuse_existing(path, overwrite=overwrite)
    voxels = _compact(volume.hu) if isinstance(volume, CTVolume) else volume.labels
    image = sitk.GetImageFromArray(voxels)
    place_image(image, volume.ijk_to_ras)
    write_image(image, path)


def write_image(image: sitk.Image, path: Path) -> None:
    """Write a SimpleITK image, compressed; VolumeError where the folder cannot be written to."""
    try:
        sitk.WriteImage(image, str(path), useCompression=True)
    except RuntimeError as failure:
        raise VolumeError(f"{path} cannot be written; check that its folder exists and has room.") from failure


def _compact(hu: NDArray[np.float32]) -> NDArray:
    fits = hu.min() >= -32768 and hu.max() <= 32767
    return hu.astype(np.int16) if fits and np.array_equal(hu, np.rint(hu)) else hu
