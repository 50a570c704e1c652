"""Sizes of the vertebrae of an adult, and their spread between patients.

Rounded means after Panjabi et al. (Spine 16:888, 1991 and 17:299, 1992) for end plates and canal, Zindrick et al.
(Spine 12:160, 1987) for the pedicles and Berry et al. (Spine 12:362, 1987) for heights and processes; discs and their
angles after Been and Kalichman (Spine J 14:87, 2014). Patients differ by 5 % (one standard deviation) in
size, 8 % in their pedicles and 12 % in their lordosis, and each measure by 2.5 % on its own.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np


@dataclass(frozen=True)
class VertebraShape:
    """One vertebra, lengths in mm, angles in degrees.

    Attributes:
        level: its name, "L3".
        width_mm, depth_mm: mean of the two end plates, side to side and front to back.
        height_mm: of the body in its middle; `wedge_deg` opens it to the front.
        canal_width_mm, canal_depth_mm: the spinal canal, side to side and front to back.
        pedicle_width_mm, pedicle_height_mm: outer diameters of the isthmus.
        pedicle_angle_deg: convergence of the pedicles to the front and midline in the transverse plane.
        transverse_span_mm: tip to tip of the transverse processes.
        spinous_length_mm: from the back of the canal to the tip.
        disc_height_mm, disc_deg: the disc below, mean height and opening to the front.
    """

    level: str
    width_mm: float
    depth_mm: float
    height_mm: float
    wedge_deg: float
    canal_width_mm: float
    canal_depth_mm: float
    pedicle_width_mm: float
    pedicle_height_mm: float
    pedicle_angle_deg: float
    transverse_span_mm: float
    spinous_length_mm: float
    disc_height_mm: float
    disc_deg: float


MEAN_SHAPES = (
    VertebraShape("T11", 37, 30, 22.0, -3.0, 19.0, 16.0, 8.0, 16.5, 1, 52, 30, 5.5, 0.0),
    VertebraShape("T12", 40, 31, 24.0, -3.0, 21.5, 17.0, 7.6, 16.5, 2, 50, 30, 6.5, 1.0),
    VertebraShape("L1", 42, 32, 26.0, -2.0, 22.5, 17.0, 8.7, 15.9, 11, 72, 31, 8.0, 4.0),
    VertebraShape("L2", 44, 33, 27.0, -1.0, 23.0, 16.5, 8.9, 15.0, 12, 78, 33, 9.5, 6.0),
    VertebraShape("L3", 46, 34, 27.5, 1.0, 23.5, 16.0, 10.3, 14.8, 14, 90, 33, 10.5, 8.0),
    VertebraShape("L4", 49, 35, 27.0, 4.0, 24.5, 16.5, 12.9, 14.8, 18, 86, 29, 11.0, 10.0),
    VertebraShape("L5", 51, 35, 26.0, 9.0, 26.0, 17.0, 17.0, 14.5, 27, 88, 24, 10.5, 14.0),
)


def sample_shapes(random: np.random.Generator) -> tuple[VertebraShape, ...]:
    """Shapes of one patient, from T11 down to L5."""
    stature = float(np.clip(random.normal(1.0, 0.05), 0.9, 1.12))
    pedicles = float(np.clip(random.normal(1.0, 0.08), 0.85, 1.15))
    curve = float(np.clip(random.normal(1.0, 0.12), 0.75, 1.25))
    return tuple(_varied(mean, stature, pedicles, curve, random) for mean in MEAN_SHAPES)


def _varied(
    mean: VertebraShape, stature: float, pedicles: float, curve: float, random: np.random.Generator
) -> VertebraShape:
    changed: dict[str, float] = {}
    for field in fields(mean)[1:]:
        value = float(getattr(mean, field.name))
        own = float(np.clip(random.normal(1.0, 0.025), 0.94, 1.06))
        if field.name == "pedicle_angle_deg":
            changed[field.name] = value + random.normal(0.0, 1.0)
        elif field.name.endswith("_deg"):
            changed[field.name] = value * curve
        else:
            changed[field.name] = value * own * stature * (pedicles if field.name.startswith("pedicle") else 1.0)
    return replace(mean, **changed)  # type: ignore[arg-type]
