"""X-ray images with geometry from files and to files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from xray3d.errors import GeometryError, NoGeometryError, VolumeError
from xray3d.files import extension, refuse_existing, require_file, with_extension
from xray3d.geometry.dicom import GivenGeometry, read_dicom_geometry
from xray3d.geometry.geometry_file import load_geometry, save_geometry
from xray3d.geometry.placement import principal_point_px, projection_from_placement
from xray3d.geometry.projection import Projection
from xray3d.volumes.dicom_series import is_dicom
from xray3d.volumes.frames import image_ijk_to_ras, place_image
from xray3d.volumes.headers import VOLUME_EXTENSIONS, check_header
from xray3d.volumes.reading import read_image
from xray3d.volumes.writing import write_image
from xray3d.volumes.xray import XRayImage

SDD_ATTRIBUTE = "XRay3D.SourceToDetectorDistance"
"""Attribute of an X-ray in a scene or NRRD file: source to detector, mm."""

PRINCIPAL_POINT_ATTRIBUTE = "XRay3D.PrincipalPoint"
"""Attribute of an X-ray in a scene or NRRD file: column and row of the principal point, with a blank between, px."""

_PLACEMENT_TOLERANCE_MM = 0.01


def save_xray(xray: XRayImage, path: str | Path, overwrite: bool = False) -> None:
    """Write an X-ray as an image on its receptor, `view.nrrd`, and its geometry beside it, `view.json`.

    The image is a one-slice volume whose IJKToRAS is the projection's `image_to_ras`, so Slicer shows it where the
    receptor was; the attributes `XRay3D.SourceToDetectorDistance` and `XRay3D.PrincipalPoint` make it sufficient
    without the JSON.

    Args:
        path: a .nrrd (or .mha) file.

    Raises:
        OutputExistsError: one of the two files exists and is not to be overwritten.
        VolumeError: another extension.
    """
    path, sidecar = written_files(path)
    refuse_existing(path, sidecar, overwrite=overwrite)
    image = sitk.GetImageFromArray(xray.pixels[None])
    place_image(image, xray.projection.image_to_ras)
    column, row = principal_point_px(xray.projection)
    image.SetMetaData(SDD_ATTRIBUTE, repr(xray.projection.sdd_mm))
    image.SetMetaData(PRINCIPAL_POINT_ATTRIBUTE, f"{column!r} {row!r}")
    write_image(image, path)
    save_geometry(xray.projection, sidecar, overwrite=overwrite)


def written_files(path: str | Path) -> tuple[Path, Path]:
    """The two files that `save_xray` writes, image and geometry; VolumeError for an extension that it does not know."""
    path = Path(path)
    if extension(path) not in (".nrrd", ".mha"):
        raise VolumeError(f"{path} cannot be written; an X-ray with its geometry is a .nrrd or .mha file.")
    return path, with_extension(path, ".json")


def load_xray(
    path: str | Path,
    geometry: Projection | str | Path | None = None,
    *,
    frame: int = 0,
    given: GivenGeometry | None = None,
) -> XRayImage:
    """Load an X-ray with its geometry.

    The geometry is the one that is passed, else that of the DICOM header, else the JSON beside the image, else the
    image's own placement and attributes. A DICOM image is turned and flipped to be seen from the source, as its
    header says (see `xray3d.geometry.orientation`), and inverted where it is MONOCHROME1, so that larger always
    means brighter; with a geometry of your own its pixels stay as they are stored.

    Args:
        path: .nrrd, .mha, .nii, .png, .tif or a DICOM XA, RF, DX or CR image.
        geometry: a projection, or a file of it (JSON, P-matrix, DICOM). A P-matrix takes the image's size and, from
            a file that has one, its spacing.
        frame: which frame of a multi-frame image.
        given: what a DICOM header lacks, or has wrong.

    Raises:
        VolumeError: an image that cannot be read or is no single scalar image.
        NoGeometryError: no geometry, or a DICOM header that lacks a field of it.
        GeometryError: one that is wrong or contradicts itself; it names the field or file.
    """
    path = Path(path)
    require_file(path, VolumeError)
    image, from_dicom = _read(path)
    pixels = _one_frame(image, frame, path)
    if geometry is not None:
        return XRayImage(pixels, _passed_geometry(geometry, image, pixels), path.name)
    if from_dicom:
        header = read_dicom_geometry(path, frame, given)
        return XRayImage(header.reorientation.apply(pixels), header.projection, path.name)
    return XRayImage(pixels, _own_geometry(path, image, pixels), path.name)


def _read(path: Path) -> tuple[sitk.Image, bool]:
    if path.is_dir():
        raise VolumeError(f"{path} is a folder; pass the file of one X-ray.")
    if extension(path) in VOLUME_EXTENSIONS:
        check_header(path)
    return read_image(path), extension(path) not in VOLUME_EXTENSIONS and is_dicom(path)


def _one_frame(image: sitk.Image, frame: int, path: Path) -> NDArray[np.float32]:
    pixels = sitk.GetArrayFromImage(image).astype(np.float32)
    if pixels.ndim == 4 and pixels.shape[0] == 1:
        pixels = pixels[0]
    if pixels.ndim == 2:
        pixels = pixels[None]
    if pixels.ndim != 3 or pixels.size == 0:
        raise VolumeError(f"{path} is not one X-ray image (size {image.GetSize()}); export a single image.")
    if not 0 <= frame < len(pixels):
        raise VolumeError(f"{path} has {len(pixels)} frames; there is no frame {frame}.")
    return pixels[frame]


def _passed_geometry(geometry: Projection | str | Path, image: sitk.Image, pixels: NDArray) -> Projection:
    if isinstance(geometry, Projection):
        return geometry
    column_mm, row_mm = image.GetSpacing()[:2]
    known = image.GetDimension() > 2  # a plain picture has no spacing, only a default of 1
    rows, cols = pixels.shape
    return load_geometry(geometry, size_px=(rows, cols), pixel_mm=(row_mm, column_mm) if known else None)


def _own_geometry(path: Path, image: sitk.Image, pixels: NDArray) -> Projection:
    sidecar = with_extension(path, ".json")
    placed = _placed_geometry(path, image, pixels)
    if not sidecar.exists():
        if placed is None:
            raise NoGeometryError(
                f"{path} has no geometry: neither {sidecar.name} beside it nor the attributes {SDD_ATTRIBUTE} and "
                f"{PRINCIPAL_POINT_ATTRIBUTE}; pass geometry=, a JSON or P-matrix file."
            )
        return placed
    projection = load_geometry(sidecar)
    if placed is not None and _apart_mm(projection, placed) > _PLACEMENT_TOLERANCE_MM:
        raise GeometryError(
            f"{path} and {sidecar.name} place the X-ray {_apart_mm(projection, placed):.3g} mm apart; remove the one "
            "that is out of date, or pass geometry=."
        )
    return projection


def _placed_geometry(path: Path, image: sitk.Image, pixels: NDArray) -> Projection | None:
    """Geometry from the placement and attributes; None where the file has no such attributes."""
    if not (image.HasMetaDataKey(SDD_ATTRIBUTE) and image.HasMetaDataKey(PRINCIPAL_POINT_ATTRIBUTE)):
        return None
    try:
        sdd_mm = float(image.GetMetaData(SDD_ATTRIBUTE))
        column, row = (float(n) for n in image.GetMetaData(PRINCIPAL_POINT_ATTRIBUTE).split())
    except ValueError as failure:
        raise GeometryError(
            f"{path}: its attributes {SDD_ATTRIBUTE} and {PRINCIPAL_POINT_ATTRIBUTE} must be one number and two."
        ) from failure
    try:
        rows, cols = pixels.shape
        return projection_from_placement(image_ijk_to_ras(image), sdd_mm, (column, row), (rows, cols))
    except GeometryError as wrong:
        raise GeometryError(f"{path}: {wrong}") from wrong


def _apart_mm(one: Projection, other: Projection) -> float:
    """Largest distance between the corners of the two receptors, or their sources."""
    rows, cols = one.size_px
    corners = np.array([[c, r, 0, 1] for c in (0, cols - 1) for r in (0, rows - 1)]).T
    receptor = np.linalg.norm((one.image_to_ras @ corners - other.image_to_ras @ corners)[:3], axis=0).max()
    return float(max(receptor, np.linalg.norm(one.source_ras - other.source_ras)))
