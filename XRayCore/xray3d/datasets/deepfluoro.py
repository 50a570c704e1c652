"""DeepFluoro: CTs of six cadavers' pelves and 366 fluoroscopies, each with the pose of the pelvis.

Grupp et al., "Automatic annotation of hip anatomy in fluoroscopy for robust and efficient 2D/3D registration",
International Journal of Computer Assisted Radiology and Surgery 15:759, 2020; data at doi.org/10.7281/T1/IFSXNV, the
full-resolution file `ipcai_2020_full_res_data.h5`.

The file's frames: volumes and poses in LPS mm; a camera whose x axis is along the rows of the image, y down its columns
and z towards the source, so that the stored image is the one that somebody facing the source sees. The stored poses
belong to volumes that were sampled half a voxel off; the authors' own later tools shift them back by half a voxel
along each axis, and so does this reader. The images have a dark rim, which is cut off.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray3d.datasets.hdf5_file import matrix, number, open_hdf5
from xray3d.datasets.registration_case import Array, DataSetError, RegistrationCase, StoredImage
from xray3d.volumes import CTVolume, LabelVolume, XRayImage
from xray3d.volumes.frames import ras_from_lps

_RIM_MM = 9.7
_LANDMARK_TOLERANCE_MM = 5.0
_DARKEST = 1 / 65535
_MOVES_BY_ITSELF = "femur"


def load_deepfluoro(path: str | Path, every: int = 1) -> Iterator[RegistrationCase]:
    """The cases of the file, one X-ray each, specimen by specimen; those of one specimen share CT and region.

    The X-rays are line integrals but for a constant, with the patient's head up. The targets are the pelvis's
    anatomical landmarks, the region all bones but the femurs, which had moved between CT and X-rays.

    Args:
        path: the full-resolution HDF5 file.
        every: read only every so-many-th X-ray of each specimen.

    Raises:
        DataSetError: no such file, another or a damaged one, or no h5py to read it with.
    """
    path = Path(path)
    with open_hdf5(path, "full-resolution DeepFluoro") as file:
        camera = file["proj-params"]
        for specimen_name in (name for name in file if name != "proj-params"):
            yield from _cases(specimen_name, file[specimen_name], camera, every)


def _cases(specimen_name: str, specimen: Any, camera: Any, every: int) -> Iterator[RegistrationCase]:
    ct = CTVolume(specimen["vol"]["pixels"][()], _ijk_to_ras(specimen["vol"]), f"DeepFluoro {specimen_name}")
    region = _region(specimen["vol-seg"], specimen_name)
    landmarks = _landmarks(specimen["vol-landmarks"])
    targets = np.array(list(landmarks.values()))
    for name in sorted(specimen["projections"])[::every]:
        projection, case = specimen["projections"][name], f"{specimen_name}/{name}"
        stored = _stored_image(projection, camera, ct)
        _check_landmarks(stored, landmarks, projection["gt-landmarks"], camera, case)
        xray = _oriented(stored, projection, camera, targets.mean(axis=0), case)
        yield RegistrationCase(case, ct, (xray,), (xray.projection,), targets, region)


def _ijk_to_ras(volume: Any) -> Array:
    to_lps = np.eye(4)
    to_lps[:3, :3] = matrix(volume, "dir-mat", (3, 3)) * matrix(volume, "spacing", (3,))
    to_lps[:3, 3] = matrix(volume, "origin", (3,))
    return ras_from_lps(to_lps)


def _landmarks(group: Any) -> dict[str, Array]:
    """Positions (3,) in RAS by name."""
    to_ras = ras_from_lps(np.eye(4))[:3, :3]
    return {name: to_ras @ matrix(group, name, (3,)) for name in group}


def _region(segmentation: Any, specimen_name: str) -> LabelVolume:
    names = {int(label): name.asstr()[()] for label, name in segmentation["labels-def"].items()}
    kept = [label for label, name in names.items() if _MOVES_BY_ITSELF not in name.lower()]
    bones = np.isin(segmentation["image"]["pixels"][()], kept).astype(np.uint8)
    return LabelVolume(bones, _ijk_to_ras(segmentation["image"]), f"DeepFluoro {specimen_name} pelvis")


def _stored_image(projection: Any, camera: Any, ct: CTVolume) -> StoredImage:
    """The image as it is stored, and the projection matrix of the RAS frame of the CT onto it."""
    world_to_ras = ras_from_lps(matrix(projection["gt-poses"], "cam-to-pelvis-vol", (4, 4)))
    half_voxel = np.eye(4)
    half_voxel[:3, 3] = -0.5 * ct.ijk_to_ras[:3, :3].sum(axis=1)
    ras_to_camera = matrix(camera, "extrinsic", (4, 4)) @ np.linalg.inv(half_voxel @ world_to_ras)
    return StoredImage(projection["image"]["pixels"][()], matrix(camera, "intrinsic", (3, 3)) @ ras_to_camera[:3])


def _check_landmarks(stored: StoredImage, landmarks: dict[str, Array], in_image: Any, camera: Any, case: str) -> None:
    """The file says where the landmarks are in the image: a pose that is read wrongly would put them elsewhere."""
    to_mm = [number(camera, "pixel-col-spacing"), number(camera, "pixel-row-spacing")]
    distances = []
    for name in in_image:
        column, row, scale = stored.matrix @ [*landmarks[name], 1.0]
        apart_px = np.array([column, row]) / scale - matrix(in_image, name, (2,))
        distances.append(np.linalg.norm(apart_px * to_mm))
    if not distances or not np.median(distances) < _LANDMARK_TOLERANCE_MM:
        raise DataSetError(f"DeepFluoro {case}: its pose does not project its landmarks to where the image has them.")


def _oriented(stored: StoredImage, projection: Any, camera: Any, visible_ras: Array, case: str) -> XRayImage:
    pixel_mm = (number(camera, "pixel-row-spacing"), number(camera, "pixel-col-spacing"))
    image = stored.as_source_sees_it(visible_ras).without_border(round(_RIM_MM / max(pixel_mm)))
    if number(projection, "rot-180-for-up"):
        image = image.upside_down()
    return image.with_pixels(_line_integrals(image.pixels)).to_xray(pixel_mm, visible_ras, f"DeepFluoro {case}")


def _line_integrals(intensity: NDArray) -> NDArray[np.float32]:
    """Detected intensity, proportional to the exponential of minus the line integral, taken back."""
    share = intensity.astype(np.float32) / np.float32(intensity.max())
    return -np.log(np.maximum(share, np.float32(_DARKEST)))
