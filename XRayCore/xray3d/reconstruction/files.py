"""Reconstructions to files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xray3d.drr.surfaces import SURFACE_EXTENSIONS, save_surface
from xray3d.errors import VolumeError
from xray3d.files import extension
from xray3d.reconstruction.joined import joined_labels, joined_mesh
from xray3d.reconstruction.reconstruct import Reconstruction
from xray3d.volumes import save_volume
from xray3d.volumes.point_cloud import SIGMA_ARRAY
from xray3d.volumes.writing import VOLUME_EXTENSIONS


def check_extension(path: str | Path) -> None:
    """VolumeError for a file that a reconstruction is not written to."""
    known = (*VOLUME_EXTENSIONS, *SURFACE_EXTENSIONS)
    if extension(Path(path)) not in known:
        raise VolumeError(f"{path} cannot be written; choose one of {', '.join(known)}.")


def save_reconstructions(bones: Mapping[int, Reconstruction], path: str | Path, overwrite: bool = False) -> None:
    """Write bones as one label map, or as one file of closed surfaces.

    A .vtp file also holds how sure the surfaces are at each vertex, as `SIGMA_ARRAY`.

    Args:
        bones: by their values in the label map.
        path: its extension, one of `VOLUME_EXTENSIONS` or `SURFACE_EXTENSIONS`, says which.

    Raises:
        OutputExistsError: the file exists and is not to be overwritten.
        VolumeError: another extension, a folder that cannot be written to, or nothing inside one of them.
    """
    path = Path(path)
    check_extension(path)
    if extension(path) in SURFACE_EXTENSIONS:
        vertices, triangles, sigma_mm = joined_mesh(list(bones.values()))
        save_surface(vertices, triangles, path, overwrite, {SIGMA_ARRAY: sigma_mm})
    else:
        save_volume(joined_labels(bones, path.name), path, overwrite)
