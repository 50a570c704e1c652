"""Reconstructions to files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xray3d.drr.surfaces import SURFACE_EXTENSIONS, save_surface
from xray3d.errors import VolumeError
from xray3d.files import extension
from xray3d.reconstruction.reconstruct import Reconstruction
from xray3d.volumes import LabelVolume, save_volume
from xray3d.volumes.point_cloud import SIGMA_ARRAY
from xray3d.volumes.writing import VOLUME_EXTENSIONS


def check_extension(path: str | Path) -> None:
    """VolumeError for a file that a reconstruction is not written to."""
    known = (*VOLUME_EXTENSIONS, *SURFACE_EXTENSIONS)
    if extension(Path(path)) not in known:
        raise VolumeError(f"{path} cannot be written; choose one of {', '.join(known)}.")


def save_reconstruction(found: Reconstruction, path: str | Path, overwrite: bool = False) -> None:
    """Write a bone as a label map, 1 inside, or as a closed surface.

    A .vtp file also holds how sure the surface is at each vertex, as `SIGMA_ARRAY`.

    Args:
        path: its extension, one of `VOLUME_EXTENSIONS` or `SURFACE_EXTENSIONS`, says which.

    Raises:
        OutputExistsError: the file exists and is not to be overwritten.
        VolumeError: another extension, a folder that cannot be written to, or nothing inside.
    """
    path = Path(path)
    check_extension(path)
    if extension(path) in SURFACE_EXTENSIONS:
        vertices, triangles = found.mesh()
        save_surface(vertices, triangles, path, overwrite, {SIGMA_ARRAY: found.sigma_mm(vertices)})
    else:
        save_volume(LabelVolume(found.inside.astype(np.uint8), found.ijk_to_ras, path.name), path, overwrite)
