"""The one place where LPS (DICOM, SimpleITK) and RAS (everything else here) meet."""

import numpy as np
import SimpleITK as sitk
from numpy.typing import ArrayLike, NDArray

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def ras_from_lps(transform_to_lps: ArrayLike) -> NDArray[np.float64]:
    """A transform (4, 4) that ends in LPS, made to end in RAS (mm)."""
    return _LPS_TO_RAS @ np.asarray(transform_to_lps, float)


def lps_from_ras(transform_to_ras: ArrayLike) -> NDArray[np.float64]:
    """A transform (4, 4) that ends in RAS, made to end in LPS (mm)."""
    return np.linalg.inv(_LPS_TO_RAS) @ np.asarray(transform_to_ras, float)


def image_ijk_to_ras(image: sitk.Image) -> NDArray[np.float64]:
    """IJKToRAS (4, 4) of a 3D SimpleITK image."""
    to_lps = np.eye(4)
    to_lps[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    to_lps[:3, 3] = image.GetOrigin()
    return ras_from_lps(to_lps)


def place_image(image: sitk.Image, ijk_to_ras: ArrayLike) -> None:
    """Give a 3D SimpleITK image the placement of an IJKToRAS (4, 4)."""
    to_lps = lps_from_ras(ijk_to_ras)
    spacing = np.linalg.norm(to_lps[:3, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((to_lps[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(to_lps[:3, 3].tolist())
