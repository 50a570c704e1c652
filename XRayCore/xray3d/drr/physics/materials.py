"""What X-rays meet: attenuation of tissue, implants and detector from tables, and the split of a CT into two tissues.

Compositions: cortical bone from ICRU Report 44 (1989); Ti-6Al-4V from ASTM F136; 316L from ASTM F138; cobalt-chrome
from ASTM F1537 (nominal values). Cross sections: Elam et al., Radiat. Phys. Chem. 63 (2002), through xraydb.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xray3d.volumes.attenuation import REFERENCE_ENERGY_KEV, water_attenuation_per_mm

Curve = NDArray[np.float64]


@dataclass(frozen=True)
class Material:
    """A mixture of elements.

    Attributes:
        mass_fractions: element symbol to mass fraction; they sum to 1.
        density_g_cm3: mass density.
    """

    mass_fractions: Mapping[str, float]
    density_g_cm3: float


WATER = Material({"H": 0.111894, "O": 0.888106}, 1.0)
"""Stands for soft tissue: HU are calibrated on water, and the energy dependence of water lies between that of adipose
tissue and that of muscle, of which a trunk is mixed."""

CORTICAL_BONE = Material(
    {"H": 0.034, "C": 0.155, "N": 0.042, "O": 0.435, "Na": 0.001, "Mg": 0.002, "P": 0.103, "S": 0.003, "Ca": 0.225},
    1.92,
)

METALS: dict[str, Material] = {
    "titanium": Material({"Ti": 1.0}, 4.51),
    "Ti-6Al-4V": Material({"Ti": 0.90, "Al": 0.06, "V": 0.04}, 4.43),
    "stainless steel 316L": Material({"Fe": 0.65, "Cr": 0.175, "Ni": 0.14, "Mo": 0.025, "Mn": 0.01}, 7.95),
    "cobalt-chrome": Material({"Co": 0.66, "Cr": 0.28, "Mo": 0.06}, 8.29),
    "tantalum": Material({"Ta": 1.0}, 16.65),
}
"""Implant materials by the name that users choose."""

CESIUM_IODIDE = Material({"Cs": 0.5115, "I": 0.4885}, 4.51)

SOFT_TISSUE_HU = 100.0
"""Attenuation up to here counts as soft tissue: above muscle, organs and most image noise."""


def attenuation_per_mm(material: Material, energy_kev: ArrayLike) -> Curve:
    """Linear attenuation in 1/mm, shaped as the photon energies in keV."""
    import xraydb  # deferred: opening its database takes longer than starting this library

    energy_ev = np.asarray(energy_kev, float).ravel() * 1000.0
    mass_attenuation = sum(
        fraction * xraydb.mu_elam(element, energy_ev) for element, fraction in material.mass_fractions.items()
    )
    return np.reshape(mass_attenuation * material.density_g_cm3 / 10.0, np.shape(energy_kev))


def relative_attenuation(material: Material, energy_kev: ArrayLike) -> Curve:
    """mu(E) / mu(`REFERENCE_ENERGY_KEV`): what turns a line integral at the reference energy into one at E."""
    return attenuation_per_mm(material, energy_kev) / attenuation_per_mm(material, REFERENCE_ENERGY_KEV)


@lru_cache
def compact_bone_hu() -> float:
    """HU of compact bone in a CT whose effective energy is the reference energy."""
    bone_per_mm = float(attenuation_per_mm(CORTICAL_BONE, REFERENCE_ENERGY_KEV))
    return 1000.0 * (bone_per_mm / water_attenuation_per_mm(REFERENCE_ENERGY_KEV) - 1.0)


@lru_cache
def bone_split() -> tuple[float, float]:
    """How a voxel's attenuation divides into soft tissue and compact bone.

    A voxel of attenuation mu at the reference energy holds `slope * max(0, mu - mu_soft)` of compact bone, the rest is
    soft tissue: none of it is bone at `SOFT_TISSUE_HU`, all of it at `compact_bone_hu()`.

    Returns:
        mu_soft in 1/mm, and the dimensionless slope mu_bone / (mu_bone - mu_soft).
    """
    soft_per_mm = water_attenuation_per_mm(REFERENCE_ENERGY_KEV) * (1.0 + SOFT_TISSUE_HU / 1000.0)
    bone_per_mm = float(attenuation_per_mm(CORTICAL_BONE, REFERENCE_ENERGY_KEV))
    return soft_per_mm, bone_per_mm / (bone_per_mm - soft_per_mm)
