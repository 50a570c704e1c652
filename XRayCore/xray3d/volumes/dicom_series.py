"""A CT series in DICOM: which files, in which order, on which grid.

The grid follows from the position and orientation of every slice (DICOM PS3.3, Image Plane module); SimpleITK only
decodes the pixels and applies the rescale.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError

from xray3d.errors import VolumeError
from xray3d.volumes.frames import ras_from_lps

_TAGS = [
    "SeriesInstanceUID",
    "SeriesDescription",
    "Modality",
    "ImageType",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "SamplesPerPixel",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "RescaleIntercept",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
]


@dataclass(frozen=True)
class Slice:
    """One slice of a series, LPS mm: its file, its frame there, and its plane."""

    path: Path
    frame: int
    size_px: tuple[int, int]
    position: NDArray[np.float64]
    row_direction: NDArray[np.float64]
    column_direction: NDArray[np.float64]
    spacing_mm: tuple[float, float]


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM."""
    return _header(path) is not None


def _header(path: Path) -> pydicom.Dataset | None:
    try:
        return pydicom.dcmread(path, specific_tags=list(_TAGS), stop_before_pixels=True)
    except (InvalidDicomError, OSError):
        return None


def read_dicom_series(
    path: Path, series_uid: str | None, modality: str
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Voxels (K, J, I), rescaled, and IJKToRAS (4, 4) of a series.

    Args:
        path: a folder that holds the series, or one of its files.
        series_uid: which series, where the folder holds several.
        modality: what the series has to be, for example "CT".
    """
    name = str(path)
    headers = _series_headers(path, series_uid)
    found = str(headers[0][1].get("Modality", "unknown"))
    if found != modality:
        raise VolumeError(f"{name} is of Modality {found}; pass a {modality} series.")
    slices = [one for file, header in headers for one in _slices(file, header)]
    normal = np.cross(slices[0].row_direction, slices[0].column_direction)
    slices.sort(key=lambda one: float(one.position @ normal))
    step = _checked_step(slices, normal, name)
    first = slices[0]
    to_lps = np.eye(4)
    to_lps[:3, 0] = first.row_direction * first.spacing_mm[1]
    to_lps[:3, 1] = first.column_direction * first.spacing_mm[0]
    to_lps[:3, 2] = step
    to_lps[:3, 3] = first.position
    return _pixels(slices, name), ras_from_lps(to_lps)


def _series_headers(path: Path, series_uid: str | None) -> list[tuple[Path, pydicom.Dataset]]:
    """Files and headers of the one series that is meant; localizers are left out."""
    folder = path if path.is_dir() else path.parent
    series: dict[str, list[tuple[Path, pydicom.Dataset]]] = defaultdict(list)
    for file in sorted(folder.iterdir()):
        header = _header(file) if file.is_file() else None
        if header is not None and "Rows" in header and "LOCALIZER" not in header.get("ImageType", []):
            series[str(header.get("SeriesInstanceUID", ""))].append((file, header))
    if path.is_file() and series_uid is None:
        series_uid = next((uid for uid, files in series.items() if path in dict(files)), None)
    if not series:
        raise VolumeError(f"{folder} holds no DICOM images; pass the folder that holds the slices of one series.")
    if series_uid is None and len(series) == 1:
        return next(iter(series.values()))
    if series_uid in series:
        return series[str(series_uid)]
    listed = "; ".join(f"{uid} ({_described(files)})" for uid, files in series.items())
    if series_uid is None:
        raise VolumeError(f"{folder} holds {len(series)} series, choose one by its series_uid: {listed}.")
    raise VolumeError(f"{folder} holds no series {series_uid}, only: {listed}.")


def _described(files: list[tuple[Path, pydicom.Dataset]]) -> str:
    header = files[0][1]
    return f"{header.get('Modality', '')} {header.get('SeriesDescription', '')}, {len(files)} files".strip()


def _slices(path: Path, header: pydicom.Dataset) -> list[Slice]:
    return [_slice(path, header, frame) for frame in range(int(header.get("NumberOfFrames") or 1))]


def _slice(path: Path, header: pydicom.Dataset, frame: int) -> Slice:
    if int(header.get("SamplesPerPixel", 1)) != 1:
        raise VolumeError(f"{path} is a colour image (SamplesPerPixel); pass the series of the CT itself.")
    position = _values(path, header, frame, "ImagePositionPatient", "PlanePositionSequence", 3)
    orientation = _values(path, header, frame, "ImageOrientationPatient", "PlaneOrientationSequence", 6)
    spacing = _values(path, header, frame, "PixelSpacing", "PixelMeasuresSequence", 2)
    if spacing.min() <= 0:
        raise VolumeError(f"{path}: its field PixelSpacing has a zero or negative value; correct the header.")
    row, column = orientation[:3], orientation[3:]
    if not np.allclose([row @ row, column @ column, row @ column], [1, 1, 0], atol=1e-3):
        raise VolumeError(f"{path}: its field ImageOrientationPatient is not two perpendicular directions; correct it.")
    size_px = (int(header.Rows), int(header.Columns))
    return Slice(path, frame, size_px, position, row, column, (float(spacing[0]), float(spacing[1])))


def _values(
    path: Path, header: pydicom.Dataset, frame: int, keyword: str, macro: str, count: int
) -> NDArray[np.float64]:
    """A field of a slice, from the header or, in an enhanced CT, from its functional groups."""
    places = [header]
    for groups, item in (("PerFrameFunctionalGroupsSequence", frame), ("SharedFunctionalGroupsSequence", 0)):
        if header.get(groups) and item < len(header[groups].value):
            places += list(header[groups].value[item].get(macro) or [])
    found = [place.get(keyword) for place in places if place.get(keyword) is not None]
    values = np.array(found[0] if found else [], float)
    if values.shape != (count,) or not np.isfinite(values).all():
        raise VolumeError(f"{path} has no usable {keyword}; pass a series of cross-sections, each with its position.")
    return values


def _checked_step(slices: list[Slice], normal: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """From one slice to the next (3,), LPS mm; VolumeError where that is not the same all the way."""
    if len(slices) < 2:
        raise VolumeError(f"{name} holds a single slice; pass the folder with the whole series.")
    first = slices[0]
    for one in slices:
        same_plane = np.allclose(
            [one.row_direction, one.column_direction], [first.row_direction, first.column_direction], atol=1e-3
        )
        if (
            not same_plane
            or one.size_px != first.size_px
            or not np.allclose(one.spacing_mm, first.spacing_mm, rtol=1e-3)
        ):
            raise VolumeError(f"{one.path} differs from its series in orientation, size or PixelSpacing; leave it out.")
    positions = np.array([one.position for one in slices])
    gaps_mm = np.diff(positions @ normal)
    usual_mm = float(np.median(gaps_mm))
    if gaps_mm.min() < 0.01:
        twice = slices[int(gaps_mm.argmin()) + 1].path
        raise VolumeError(
            f"{name} has several slices at the position of {twice.name}; keep one phase or reconstruction."
        )
    if np.abs(gaps_mm - usual_mm).max() > max(0.02 * usual_mm, 0.02):
        before = slices[int(np.abs(gaps_mm - usual_mm).argmax())].path
        raise VolumeError(
            f"{name} has slices missing or unevenly spaced ({gaps_mm.max():.2f} mm instead of {usual_mm:.2f} mm "
            f"after {before.name}); complete the series or resample it."
        )
    step = (positions[-1] - positions[0]) / (len(slices) - 1)
    tilt_deg = np.rad2deg(np.arccos(np.clip(step @ normal / np.linalg.norm(step), -1, 1)))
    if tilt_deg > 0.1:
        raise VolumeError(
            f"{name} was scanned with a gantry tilt of {tilt_deg:.1f} degrees; resample it upright first."
        )
    return step


def _pixels(slices: list[Slice], name: str) -> NDArray[np.float32]:
    """Rescaled pixels (K, J, I): one read for a stack of single frames, else frame by frame."""
    paths = list(dict.fromkeys(str(one.path) for one in slices))
    try:
        if len(paths) == len(slices):
            reader = sitk.ImageSeriesReader()
            reader.SetFileNames(paths)
            reader.SetOutputPixelType(sitk.sitkFloat32)
            return sitk.GetArrayFromImage(reader.Execute())
        frames = {path: sitk.GetArrayFromImage(sitk.ReadImage(path, sitk.sitkFloat32)) for path in paths}
    except RuntimeError as failure:
        raise VolumeError(
            f"{name}: the pixels of this DICOM series cannot be decoded; export it uncompressed."
        ) from failure
    return np.stack([frames[str(one.path)][one.frame] for one in slices])
