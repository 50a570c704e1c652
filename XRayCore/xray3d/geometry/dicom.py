"""DICOM headers of XA, RF, DX and CR images, plain and enhanced, to geometry."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import ArrayLike

from xray3d.errors import GeometryError
from xray3d.geometry.carm import carm_extrinsic
from xray3d.geometry.header import XRayHeader, described
from xray3d.geometry.orientation import Reorientation, reorientation_to_source
from xray3d.geometry.projection import Projection

MODALITIES = ("XA", "RF", "DX", "CR")

_PRIMARY_OF_VIEW_DEG = {"PA": 0.0, "LL": 90.0, "AP": 180.0, "RL": -90.0}
"""Receptor position of a View Position (0018,5101): PA has it in front, LL at the patient's left."""


@dataclass(frozen=True)
class GivenGeometry:
    """What is known otherwise than from the header; each value stands in for, or overrules, its field.

    Attributes:
        sdd_mm: source to detector.
        sod_mm: source to isocentre.
        primary_deg: RAO negative, LAO positive.
        secondary_deg: CAU negative, CRA positive.
        pixel_mm: (row, column) spacing of the stored image on the receptor.
        patient_orientation: letters of the directions along a row and down a column of the stored image.
        isocenter_ras: (3,) mm; no header tells where the isocentre is in a CT.
    """

    sdd_mm: float | None = None
    sod_mm: float | None = None
    primary_deg: float | None = None
    secondary_deg: float | None = None
    pixel_mm: tuple[float, float] | None = None
    patient_orientation: tuple[str, str] | None = None
    isocenter_ras: ArrayLike = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class DicomGeometry:
    """Geometry of a DICOM X-ray, and how to turn its stored pixels so that they agree with it."""

    projection: Projection
    reorientation: Reorientation


def read_dicom_geometry(path: str | Path, frame: int = 0, given: GivenGeometry | None = None) -> DicomGeometry:
    """Geometry of one frame of a DICOM X-ray file; see `geometry_of_header`."""
    return geometry_of_header(XRayHeader.read(Path(path), frame), given or GivenGeometry())


def dicom_geometry(
    dataset: pydicom.Dataset, frame: int = 0, given: GivenGeometry | None = None, name: str = "DICOM header"
) -> DicomGeometry:
    """Geometry of one frame of a pydicom dataset; see `geometry_of_header`."""
    return geometry_of_header(XRayHeader(dataset, frame, name), given or GivenGeometry())


def geometry_of_header(header: XRayHeader, given: GivenGeometry) -> DicomGeometry:
    """Projection of a C-arm or bucky from its header, about an isocentre in RAS.

    The central ray is taken to meet the centre of the image. Positioner angles, distances and spacings follow DICOM
    PS3.3: X-Ray Positioner (C.8.7.5), X-Ray Acquisition (C.8.7.2), DX Positioning (C.8.11.5), Enhanced XA (C.8.19).

    Raises:
        GeometryError: one sentence that names the field that is missing or wrong and the argument to pass instead.
    """
    modality = str(header.value("Modality") or "unknown")
    if modality not in MODALITIES:
        raise GeometryError(f"{header.name} is of Modality {modality}; pass an X-ray of {', '.join(MODALITIES)}.")
    sdd_mm, sod_mm = _distances_mm(header, given)
    primary_deg, secondary_deg = _angles_deg(header, given)
    size_px = (int(_required(header, "Rows")), int(_required(header, "Columns")))
    pixel_mm = _receptor_pixel_mm(header, given, sdd_mm / sod_mm)
    extrinsic = carm_extrinsic(primary_deg, secondary_deg, given.isocenter_ras, sod_mm)
    orientation = _patient_orientation(header, given)
    if orientation is None:
        turn = _usual_reorientation(header, primary_deg)
    else:
        turn = reorientation_to_source(orientation, extrinsic, header.name)
    projection = Projection.from_carm(
        primary_deg, secondary_deg, given.isocenter_ras, sdd_mm, sod_mm,
        turn.apply_to_pair(size_px), turn.apply_to_pair(pixel_mm),
    )  # fmt: skip
    return DicomGeometry(projection, turn)


def _distances_mm(header: XRayHeader, given: GivenGeometry) -> tuple[float, float]:
    """Source to detector and source to isocentre; where one is missing, it follows from the magnification."""
    sod_fields = ("DistanceSourceToIsocenter", "DistanceSourceToPatient")
    magnification = header.distance_mm("EstimatedRadiographicMagnificationFactor")
    sdd_mm = given.sdd_mm or header.distance_mm("DistanceSourceToDetector")
    sod_mm = given.sod_mm or header.distance_mm(*sod_fields)
    if sdd_mm is None and sod_mm and magnification:
        sdd_mm = sod_mm * magnification
    if sdd_mm is None:
        raise header.missing(("DistanceSourceToDetector",), "sdd_mm", "the source to detector distance in mm")
    if sod_mm is None and magnification:
        sod_mm = sdd_mm / magnification
    if sod_mm is None:
        fields = (*sod_fields, "EstimatedRadiographicMagnificationFactor")
        raise header.missing(fields, "sod_mm", "the source to isocentre distance in mm")
    if not 0 < sod_mm < sdd_mm:
        raise GeometryError(
            f"{header.name}: its isocentre is not between source and detector (source to isocentre {sod_mm:g} mm, "
            f"DistanceSourceToDetector (0018,1110) {sdd_mm:g} mm); pass both in GivenGeometry."
        )
    return sdd_mm, sod_mm


