"""The whole chain, its presets and its messages."""

from dataclasses import replace

import numpy as np
import pytest

from physics_support import line_integrals, receptor, uniform
from xray3d.drr.physics.collimator import Collimator
from xray3d.drr.physics.materials import CORTICAL_BONE, METALS, WATER, attenuation_per_mm, relative_attenuation
from xray3d.drr.physics.presets import PRESETS, FlatPanel, XRayPreset, preset
from xray3d.drr.physics.scatter import AntiScatterGrid
from xray3d.drr.physics.simulator import XRaySimulator, simulate_xray
from xray3d.drr.physics.spectrum import tube_spectrum
from xray3d.errors import XRay3DError

RNG = np.random.default_rng(2)
SOFT, BONE = RNG.uniform(0, 6, (2, 32, 40)), RNG.uniform(0, 2, (2, 32, 40))
VIEW = receptor((32, 40))


def trunk(size=(128, 128)):
    """250 mm of water with a spine of seven vertebrae and a rod of metal."""
    y, x = (np.mgrid[: size[0], : size[1]] - 63.5) * 1.65
    vertebra = (np.abs(x) < 22) & (np.abs((y + 500) % 35 - 17.5) > 3.5)
    soft = 0.0193 * (225 * np.sqrt(np.clip(1 - (x / 160) ** 2, 0, 1)) - 20 * vertebra)
    rod = np.where((np.abs(x - 14) < 3) & (np.abs(y) < 60), 5.0, 0.0)
    return line_integrals(np.maximum(soft, 0)[None], 0.9 * vertebra[None], rod[None])


def test_ideal_image_is_the_exponential_of_the_line_integral():
    image = XRaySimulator(VIEW, preset("ideal")).signal(line_integrals(SOFT, BONE)).numpy()
    np.testing.assert_allclose(image, np.exp(-(SOFT + BONE)), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("energy_kev", [40.0, 60.0, 110.0])
@pytest.mark.parametrize("metal", METALS)
def test_monochromatic_image_at_another_energy(energy_kev, metal):
    metal_mm = RNG.uniform(0, 3, SOFT.shape)
    simulator = XRaySimulator(VIEW, replace(preset("ideal"), energy_kev=energy_kev))
    image = simulator.signal(line_integrals(SOFT, BONE, metal_mm, metal)).numpy()
    integral = relative_attenuation(WATER, energy_kev) * SOFT + relative_attenuation(CORTICAL_BONE, energy_kev) * BONE
    integral += attenuation_per_mm(METALS[metal], energy_kev) * metal_mm
    np.testing.assert_allclose(image, np.exp(-integral), atol=1e-5)


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "ideal"])
def test_presets_show_bone_and_metal(name):
    chosen = preset(name)
    views = receptor()
    image = simulate_xray(trunk(), views, chosen, seed=1, sod_mm=700.0)
    assert image.shape == (128, 128)
    assert image.dtype == np.uint16
    signal = chosen.output.signal(image)
    tissue, bone, metal = (
        np.median(signal[45:80, columns]) for columns in (slice(40, 48), slice(58, 68), slice(71, 73))
    )
    assert tissue > 1.1 * bone > 1.1 * 1.1 * metal
    brightness = 1 if chosen.output.inverted else -1
    assert brightness * np.median(image[45:80, 71:73].astype(int)) > brightness * np.median(
        image[45:80, 40:48].astype(int)
    )


@pytest.mark.parametrize(
    ("name", "low_ngy", "high_ngy"),
    [("fluoroscopy-low-dose", 2, 20), ("fluoroscopy", 10, 80), ("radiography", 1_000, 20_000)],
)
def test_presets_reach_the_receptor_with_a_usual_dose(name, low_ngy, high_ngy):
    simulator = XRaySimulator(receptor(), preset(name), sod_mm=700.0)
    behind = simulator.beam(uniform(0.0193 * 200)).signal.numpy()[0, 64, 64]
    assert low_ngy < 1000 * simulator.air_kerma_ugy * behind < high_ngy


def test_dose_follows_load_and_distance():
    near = XRaySimulator(receptor(sdd_mm=1000.0), preset("fluoroscopy"))
    far = XRaySimulator(receptor(sdd_mm=2000.0), replace(preset("fluoroscopy"), mas=0.6))
    assert far.open_quanta_per_pixel == pytest.approx(near.open_quanta_per_pixel, rel=1e-6)
    tube = tube_spectrum(75.0, 12.0, 3.0, 0.1)
    assert near.air_kerma_ugy == pytest.approx(0.15 * tube.air_kerma_ugy)
    assert XRaySimulator(VIEW, preset("ideal")).air_kerma_ugy is None


