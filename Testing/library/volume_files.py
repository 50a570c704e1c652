"""Volumes with known values, and NIfTI, NRRD and MetaImage files with headers of any kind, made for the tests."""

import struct
from pathlib import Path

import numpy as np

SIZE_IJK = (5, 6, 7)


def patient_like(seed: int = 0, shape: tuple[int, int, int] = (14, 12, 10)) -> np.ndarray:
    """HU (K, J, I) of whole numbers: air, and a box of noisy tissue with bone in it."""
    rng = np.random.default_rng(seed)
    hu = np.full(shape, -1000.0)
    body = tuple(slice(2, n - 2) for n in shape)
    hu[body] = rng.normal(40, 60, hu[body].shape)
    bone = tuple(slice(n // 2 - 1, n // 2 + 1) for n in shape)
    hu[bone] = 700
    return np.rint(hu).astype(np.float32)


def voxel_bytes() -> bytes:
    """Float32 voxels for `SIZE_IJK`, of plausible HU."""
    return np.random.default_rng(0).normal(-100, 300, SIZE_IJK).astype("<f4").tobytes()


def write_nifti(
    path: Path, dim=(3, *SIZE_IJK), pixdim=(1, 1, 1), sform=None, qform_code=0, datatype=(16, 32), data=None
) -> Path:
    """A NIfTI-1 file, header field by header field."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into(f"<{len(dim)}h", header, 40, *dim)
    struct.pack_into("<2h", header, 70, *datatype)
    struct.pack_into(f"<{len(pixdim) + 1}f", header, 76, 1, *pixdim)
    struct.pack_into("<2f", header, 108, 352, 1)
    header[123] = 2  # millimetres
    sform_rows = np.eye(3, 4) if sform is None else np.asarray(sform, float)
    struct.pack_into("<2h", header, 252, qform_code, int(sform_rows.size > 0))
    if sform_rows.size:
        struct.pack_into("<12f", header, 280, *sform_rows.ravel())
    header[344:348] = b"n+1\0"
    path.write_bytes(bytes(header) + (voxel_bytes() if data is None else data))
    return path


def write_nrrd(
    path: Path, directions="(1,0,0) (0,1,0) (0,0,1)", sizes="5 6 7", dimension=3, more="", data=None
) -> Path:
    """A NRRD file; without directions where these are empty."""
    space = (
        f"space: right-anterior-superior\nspace directions: {directions}\nspace origin: (0,0,0)\n" if directions else ""
    )
    header = (
        f"NRRD0004\ntype: float\ndimension: {dimension}\nsizes: {sizes}\n{space}{more}encoding: raw\nendian: little\n\n"
    )
    path.write_bytes(header.encode() + (voxel_bytes() if data is None else data))
    return path


def write_mha(path: Path, matrix="1 0 0 0 1 0 0 0 1", spacing="1 1 1", size="5 6 7", data=None) -> Path:
    """A MetaImage file."""
    header = (
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\n"
        f"TransformMatrix = {matrix}\nOffset = 0 0 0\nElementSpacing = {spacing}\nDimSize = {size}\n"
        "ElementType = MET_FLOAT\nElementDataFile = LOCAL\n"
    )
    path.write_bytes(header.encode() + (voxel_bytes() if data is None else data))
    return path
