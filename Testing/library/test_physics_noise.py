"""Noise at a dose, against Poisson statistics."""

from dataclasses import replace

import numpy as np
import pytest
import spekpy
import xraydb
from scipy import stats

from physics_support import WATER_PER_MM, receptor, to_warp, uniform
from xray3d.drr import device
from xray3d.drr.physics.noise import electronic_noise, quantum_noise
from xray3d.drr.physics.presets import FlatPanel, XRayPreset, preset
from xray3d.drr.physics.primary import Beam
from xray3d.drr.physics.simulator import XRaySimulator

QUIET_PANEL = FlatPanel(csi_mm=0.5, mtf50_per_mm=None, electronic_noise_quanta=0.0)
BARE = XRayPreset(kvp=80.0, al_mm=3.0, cu_mm=0.0, focal_spot_mm=0.0, scatter=False, detector=QUIET_PANEL)


def expected_relative_variance(water_mm, mas, pixel_mm2, sdd_mm):
    """Of a caesium iodide detector that integrates energy, from SpekPy's spectrum behind water."""
    spek = spekpy.Spek(kvp=80, th=12, dk=0.5, z=sdd_mm / 10, mas=mas).filter("Al", 3.0)
    energy, photons_per_cm2_kev = spek.filter("Water, Liquid", water_mm).get_spectrum(edges=False)
    eta = 1 - np.exp(-0.05 * xraydb.material_mu("CsI", energy * 1e3, density=4.51))
    absorbed = photons_per_cm2_kev * 0.5 / 100 * pixel_mm2 * eta
    return (absorbed * energy**2).sum() / (absorbed * energy).sum() ** 2


@pytest.mark.parametrize("water_mm", [0.001, 200.0])
@pytest.mark.parametrize("mas", [0.001, 0.1, 10.0])
def test_noise_matches_the_dose(water_mm, mas):
    simulator = XRaySimulator(receptor(), replace(BARE, mas=mas))
    images = simulator.signal(uniform(WATER_PER_MM * water_mm, (4, 128, 128)), seed=3).numpy().astype(float)
    expected = simulator.beam(uniform(WATER_PER_MM * water_mm)).signal.numpy().mean()
    variance = expected_relative_variance(water_mm, mas, 1.44, 1020.0)
    assert images.mean() == pytest.approx(expected, abs=5 * expected * (variance / images.size) ** 0.5)
    assert images.var() / expected**2 == pytest.approx(variance, rel=0.03)


@pytest.mark.parametrize("quanta", [0.3, 4.0, 15.9, 16.1, 60.0, 1e4])
def test_quanta_are_poisson(quanta):
    ones = to_warp(np.ones((4, 256, 256)))
    counts = quantum_noise(Beam(ones, ones), 1 / quanta, seed=5).numpy().astype(float) * quanta
    assert counts.min() >= 0
    assert counts.mean() == pytest.approx(quanta, rel=0.01)
    assert counts.var() == pytest.approx(quanta, rel=0.02)
    quantiles = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    assert np.abs(np.quantile(counts, quantiles) - stats.poisson.ppf(quantiles, quanta)).max() <= max(1, 0.01 * quanta)
    if quanta < 16:
        np.testing.assert_allclose(counts, counts.round(), atol=1e-4)
        assert (counts.round() == 0).mean() == pytest.approx(np.exp(-quanta), abs=3e-3)


def test_twice_the_load_halves_the_relative_variance():
    variances = []
    for mas in (0.5, 1.0):
        signal = XRaySimulator(receptor(), replace(BARE, mas=mas)).signal(uniform(3.0, (4, 128, 128))).numpy()
        variances.append(signal.var() / signal.mean() ** 2)
    assert variances[0] / variances[1] == pytest.approx(2.0, rel=0.04)


def test_detector_blur_correlates_the_noise():
    panel = replace(QUIET_PANEL, mtf50_per_mm=0.05205)  # a Gaussian of 3.6 mm, three pixels
    integrals = uniform(2.0, (16, 256, 256))
    views = receptor((256, 256))
    sharp = XRaySimulator(views, replace(BARE, mas=1.0)).signal(integrals, 1).numpy()
    blurred = XRaySimulator(views, replace(BARE, mas=1.0, detector=panel)).signal(integrals, 1).numpy()
    # White noise through a Gaussian filter: the integral of its square, 1 / (4 pi sigma²).
    inner = blurred[:, 12:-12, 12:-12]  # mirrored edges count their noise twice
    assert inner.var() / sharp.var() == pytest.approx(1 / (4 * np.pi * 3.0**2), rel=0.04)
    assert blurred.mean() == pytest.approx(sharp.mean(), rel=1e-5)


def test_electronic_noise_adds_in_quadrature():
    flat = to_warp(np.full((4, 256, 256), 0.01))
    noise = electronic_noise(flat, 0.002, seed=1).numpy().astype(float) - 0.01
    assert noise.std() == pytest.approx(0.002, rel=0.01)
    assert abs(noise.mean()) < 2e-5
    panel = replace(QUIET_PANEL, electronic_noise_quanta=3.0, pixel_mm=0.6)
    simulator = XRaySimulator(receptor(), replace(BARE, detector=panel, quantum_noise=False))
    # A pixel of 1.2 mm holds four of the panel's own.
    expected = 3.0 * 2.0 / simulator.open_quanta_per_pixel
    assert simulator.signal(uniform(1.0)).numpy().std() == pytest.approx(expected, rel=0.03)


def test_quantum_and_electronic_noise_are_independent():
    ones = to_warp(np.ones((1, 256, 256)))
    quantum = quantum_noise(Beam(ones, ones), 1e-3, seed=9).numpy().ravel()
    electronic = electronic_noise(ones, 1.0, seed=9).numpy().ravel()
    assert abs(np.corrcoef(quantum, electronic)[0, 1]) < 0.02
    rows = quantum.reshape(256, 256)
    assert abs(np.corrcoef(rows[:, 1:].ravel(), rows[:, :-1].ravel())[0, 1]) < 0.02


def test_same_seed_same_image_on_any_number_of_threads(monkeypatch):
    simulator = XRaySimulator(receptor(), preset("fluoroscopy"))
    integrals = uniform(3.0, (3, 128, 128))
    images = []
    for blocks in (1, 5, 64):
        monkeypatch.setattr(device, "_BLOCKS_PER_THREAD", blocks)
        images.append(simulator.image(integrals, seed=7).numpy())
    np.testing.assert_array_equal(images[0], images[1])
    np.testing.assert_array_equal(images[0], images[2])
    assert (images[0] != simulator.image(integrals, seed=8).numpy()).mean() > 0.9


def test_a_view_of_a_batch_equals_the_view_alone():
    simulator = XRaySimulator(receptor(), preset("fluoroscopy"))
    batch = simulator.image(uniform(3.0, (3, 128, 128)), seed=7).numpy()
    np.testing.assert_array_equal(batch[2], simulator.image(uniform(3.0), seed=9).numpy()[0])
    assert (batch[0] != batch[1]).any()
