"""The tube's spectrum and what the detector makes of it, against SpekPy's own attenuation."""

import numpy as np
import pytest
import spekpy
import xraydb
from scipy.optimize import brentq

from physics_support import WATER_PER_MM, line_integrals
from xray3d.drr.physics.materials import (
    CORTICAL_BONE,
    METALS,
    WATER,
    Material,
    attenuation_per_mm,
    relative_attenuation,
)
from xray3d.drr.physics.primary import transmit
from xray3d.drr.physics.response import detect
from xray3d.drr.physics.spectrum import tube_spectrum

TECHNIQUES = [(80.0, 3.0, 0.0), (75.0, 3.0, 0.1), (120.0, 3.0, 0.2)]
CSI_MM = 0.5


def tube(kvp, al_mm, cu_mm, z_cm=100.0):
    spek = spekpy.Spek(kvp=kvp, th=12, dk=0.5, z=z_cm, mas=1.0)
    return spek.filter("Al", al_mm).filter("Cu", cu_mm)


def absorbed_energy(spek):
    energy_kev, photons = spek.get_spectrum(edges=False)
    per_cm = xraydb.material_mu("CsI", energy_kev * 1e3, density=4.51)
    return (photons * energy_kev * (1 - np.exp(-per_cm * CSI_MM / 10))).sum()


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_beam_hardening_of_water_against_spekpy(technique):
    kvp, al_mm, cu_mm = technique
    thickness_mm = np.array([10.0, 50.0, 100.0, 150.0, 200.0, 300.0])
    detected = detect(tube_spectrum(kvp, 12.0, al_mm, cu_mm), CSI_MM, "titanium")
    measured = transmit(line_integrals(WATER_PER_MM * thickness_mm[None, None]), detected).signal.numpy().ravel()
    open_beam = absorbed_energy(tube(*technique))
    expected = [absorbed_energy(tube(*technique).filter("Water, Liquid", t)) / open_beam for t in thickness_mm]
    np.testing.assert_allclose(measured, expected, rtol=0.02)
    # The effective attenuation coefficient falls as the beam hardens.
    effective_per_mm = -np.log(measured) / thickness_mm
    assert effective_per_mm[-1] < 0.95 * effective_per_mm[0]


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_half_value_layer_against_spekpy(technique):
    kvp, al_mm, cu_mm = technique
    spectrum = tube_spectrum(kvp, 12.0, al_mm, cu_mm)
    absorption = tube(*technique).muen_air_data.get_muen_over_rho_air(spectrum.energy_kev)
    kerma = spectrum.photons_per_mm2 * spectrum.energy_kev * absorption
    aluminium_per_mm = attenuation_per_mm(Material({"Al": 1.0}, 2.699), spectrum.energy_kev)
    hvl_mm = brentq(lambda t: (kerma * np.exp(-aluminium_per_mm * t)).sum() / kerma.sum() - 0.5, 0.1, 20)
    assert hvl_mm == pytest.approx(tube(*technique).get_hvl1(), rel=0.02)


def test_dose_at_the_detector_against_spekpy():
    spectrum = tube_spectrum(80.0, 12.0, 3.0, 0.1).at(1150.0, 20.0)
    reference = tube(80.0, 3.0, 0.1, z_cm=115.0)
    assert spectrum.air_kerma_ugy == pytest.approx(20 * reference.get_kerma(), rel=1e-6)
    assert spectrum.photons_per_mm2.sum() == pytest.approx(20 * reference.get_flu() / 100, rel=1e-6)


@pytest.mark.parametrize("metal", METALS)
@pytest.mark.parametrize("kvp", [55.0, 80.0, 120.0])
def test_few_energies_stand_for_the_whole_spectrum(metal, kvp):
    spectrum = tube_spectrum(kvp, 12.0, 3.0, 0.0)
    detected = detect(spectrum, CSI_MM, metal)
    rng = np.random.default_rng(1)
    soft, bone, metal_mm = rng.uniform(0, np.reshape([7.0, 2.0, 8.0], (3, 1, 1, 1)), (3, 1, 20, 20))
    metal_mm *= rng.integers(0, 2, metal_mm.shape)
    beam = transmit(line_integrals(soft, bone, metal_mm, metal), detected)

    energy = spectrum.energy_kev
    eta = 1 - np.exp(-CSI_MM / 10 * xraydb.material_mu("CsI", energy * 1e3, density=4.51))
    integral = np.multiply.outer(soft, relative_attenuation(WATER, energy))
    integral += np.multiply.outer(bone, relative_attenuation(CORTICAL_BONE, energy))
    integral += np.multiply.outer(metal_mm, attenuation_per_mm(METALS[metal], energy))
    for power, measured in ((1, beam.signal), (2, beam.variance)):
        weight = spectrum.photons_per_mm2 * eta * energy**power
        expected = np.exp(-integral) @ weight / weight.sum()
        np.testing.assert_allclose(measured.numpy(), expected, rtol=3e-3, atol=1e-6)
    assert len(detected.energy_kev) <= 16
