"""The C-arm: DICOM positioner angles to a camera pose.

DICOM PS3.3 (X-Ray Positioner module) gives the position of the image receptor about the patient: the primary angle
is measured in the transaxial plane from the patient's front (0) towards the left hand side (LAO, positive) or the
right (RAO, negative); the secondary angle from there towards the head (CRA, positive) or the feet (CAU, negative).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xray3d.errors import GeometryError

ANTERIOR_RAS = np.array([0.0, 1.0, 0.0])


def receptor_direction_ras(primary_deg: float, secondary_deg: float) -> NDArray[np.float64]:
    """Unit vector (3,) in RAS from the isocentre towards the image receptor."""
    primary, secondary = np.deg2rad([primary_deg, secondary_deg])
    to_left = np.sin(primary) * np.cos(secondary)
    to_front = np.cos(primary) * np.cos(secondary)
    return np.array([-to_left, to_front, np.sin(secondary)])


def carm_angles_deg(viewing_direction_ras: ArrayLike) -> tuple[float, float]:
    """Primary and secondary angle of a viewing direction (3,) from source to receptor; inverse of the above."""
    x, y, z = np.asarray(viewing_direction_ras, float) / np.linalg.norm(viewing_direction_ras)
    return float(np.rad2deg(np.arctan2(-x, y))), float(np.rad2deg(np.arcsin(np.clip(z, -1.0, 1.0))))


def carm_extrinsic(
    primary_deg: float, secondary_deg: float, isocenter_ras: ArrayLike, sod_mm: float
) -> NDArray[np.float64]:
    """RAS-to-camera transform (4, 4) of a C-arm whose source is `sod_mm` from the isocentre.

    The camera is OpenCV's: z from source to receptor, y down the image. "Down" is the receptor's tangent towards the
    feet, as if the arm had first been tilted by the secondary angle and then turned about the patient's long axis by
    the primary one; so the image never rolls, not even at a secondary angle of 90 degrees.
    """
    angles = np.array([primary_deg, secondary_deg, sod_mm], float)
    isocenter = np.asarray(isocenter_ras, float)
    if not np.isfinite(angles).all() or isocenter.shape != (3,) or not np.isfinite(isocenter).all():
        raise GeometryError("C-arm angles, distances and the isocentre (three coordinates) must be finite numbers.")
    primary, secondary = np.deg2rad([primary_deg, secondary_deg])
    forward = receptor_direction_ras(primary_deg, secondary_deg)
    towards_feet = np.array(
        [-np.sin(primary) * np.sin(secondary), np.cos(primary) * np.sin(secondary), -np.cos(secondary)]
    )
    right = np.cross(towards_feet, forward)
    rotation = np.stack([right, towards_feet, forward])
    source = isocenter - sod_mm * forward
    extrinsic = np.eye(4)
    extrinsic[:3, :3] = rotation
    extrinsic[:3, 3] = -rotation @ source
    return extrinsic