def _angles_deg(header: XRayHeader, given: GivenGeometry) -> tuple[float, float]:
    """Primary and secondary angle of the frame; without them, those of the View Position, and no tilt."""
    primary = given.primary_deg
    if primary is None:
        primary = _frame_angle_deg(header, "PositionerPrimaryAngle")
    if primary is None:
        view = str(header.value("ViewPosition") or "").strip().upper()
        primary = _PRIMARY_OF_VIEW_DEG.get(view)
    if primary is None:
        raise header.missing(
            ("PositionerPrimaryAngle", "ViewPosition"),
            "primary_deg",
            "RAO negative and LAO positive; only the views AP, PA, LL and RL say it by themselves",
        )
    secondary = given.secondary_deg
    if secondary is None:
        secondary = _frame_angle_deg(header, "PositionerSecondaryAngle")
    return primary, secondary or 0.0


def _frame_angle_deg(header: XRayHeader, keyword: str) -> float | None:
    """Angle of the frame: that of the first and its increment, one per frame or the same for each (C.8.7.5.1.3)."""
    angle = header.number(keyword)
    increments = header.numbers(f"{keyword}Increment")
    if angle is None or increments is None:
        return angle
    if increments.size == 1:
        return angle + header.frame * float(increments[0])
    if increments.size != header.frames:
        raise GeometryError(
            f"{header.name}: its field {keyword}Increment has {increments.size} values for {header.frames} frames; "
            "pass both in GivenGeometry."
        )
    return angle + float(increments[header.frame])


def _receptor_pixel_mm(header: XRayHeader, given: GivenGeometry, magnification: float) -> tuple[float, float]:
    """Pixel spacing on the receptor, (row, column).

    Pixel Spacing (0028,0030) is no substitute for Imager Pixel Spacing: calibrated by geometry it is that at the
    patient, smaller by the magnification; uncalibrated or calibrated by a fiducial nobody can tell its depth.
    """
    spacing = None if given.pixel_mm is None else np.array(given.pixel_mm, float)
    if spacing is None:
        spacing = header.numbers("ImagerPixelSpacing")
    if spacing is None and (elements := header.numbers("DetectorElementSpacing")) is not None:
        binning = header.numbers("DetectorBinning")
        spacing = elements * (1.0 if binning is None else binning)
    if spacing is None and header.value("PixelSpacingCalibrationType") == "GEOMETRY":
        at_patient = header.numbers("PixelSpacing")
        spacing = None if at_patient is None else at_patient * magnification
    if spacing is None:
        raise header.missing(
            ("ImagerPixelSpacing", "DetectorElementSpacing"),
            "pixel_mm",
            "the (row, column) spacing on the receptor in mm; PixelSpacing (0028,0030) alone may be the patient's",
        )
    if spacing.shape != (2,) or spacing.min() <= 0:
        raise GeometryError(
            f"{header.name}: its field ImagerPixelSpacing (0018,1164) must be two positive spacings; pass pixel_mm in "
            "GivenGeometry."
        )
    return float(spacing[0]), float(spacing[1])


def _patient_orientation(header: XRayHeader, given: GivenGeometry) -> tuple[str, str] | None:
    letters = given.patient_orientation or header.value("PatientOrientation")
    if letters is None:
        return None
    if isinstance(letters, str) or len(letters) != 2:
        raise GeometryError(
            f"{header.name}: its field PatientOrientation (0020,0020) is not two directions; pass "
            "patient_orientation in GivenGeometry, for example ('L', 'F')."
        )
    return str(letters[0]), str(letters[1])


def _usual_reorientation(header: XRayHeader, primary_deg: float) -> Reorientation:
    """Without a Patient Orientation: the patient upright and, as on a light box, their left on the right hand side.

    In a C-arm's series that view turns with the arm, so it stays the one from the receptor, the mirror image of the
    source's. Field of View Rotation and Horizontal Flip change nothing: they tell how the picture came to be upright
    (DICOM PS3.17, annex FFF.2.1.3). A lateral radiograph has no such custom.
    """
    if header.value("Modality") in ("XA", "RF"):
        turn = Reorientation(flip_columns=True)
    elif abs(np.cos(np.deg2rad(primary_deg))) > 0.7:
        turn = Reorientation(flip_columns=bool(np.cos(np.deg2rad(primary_deg)) > 0))
    else:
        raise header.missing(("PatientOrientation",), "patient_orientation", "for example ('A', 'F')")
    warnings.warn(
        f"{header.name} has no PatientOrientation (0020,0020); the image is taken to be upright and shown as if facing "
        "the patient.",
        stacklevel=2,
    )
    return turn


def _required(header: XRayHeader, keyword: str) -> float:
    value = header.number(keyword)
    if value is None or value < 1:
        raise GeometryError(f"{header.name} has no {described(keyword)}; pass a DICOM file that holds an image.")
    return value
