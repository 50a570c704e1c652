"""One case of a registration data set: a CT, X-rays of the same patient, and where they truly belong."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import XRay3DError
from xray3d.geometry import Projection, projection_from_matrix
from xray3d.volumes import CTVolume, LabelVolume, XRayImage

Array = NDArray[np.float64]


class DataSetError(XRay3DError):
    """A data set that is not there, is damaged, or is not what it should be."""


@dataclass(frozen=True, eq=False)
class RegistrationCase:
    """A patient with a known registration.

    Attributes:
        name: what tables and messages call the case.
        ct: the patient.
        xrays: what is to be registered, together; each as its source sees it, larger where more is absorbed.
        truth: the true projection of each X-ray, in the CT's frame.
        targets_ras: (n, 3) mm, points of the anatomy for the target registration error.
        region: the bones that move with the targets; None where all of the CT does.

    Raises:
        DataSetError: these do not fit together.
    """

    name: str
    ct: CTVolume
    xrays: tuple[XRayImage, ...]
    truth: tuple[Projection, ...]
    targets_ras: Array
    region: LabelVolume | None = None

    def __post_init__(self) -> None:
        if not self.xrays or len(self.xrays) != len(self.truth):
            raise DataSetError(f"{self.name} has {len(self.xrays)} X-rays and {len(self.truth)} true projections.")
        targets = np.asarray(self.targets_ras, float)
        if targets.ndim != 2 or targets.shape[1:] != (3,) or not len(targets) or not np.isfinite(targets).all():
            raise DataSetError(f"{self.name} has no targets, or some that are no positions (n, 3) in mm.")
        index = self.ct.to_ijk(targets)
        inside = ((index >= -1) & (index <= self.ct.size_ijk)).all(axis=1)
        if inside.mean() < 0.5:
            raise DataSetError(f"{self.name}: most of its targets lie outside its CT; their frames do not agree.")
        object.__setattr__(self, "targets_ras", targets)


@dataclass(frozen=True, eq=False)
class StoredImage:
    """An X-ray as a file has it, and the matrix that says where in it points of the patient are.

    Attributes:
        pixels: (rows, columns).
        matrix: (3, 4) of any scale and sign, homogeneous RAS (mm) to homogeneous (column, row).
    """

    pixels: NDArray
    matrix: Array

    def as_source_sees_it(self, visible_ras: Array) -> StoredImage:
        """Its columns reversed where it is the picture that one facing the source sees.

        Args:
            visible_ras: a point (3,) mm between source and receptor.
        """
        depth = self.matrix[2] @ [*visible_ras, 1.0]
        mirrored = np.linalg.det(self.matrix[:, :3] * np.sign(depth)) < 0
        if not mirrored:
            return self
        to_new = np.array([[-1.0, 0, self.pixels.shape[1] - 1], [0, 1, 0], [0, 0, 1]])
        return StoredImage(self.pixels[:, ::-1], to_new @ self.matrix)

    def upside_down(self) -> StoredImage:
        """Turned by half a turn."""
        rows, cols = self.pixels.shape
        to_new = np.array([[-1.0, 0, cols - 1], [0, -1, rows - 1], [0, 0, 1]])
        return StoredImage(self.pixels[::-1, ::-1], to_new @ self.matrix)

    def without_border(self, width_px: int) -> StoredImage:
        """Without so many pixels on each of its four sides."""
        rows, cols = self.pixels.shape
        kept = self.pixels[width_px : rows - width_px, width_px : cols - width_px]
        to_new = np.array([[1.0, 0, -width_px], [0, 1, -width_px], [0, 0, 1]])
        return StoredImage(kept, to_new @ self.matrix)

    def with_pixels(self, pixels: NDArray) -> StoredImage:
        """Other pixels in the same place."""
        return replace(self, pixels=pixels)

    def to_xray(self, pixel_mm: tuple[float, float], visible_ras: Array, name: str) -> XRayImage:
        """The X-ray with its geometry; see `projection_from_matrix` for arguments and errors."""
        rows, cols = self.pixels.shape
        projection = projection_from_matrix(self.matrix, (rows, cols), pixel_mm, visible_ras)
        return XRayImage(self.pixels, projection, name)
