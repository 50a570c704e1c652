"""Hounsfield units to linear attenuation."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

REFERENCE_ENERGY_KEV = 70.0
"""Photon energy at which line integrals are given: about the effective energy of a 120 kV CT."""


@lru_cache
def water_attenuation_per_mm(energy_kev: float) -> float:
    """Linear attenuation of water in 1/mm, from xraydb's tables (Elam et al., 2002)."""
    import xraydb  # deferred: opening its database takes longer than starting this library

    return float(xraydb.material_mu("H2O", energy_kev * 1000.0, density=1.0)) / 10.0


def hu_to_attenuation(hu: NDArray[np.float32], energy_kev: float) -> NDArray[np.float32]:
    """Linear attenuation in 1/mm of the same shape: water scaled by 1 + HU/1000, nothing below vacuum."""
    scale = np.float32(water_attenuation_per_mm(energy_kev) / 1000.0)
    attenuation = np.add(hu, np.float32(1000.0), dtype=np.float32)
    attenuation *= scale
    return np.maximum(attenuation, 0.0, out=attenuation)
