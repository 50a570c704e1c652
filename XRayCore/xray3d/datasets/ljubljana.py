"""Ljubljana: 3D angiographies of ten patients and two subtraction angiograms of each, with marker-based registrations.

Mitrović, Špiclin, Likar and Pernuš, "3D-2D registration of cerebral angiograms: a method and evaluation on clinical
images", IEEE Transactions on Medical Imaging 32:1550, 2013; data at lit.fe.uni-lj.si (3D-2D-GS-CA). Read here is
`ljubljana.h5`, their repackaging for DiffDRR (Gopalakrishnan et al.).

The file's frames: volumes as [x, y, z] with origin and spacing; projections from that world (mm) to a camera whose z
axis points towards the source, so that the stored image is the one that somebody facing the source sees. Its volumes
were seen stored against their x axis; on which voxels the centre lines of the vessels lie decides it. The axes of the
world are taken for R, A and S.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xray3d.datasets.hdf5_file import matrix, number, open_hdf5
from xray3d.datasets.registration_case import Array, DataSetError, RegistrationCase, StoredImage
from xray3d.volumes import CTVolume, XRayImage

View = Literal["ap", "lat"]

_VESSEL_FROM = 1000.0
_AIR_HU = -1000.0


def load_ljubljana(path: str | Path, together: bool = True) -> Iterator[RegistrationCase]:
    """The cases of the file, patient by patient.

    The X-rays show by how much each pixel is darker than the background, that is, the contrast agent alone, and the
    CT likewise attenuates only in the vessels, in proportion to the stored values. The targets are points on the
    vessels' centre lines.

    Args:
        path: the HDF5 file.
        together: both X-rays of a patient in one case; else each in a case of its own.

    Raises:
        DataSetError: no such file, another or a damaged one, or no h5py to read it with.
    """
    path = Path(path)
    views: tuple[View, View] = ("ap", "lat")
    with open_hdf5(path, "Ljubljana (ljubljana.h5)") as file:
        if not len(file):
            raise DataSetError(f"{path} holds no patients; download it again.")
        for name in sorted(file):
            patient = file[name]
            targets = np.asarray(patient["points"][()], float).reshape(-1, 3)
            ct = _ct(patient["volume"], targets, name)
            xrays = [_xray(patient[f"proj-{view}"], targets.mean(axis=0), f"{name}/{view}") for view in views]
            for group in [xrays] if together else [[xray] for xray in xrays]:
                case = name if together else group[0].name
                yield RegistrationCase(case, ct, tuple(group), tuple(x.projection for x in group), targets)


def _ct(volume: Any, points: Array, name: str) -> CTVolume:
    """The vessels as a CT, attenuating in proportion to the stored value; everything fainter is air."""
    stored = np.ascontiguousarray(volume["pixels"][()].T, np.float32)
    hu = np.where(stored < _VESSEL_FROM, np.float32(_AIR_HU), stored + np.float32(_AIR_HU))
    ct = CTVolume(hu, _ijk_to_ras(volume, hu.shape[2], against_x=True), f"Ljubljana {name}")
    other = replace(ct, ijk_to_ras=_ijk_to_ras(volume, hu.shape[2], against_x=False))
    on_vessels, on_vessels_otherwise = _share_on_vessels(ct, points), _share_on_vessels(other, points)
    if max(on_vessels, on_vessels_otherwise) == 0:
        raise DataSetError(f"Ljubljana {name}: none of its points lies on a vessel of its volume.")
    return ct if on_vessels >= on_vessels_otherwise else other


def _ijk_to_ras(volume: Any, size_x: int, against_x: bool) -> Array:
    spacing, origin = matrix(volume, "spacing", (3,)), matrix(volume, "origin", (3,))
    to_ras = np.diag([*spacing, 1.0])
    to_ras[:3, 3] = origin
    if against_x:
        to_ras[0, 0], to_ras[0, 3] = -spacing[0], origin[0] + spacing[0] * (size_x - 1)
    return to_ras


def _share_on_vessels(ct: CTVolume, points: Array) -> float:
    i, j, k = np.rint(ct.to_ijk(points)).astype(int).T
    inside = ((i >= 0) & (j >= 0) & (k >= 0)) & ((i < ct.size_ijk[0]) & (j < ct.size_ijk[1]) & (k < ct.size_ijk[2]))
    return float((ct.hu[k[inside], j[inside], i[inside]] > _AIR_HU).sum() / len(points))


def _xray(projection: Any, visible_ras: Array, name: str) -> XRayImage:
    world_to_camera = matrix(projection, "extrinsic", (4, 4))
    to_image = matrix(projection, "intrinsic", (3, 3)) @ world_to_camera[:3]
    image = StoredImage(projection["pixels"][()], to_image).as_source_sees_it(visible_ras)
    pixel_mm = (number(projection, "row-spacing"), number(projection, "col-spacing"))
    return image.with_pixels(_contrast(image.pixels)).to_xray(pixel_mm, visible_ras, name)


def _contrast(pixels: NDArray) -> NDArray[np.float32]:
    """How much darker than the background each pixel is; what is brighter is the trace of a motion."""
    background = np.median(pixels)
    return np.maximum(background - pixels.astype(np.float32), 0).astype(np.float32)
