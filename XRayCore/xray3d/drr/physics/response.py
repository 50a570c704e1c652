"""How an energy-integrating flat panel answers a spectrum, condensed into the few energies a kernel can afford."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from xray3d.drr.physics.errors import PhysicsError
from xray3d.drr.physics.materials import (
    CESIUM_IODIDE,
    CORTICAL_BONE,
    METALS,
    WATER,
    Curve,
    attenuation_per_mm,
    relative_attenuation,
)
from xray3d.drr.physics.spectrum import Spectrum

_NODES = 16
# The objects, as line integrals at the reference energy and mm of metal, for which the condensed spectrum must answer
# as the full one does: up to 40 cm of water, 6 cm of compact bone, 2 cm of metal.
_SOFT = (0.0, 0.4, 0.8, 1.5, 2.5, 3.5, 4.5, 6.0, 8.0)
_BONE = (0.0, 0.3, 1.0, 3.0)
_METAL_MM = (0.0, 0.3, 1.0, 4.0, 20.0)
# Below this share of the open beam no detector tells an image from its noise.
_SMALLEST_SIGNAL = 1e-6


@dataclass(frozen=True, eq=False)
class DetectedSpectrum:
    """The open beam as the detector registers it, at a few energies (nodes).

    The signal of a pixel is the sum over photons of the absorbed energy. Relative to the open beam its mean is
    sum(signal_weight * T) and its variance `variance_mm2 / pixel area * sum(variance_weight * T)`, where T is the
    transmission at each node: exp(-(soft_factor * soft + bone_factor * bone + metal_per_mm * metal_mm)).

    Attributes:
        energy_kev: (m,) nodes.
        signal_weight, variance_weight: (m,), each sums to 1.
        soft_factor, bone_factor: (m,) attenuation relative to that at the reference energy.
        metal_per_mm: (m,) attenuation of the implant's metal.
        variance_mm2: relative variance of the signal of 1 mm² of detector in the open beam.
        absorbed_per_mm2: photons per mm² that the scintillator absorbs in the open beam.
    """

    energy_kev: Curve
    signal_weight: Curve
    variance_weight: Curve
    soft_factor: Curve
    bone_factor: Curve
    metal_per_mm: Curve
    variance_mm2: float
    absorbed_per_mm2: float

    def scaled(self, photons: float) -> DetectedSpectrum:
        """The response to this many times the photons."""
        return replace(self, variance_mm2=self.variance_mm2 / photons, absorbed_per_mm2=self.absorbed_per_mm2 * photons)


def absorption_efficiency(energy_kev: Curve, csi_mm: float) -> Curve:
    """Share of photons of each energy that a layer of solid caesium iodide of this thickness stops."""
    return 1.0 - np.exp(-attenuation_per_mm(CESIUM_IODIDE, energy_kev) * csi_mm)


@lru_cache(maxsize=64)
def detect(spectrum: Spectrum, csi_mm: float, metal: str) -> DetectedSpectrum:
    """The response of a caesium iodide flat panel to a spectrum that reaches it.

    An absorbed photon of energy E adds E to the signal, so with N(E) eta(E) absorbed photons the mean signal is
    sum N eta E and its variance sum N eta E² (Swank, J. Appl. Phys. 44(9), 1973; K-fluorescence that escapes and the
    spread of the light yield are left out).

    Args:
        spectrum: the open beam at the detector.
        csi_mm: thickness of the scintillator as solid caesium iodide.
        metal: a key of `METALS`.

    Raises:
        PhysicsError: an unknown metal.
    """
    if metal not in METALS:
        raise PhysicsError(f"The implant material {metal!r} is unknown; choose one of: {', '.join(METALS)}.")
    absorbed = spectrum.photons_per_mm2 * absorption_efficiency(spectrum.energy_kev, csi_mm)
    signal = absorbed * spectrum.energy_kev
    variance_mm2 = (signal * spectrum.energy_kev).sum() / signal.sum() ** 2
    energy_kev, weight = _condense(spectrum.energy_kev, signal / signal.sum(), metal)
    soft, bone, per_mm = _attenuation(energy_kev, metal)
    variance_weight = weight * energy_kev / (weight * energy_kev).sum()
    return DetectedSpectrum(
        energy_kev, weight, variance_weight, soft, bone, per_mm, float(variance_mm2), float(absorbed.sum())
    )


def _attenuation(energy_kev: Curve, metal: str) -> tuple[Curve, Curve, Curve]:
    """Per energy: factors of the soft and of the bone line integral, and attenuation per mm of metal."""
    soft, bone = relative_attenuation(WATER, energy_kev), relative_attenuation(CORTICAL_BONE, energy_kev)
    return soft, bone, attenuation_per_mm(METALS[metal], energy_kev)


def _condense(energy_kev: Curve, weight: Curve, metal: str) -> tuple[Curve, Curve]:
    """A quadrature with few nodes: evenly spaced energies whose non-negative weights reproduce known transmissions."""
    if len(energy_kev) <= _NODES:
        return energy_kev, weight
    low_kev = energy_kev[np.searchsorted(np.cumsum(weight), 1e-4)]
    edges = np.linspace(low_kev, energy_kev[-1], _NODES + 1)
    nodes = np.searchsorted(energy_kev, (edges[1:] + edges[:-1]) / 2)
    objects = np.array(list(product(_SOFT, _BONE, _METAL_MM)))
    transmission: NDArray[np.float64] = np.exp(-objects @ np.stack(_attenuation(energy_kev, metal)))
    exact = transmission @ weight
    tolerance = exact + _SMALLEST_SIGNAL
    fitted, _ = nnls(transmission[:, nodes] / tolerance[:, None], exact / tolerance)
    used = fitted > 0
    return energy_kev[nodes][used], fitted[used] / fitted.sum()
