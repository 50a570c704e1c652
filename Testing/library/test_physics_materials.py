"""Attenuation tables and the split of a CT into soft tissue and bone."""

import numpy as np
import pytest

from xray3d.drr.physics.materials import (
    CESIUM_IODIDE,
    CORTICAL_BONE,
    METALS,
    SOFT_TISSUE_HU,
    WATER,
    Material,
    attenuation_per_mm,
    bone_split,
    compact_bone_hu,
    relative_attenuation,
)
from xray3d.volumes.attenuation import REFERENCE_ENERGY_KEV, water_attenuation_per_mm

# NIST Standard Reference Database 126, mass attenuation in cm²/g at 30, 60 and 100 keV.
NIST_ENERGY_KEV = [30.0, 60.0, 100.0]
NIST = [
    (WATER, [0.3756, 0.2059, 0.1707]),
    (CORTICAL_BONE, [1.331, 0.3148, 0.1855]),
    (METALS["titanium"], [4.972, 0.7661, 0.2721]),
]

ADIPOSE = Material({"H": 0.114, "C": 0.598, "N": 0.007, "O": 0.278, "Na": 0.001, "S": 0.001, "Cl": 0.001}, 0.95)
MUSCLE = Material(
    {"H": 0.102, "C": 0.143, "N": 0.034, "O": 0.710, "Na": 0.001, "P": 0.002, "S": 0.003, "Cl": 0.001, "K": 0.004}, 1.05
)


@pytest.mark.parametrize(("material", "mass_attenuation"), NIST)
def test_attenuation_agrees_with_nist(material, mass_attenuation):
    expected_per_mm = np.array(mass_attenuation) * material.density_g_cm3 / 10
    np.testing.assert_allclose(attenuation_per_mm(material, NIST_ENERGY_KEV), expected_per_mm, rtol=0.025)


@pytest.mark.parametrize("material", [WATER, CORTICAL_BONE, CESIUM_IODIDE, *METALS.values()])
def test_mass_fractions_sum_to_one(material):
    assert sum(material.mass_fractions.values()) == pytest.approx(1.0, abs=1e-6)


def test_water_lies_between_the_soft_tissues():
    below, above = np.array([20.0, 30.0, 45.0, 60.0]), np.array([80.0, 100.0, 120.0])
    assert np.all(relative_attenuation(ADIPOSE, below) < relative_attenuation(WATER, below))
    assert np.all(relative_attenuation(WATER, below) < relative_attenuation(MUSCLE, below))
    assert np.all(relative_attenuation(MUSCLE, above) < relative_attenuation(ADIPOSE, above))


def test_reference_energy_changes_nothing():
    assert relative_attenuation(CORTICAL_BONE, REFERENCE_ENERGY_KEV) == pytest.approx(1.0)


def test_split_ends_at_pure_soft_tissue_and_pure_bone():
    soft_per_mm, slope = bone_split()
    water = water_attenuation_per_mm(REFERENCE_ENERGY_KEV)
    assert soft_per_mm == pytest.approx(water * (1 + SOFT_TISSUE_HU / 1000))
    compact = water * (1 + compact_bone_hu() / 1000)
    assert slope * (compact - soft_per_mm) == pytest.approx(compact)
    assert 1400 < compact_bone_hu() < 1700
