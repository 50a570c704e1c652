"""The spectrum of a diagnostic X-ray tube, by SpekPy (Poludniowski et al., Med. Phys. 48(7), 2021)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from xray3d.drr.physics.errors import require_range

REFERENCE_DISTANCE_MM = 1000.0
_BIN_WIDTH_KEV = 0.5


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Photon fluence by energy at one place in the open beam.

    Attributes:
        energy_kev: (n,) mid-bin photon energies.
        photons_per_mm2: (n,) photons per mm² in each bin.
        air_kerma_ugy: air kerma there; None when the beam does not come from a tube.
    """

    energy_kev: NDArray[np.float64]
    photons_per_mm2: NDArray[np.float64]
    air_kerma_ugy: float | None

    def at(self, distance_mm: float, mas: float) -> Spectrum:
        """This spectrum, per mAs at `REFERENCE_DISTANCE_MM`, at another distance and load."""
        scale = fluence_scale(distance_mm, mas)
        kerma = None if self.air_kerma_ugy is None else self.air_kerma_ugy * scale
        return replace(self, photons_per_mm2=self.photons_per_mm2 * scale, air_kerma_ugy=kerma)

    def monochromatic(self, energy_kev: float) -> Spectrum:
        """As many photons, all of one energy.

        Raises:
            PhysicsError: an energy outside 10 to 300 keV.
        """
        require_range("energy_kev", energy_kev, 10.0, 300.0)
        return Spectrum(np.array([energy_kev], float), self.photons_per_mm2.sum(keepdims=True), None)


def fluence_scale(distance_mm: float, mas: float) -> float:
    """Photons at a distance and load over photons per mAs at `REFERENCE_DISTANCE_MM`: the inverse square law."""
    return mas * (REFERENCE_DISTANCE_MM / distance_mm) ** 2


@lru_cache
def tube_spectrum(kvp: float, anode_angle_deg: float, al_mm: float, cu_mm: float) -> Spectrum:
    """Spectrum of a tungsten anode per mAs at `REFERENCE_DISTANCE_MM`.

    Args:
        kvp: peak tube voltage, 30 to 150.
        anode_angle_deg: 6 to 25.
        al_mm: total filtration in mm of aluminium, inherent filtration included.
        cu_mm: added copper filtration in mm.

    Raises:
        PhysicsError: a parameter out of range.
    """
    require_range("kvp", kvp, 30.0, 150.0)
    require_range("anode_angle_deg", anode_angle_deg, 6.0, 25.0)
    require_range("al_mm", al_mm, 0.5, 30.0)
    require_range("cu_mm", cu_mm, 0.0, 3.0)
    import spekpy  # deferred: a second of imports that clean images do without

    tube = spekpy.Spek(kvp=kvp, th=anode_angle_deg, dk=_BIN_WIDTH_KEV, z=REFERENCE_DISTANCE_MM / 10.0, mas=1.0)
    tube.multi_filter([("Al", al_mm), ("Cu", cu_mm)])
    energy_kev, photons_per_cm2_kev = tube.get_spectrum(edges=False)
    photons_per_mm2 = photons_per_cm2_kev * _BIN_WIDTH_KEV / 100.0
    present = photons_per_mm2 > photons_per_mm2.max() * 1e-9
    return Spectrum(energy_kev[present], photons_per_mm2[present], float(tube.get_kerma()))