def test_focal_spot_blurs_edges_by_magnification():
    soft = np.zeros((1, 64, 64))
    soft[..., 32:] = 2.0
    chosen = replace(preset("ideal"), focal_spot_mm=2.0)
    views = receptor((64, 64), (0.2, 0.2))

    def width_mm(sod_mm):
        image = XRaySimulator(views, chosen, sod_mm).signal(line_integrals(soft)).numpy()[0, 32]
        spread = -np.diff(image) / (image[0] - image[-1])
        position = np.arange(63) * 0.2
        return np.sqrt((spread * position**2).sum() - (spread * position).sum() ** 2)

    assert width_mm(680.0) == pytest.approx(2.0 * (1020 / 680 - 1) / np.sqrt(12), rel=0.02)
    assert width_mm(900.0) == pytest.approx(2.0 * (1020 / 900 - 1) / np.sqrt(12), rel=0.02)


def test_collimated_border_is_dark_but_not_empty_of_scatter():
    chosen = replace(preset("fluoroscopy"), collimator=Collimator("rectangle", (80.0, 80.0)))
    simulator = XRaySimulator(receptor(), chosen, sod_mm=700.0)
    beam = simulator.beam(uniform(4.0)).signal.numpy()[0]
    assert 0.02 * beam[64, 64] < beam[64, 10] < 0.4 * beam[64, 64]


def test_many_large_views_come_in_parts(monkeypatch):
    simulator = XRaySimulator(VIEW, preset("fluoroscopy"))
    integrals = line_integrals(np.repeat(SOFT, 3, axis=0))
    whole = simulator.image(integrals, seed=4).numpy()
    monkeypatch.setattr("xray3d.drr.physics.simulator._PIXELS_AT_A_TIME", 32 * 40 * 4)
    np.testing.assert_array_equal(whole, simulator.image(integrals, seed=4).numpy())


def test_facade_takes_one_projection_or_many():
    many = simulate_xray(line_integrals(SOFT, BONE), [VIEW, VIEW], preset("ideal"))
    assert many.shape == SOFT.shape
    one = simulate_xray(line_integrals(SOFT[:1], BONE[:1]), VIEW, preset("ideal"))
    np.testing.assert_array_equal(one, many[0])


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: preset("flouroscopy"), "flouroscopy"),
        (lambda: XRayPreset(mas=-1.0), "mas"),
        (lambda: XRayPreset(mas=float("nan")), "mas"),
        (lambda: XRayPreset(focal_spot_mm=-0.1), "focal_spot_mm"),
        (lambda: XRayPreset(magnification=1.0), "magnification"),
        (lambda: FlatPanel(csi_mm=0.0), "csi_mm"),
        (lambda: FlatPanel(mtf50_per_mm=0.0), "mtf50_per_mm"),
        (lambda: AntiScatterGrid(0.0, 0.1), "primary_transmission"),
        (lambda: tube_spectrum(500.0, 12.0, 3.0, 0.0), "kvp"),
        (lambda: tube_spectrum(80.0, 12.0, -3.0, 0.0), "al_mm"),
        (lambda: XRaySimulator(VIEW, replace(preset("ideal"), energy_kev=-5.0)), "energy_kev"),
        (lambda: XRaySimulator(VIEW, preset("ideal"), sod_mm=2000.0), "sod_mm"),
        (lambda: simulate_xray(uniform(1.0), VIEW, preset("ideal")), "shape"),
        (lambda: simulate_xray(line_integrals(SOFT[:1]), VIEW, preset("ideal"), seed=-1), "seed"),
        (lambda: simulate_xray(uniform(1.0), [VIEW, VIEW], preset("ideal")), "2 projections"),
        (
            lambda: simulate_xray(line_integrals(SOFT), [VIEW, receptor((32, 40), (1.0, 1.0))], preset("ideal")),
            "differ",
        ),
        (lambda: simulate_xray(line_integrals(SOFT, BONE, BONE, "cheese"), [VIEW, VIEW], preset("ideal")), "cheese"),
    ],
)
def test_bad_parameters_are_named(make, names):
    with pytest.raises(XRay3DError, match=names) as error:
        make()
    assert "\n" not in str(error.value)
