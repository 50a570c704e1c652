"""The header fields of a NIfTI-1 or NIfTI-2 file that fix its geometry and its length.

Field offsets: NIfTI-1 data format (NIMH, 2003) and NIfTI-2 (2011).
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import VolumeError

# Data type codes of the format.
_FLOAT_TYPES = {16: "f4", 64: "f8"}
_CHUNK_BYTES = 1 << 24


@dataclass(frozen=True)
class NiftiHeader:
    """Geometry of a NIfTI file.

    Attributes:
        size: voxels along each dimension.
        spacing_mm: voxel spacing along each dimension as `pixdim` has it, unchecked.
        sform: (3, 4) index to RAS, or None where there is none or it leads to an atlas instead of the scanner.
        has_qform: whether `qform_code` says there is one.
        offset_bytes: where the voxels begin, uncompressed.
        length_bytes: header and voxels together, uncompressed.
        float_type: how the voxels are stored where they are floating-point numbers, else None.
    """

    size: tuple[int, ...]
    spacing_mm: NDArray[np.float64]
    sform: NDArray[np.float64] | None
    has_qform: bool
    offset_bytes: int
    length_bytes: int
    float_type: np.dtype | None


def read_nifti_header(path: Path) -> NiftiHeader:
    """Header of a .nii or .nii.gz file; VolumeError where it is not one."""
    raw = _read_start(path)
    for order in "<>":
        if len(raw) >= 540 and struct.unpack_from(order + "i", raw)[0] == 540:
            dim, codes = struct.unpack_from(order + "8q", raw, 16), struct.unpack_from(order + "2i", raw, 344)
            spacing, sform = struct.unpack_from(order + "8d", raw, 104), struct.unpack_from(order + "12d", raw, 400)
            code, bits = struct.unpack_from(order + "2h", raw, 12)
            offset = struct.unpack_from(order + "q", raw, 168)[0]
            break
        if len(raw) >= 348 and struct.unpack_from(order + "i", raw)[0] == 348:
            dim, codes = struct.unpack_from(order + "8h", raw, 40), struct.unpack_from(order + "2h", raw, 252)
            spacing, sform = struct.unpack_from(order + "8f", raw, 76), struct.unpack_from(order + "12f", raw, 280)
            code, bits = struct.unpack_from(order + "2h", raw, 70)
            offset = struct.unpack_from(order + "f", raw, 108)[0]
            break
    else:
        raise VolumeError(f"{path} is not a NIfTI file or its header is damaged; copy or export it again.")
    if not 1 <= dim[0] <= 7:
        raise VolumeError(f"{path}: its field dim gives {dim[0]} dimensions; correct the header or export it again.")
    size = tuple(dim[1 : dim[0] + 1])
    voxel_bytes = int(np.prod(size, dtype=np.int64)) * bits // 8
    qform_code, sform_code = codes
    return NiftiHeader(
        size=size,
        spacing_mm=np.array(spacing[1 : dim[0] + 1], float),
        sform=None if sform_code == 0 or (sform_code > 2 and qform_code > 0) else np.reshape(sform, (3, 4)),
        has_qform=qform_code > 0,
        offset_bytes=int(offset),
        length_bytes=int(offset) + voxel_bytes,
        float_type=np.dtype(order + _FLOAT_TYPES[code]) if code in _FLOAT_TYPES else None,
    )


def is_complete(path: Path, header: NiftiHeader) -> bool:
    """Whether all of the voxels that the header announces are in the file."""
    if not _is_gzip(path):
        return path.stat().st_size >= header.length_bytes
    with path.open("rb") as file:
        file.seek(-4, 2)
        last_member_bytes = struct.unpack("<I", file.read(4))[0]  # uncompressed, modulo 2³²
    return last_member_bytes == header.length_bytes % 2**32 or _holds(path, header.length_bytes)


def has_finite_voxels(path: Path, header: NiftiHeader) -> bool:
    """Whether no voxel of a complete file is NaN or infinite.

    Read from the file itself, because the NIfTI library behind SimpleITK turns such voxels into zeros: into water.
    """
    if header.float_type is None:
        return True
    with gzip.open(path) if _is_gzip(path) else path.open("rb") as file:
        file.seek(header.offset_bytes)
        left = header.length_bytes - header.offset_bytes
        while left > 0 and (chunk := file.read(min(_CHUNK_BYTES, left))):
            if not np.isfinite(np.frombuffer(chunk, header.float_type)).all():
                return False
            left -= len(chunk)
    return True


def _holds(path: Path, length_bytes: int) -> bool:
    """Whether a gzip file of several members, or with something after the voxels, can be read that far."""
    read = 0
    try:
        with gzip.open(path) as file:
            while read < length_bytes and (chunk := file.read(_CHUNK_BYTES)):
                read += len(chunk)
    except (EOFError, OSError, zlib.error):
        return False
    return read >= length_bytes


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _read_start(path: Path) -> bytes:
    """The bytes that hold the header, uncompressed."""
    try:
        with gzip.open(path) if _is_gzip(path) else path.open("rb") as file:
            return file.read(540)
    except (EOFError, OSError, zlib.error) as damage:
        raise VolumeError(f"{path} is a damaged gzip file; copy or export it again.") from damage
