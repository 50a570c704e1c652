"""What a volume's header really says, looked at before SimpleITK repairs or refuses it.

SimpleITK silently turns a zero spacing of a NIfTI file into 1 mm, takes the size of voxels from `pixdim` where the
sform says otherwise, drops the sign of a negative spacing and fills a truncated file with zeros; what it refuses, it
refuses in terms of its own source. A patient's geometry is nothing to guess, so these headers are refused here, by
the name of their field.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import VolumeError
from xray3d.files import extension
from xray3d.volumes.nifti import NiftiHeader, has_finite_voxels, is_complete, read_nifti_header


def check_header(path: Path) -> None:
    """VolumeError with one sentence when the header of a NIfTI, NRRD or MetaImage file cannot be trusted."""
    _CHECKS[extension(path)](path)


def _check_nifti(path: Path) -> None:
    header = read_nifti_header(path)
    if min(header.size) < 1:
        raise VolumeError(f"{path} is empty: its field dim gives the size {header.size}; export it again.")
    if len(header.size) > 2:
        _check_spacing(path, "pixdim", header.spacing_mm[:3])
        _check_nifti_placement(path, header)
    if not is_complete(path, header):
        raise VolumeError(f"{path} is truncated (some of its voxels are missing); copy or export it again.")
    if not has_finite_voxels(path, header):
        raise VolumeError(f"{path} has NaN or infinite voxels; replace them (for example by -1000 HU) first.")


def _check_nifti_placement(path: Path, header: NiftiHeader) -> None:
    if header.sform is None:
        if not header.has_qform:
            warnings.warn(
                f"{path} has neither sform nor qform, so which side is the patient's left is a guess.", stacklevel=2
            )
        return
    axes = header.sform[:, :3]
    _check_axes(path, "sform (srow_x, srow_y, srow_z)", axes)
    lengths = np.linalg.norm(axes, axis=0)
    cosines = (axes / lengths).T @ (axes / lengths)
    if not np.allclose(cosines, np.eye(3), atol=1e-3):
        raise VolumeError(
            f"{path} has a sheared sform, which NIfTI readers do not agree on; resample or save it as NRRD."
        )
    if not np.allclose(lengths, header.spacing_mm[:3], rtol=0.01):
        raise VolumeError(
            f"{path} contradicts itself: pixdim gives voxels of {_numbers(header.spacing_mm[:3])} mm and the sform "
            f"of {_numbers(lengths)} mm; correct the wrong one."
        )


def _check_nrrd(path: Path) -> None:
    header = _text_header(path, end="\n\n")
    if "type" not in header:
        raise VolumeError(f"{path} is not a NRRD file or its header is damaged; copy or export it again.")
    for name in ("sizes", "spacings"):
        if name in header:
            # Teem writes NaN for axes that are not spatial, such as a list of components.
            numbers = [float(n) for n in header[name].split() if n.lower() != "nan"]
            _check_spacing(path, name, numbers)
    if "space directions" not in header:
        warnings.warn(f"{path} has no space directions, so which side is the patient's left is a guess.", stacklevel=2)
        return
    vectors = re.findall(r"\(([^)]*)\)", header["space directions"])
    axes = np.array([[_number(n) for n in vector.split(",")] for vector in vectors]).T
    if axes.shape == (3, 3):
        _check_axes(path, "space directions", axes)


def _check_metaimage(path: Path) -> None:
    header = _text_header(path, end="ElementDataFile")
    for name in ("DimSize", "ElementSpacing", "ElementSize"):
        if name in header:
            _check_spacing(path, name, [_number(n) for n in header[name].split()])
    for name in ("TransformMatrix", "Orientation", "Rotation"):
        if name in header:
            numbers = np.array([_number(n) for n in header[name].split()])
            if numbers.size == 9:
                _check_axes(path, name, numbers.reshape(3, 3))


def _text_header(path: Path, end: str) -> dict[str, str]:
    with path.open("rb") as file:
        text = file.read(1 << 16).decode("latin-1").replace("\r\n", "\n").split(end, 1)[0]
    pairs = (re.split(r":=|[:=]", line, maxsplit=1) for line in text.splitlines() if not line.startswith("#"))
    return {pair[0].strip(): pair[1].strip() for pair in pairs if len(pair) == 2}


def _check_spacing(path: Path, field: str, values: NDArray | list[float]) -> None:
    if not np.isfinite(values).all():
        raise VolumeError(f"{path}: its field {field} is not finite ({_numbers(values)}); correct the header.")
    if np.min(values, initial=np.inf) <= 0:
        sign = "negative" if np.min(values) < 0 else "zero"
        raise VolumeError(f"{path}: its field {field} has a {sign} value ({_numbers(values)}); correct the header.")


def _check_axes(path: Path, field: str, axes: NDArray[np.float64]) -> None:
    if not np.isfinite(axes).all():
        raise VolumeError(f"{path}: its field {field} is not finite; correct the header.")
    lengths = np.linalg.norm(axes, axis=0)
    if lengths.min() <= 0:
        raise VolumeError(f"{path}: its field {field} has an axis of zero length, a zero spacing; correct the header.")
    if abs(np.linalg.det(axes / lengths)) < 1e-3:
        raise VolumeError(f"{path}: its field {field} is a singular direction matrix; correct the header.")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _numbers(values: NDArray | list[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


_CHECKS: dict[str, Callable[[Path], None]] = {
    ".nii": _check_nifti,
    ".nii.gz": _check_nifti,
    ".nrrd": _check_nrrd,
    ".nhdr": _check_nrrd,
    ".mha": _check_metaimage,
    ".mhd": _check_metaimage,
}

VOLUME_EXTENSIONS = tuple(_CHECKS)
