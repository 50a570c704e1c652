"""What a renderer hands to the X-ray physics: line integrals by material."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import warp as wp
from numpy.typing import NDArray

from xray3d.drr.physics.materials import METALS, attenuation_per_mm
from xray3d.volumes.attenuation import REFERENCE_ENERGY_KEV


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

    def drr(self) -> NDArray[np.float32]:
        """(n, rows, cols): line integrals at `REFERENCE_ENERGY_KEV` of patient and implants together."""
        integrals = self.soft.numpy() + self.bone.numpy()
        if self.metal_mm is not None:
            metal_per_mm = float(attenuation_per_mm(METALS[self.metal], REFERENCE_ENERGY_KEV))
            integrals += np.float32(metal_per_mm) * self.metal_mm.numpy()
        return integrals

    def metal_mask(self) -> NDArray[np.bool_]:
        """(n, rows, cols): the pixels that implants cover, if only in part."""
        if self.metal_mm is None:
            return np.zeros(self.soft.shape, bool)
        return self.metal_mm.numpy() > 0
