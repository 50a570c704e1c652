"""What a renderer hands to the X-ray physics: line integrals by material."""

from __future__ import annotations

from dataclasses import dataclass

import warp as wp


@dataclass(frozen=True)
class LineIntegrals:
    """Line integrals of a batch of views, on the renderer's device.

    Attributes:
        soft: (n, rows, cols) float32, the share of soft tissue (and air) in the line integral of linear attenuation
            at `REFERENCE_ENERGY_KEV`; dimensionless. `soft + bone` is the DRR of the patient.
        bone: (n, rows, cols) float32, the share of compact bone.
        metal_mm: (n, rows, cols) float32 path length in metal, or None without implants. Where there is metal, `soft`
            and `bone` already lack the tissue it displaced.
        metal: the implant's material, a key of `physics.materials.METALS`.
    """

    soft: wp.array
    bone: wp.array
    metal_mm: wp.array | None = None
    metal: str = "titanium"
