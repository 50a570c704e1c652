"""Scatter against photon transport through a slab of water."""

import numpy as np
import pytest
import xraydb

from physics_support import WATER_PER_MM, line_integrals, receptor, to_warp, uniform
from xray3d.drr.physics.presets import XRayPreset
from xray3d.drr.physics.scatter import AntiScatterGrid, ScatterModel
from xray3d.drr.physics.simulator import XRaySimulator
from xray3d.drr.physics.spectrum import tube_spectrum

ELECTRON_REST_KEV = 511.0


class SlabTransport:
    """A pencil beam of 80 kVp through a slab of water: Compton and coherent scattering, absorption as weight."""

    def __init__(self, thickness_mm, gap_mm, photons, seed):
        self.rng = np.random.default_rng(seed)
        spectrum = tube_spectrum(80.0, 12.0, 3.0, 0.0)
        share = spectrum.photons_per_mm2 / spectrum.photons_per_mm2.sum()
        grid = np.arange(1.0, 151.0)
        self.kinds = {
            kind: np.asarray(xraydb.material_mu("H2O", grid * 1e3, density=1.0, kind=kind)) / 10
            for kind in ("total", "photo", "incoh")
        }
        self.eta = 1 - np.exp(-0.05 * xraydb.material_mu("CsI", grid * 1e3, density=4.51))
        self.grid = grid
        self.energy = self.rng.choice(spectrum.energy_kev, photons, p=share)
        self.primary = (self.signal(self.energy) * np.exp(-self.per_mm("total") * thickness_mm)).sum()
        self.position = np.zeros((photons, 3))
        self.direction = np.tile([0.0, 0.0, 1.0], (photons, 1))
        self.weight = np.ones(photons)
        self.radius_mm, self.scattered = self.run(thickness_mm, gap_mm)

    def per_mm(self, kind):
        return np.interp(self.energy, self.grid, self.kinds[kind])

    def signal(self, energy):
        return energy * np.interp(energy, self.grid, self.eta)

    def run(self, thickness_mm, gap_mm):
        radii, signals = [], []
        for order in range(40):
            self.position += (
                self.direction * (self.rng.exponential(size=len(self.energy)) / self.per_mm("total"))[:, None]
            )
            left = self.position[:, 2] > thickness_mm
            if order > 0:
                exit_position, exit_direction = self.position[left], self.direction[left]
                to_receptor = (thickness_mm + gap_mm - exit_position[:, 2]) / exit_direction[:, 2]
                at = exit_position[:, :2] + exit_direction[:, :2] * to_receptor[:, None]
                radii.append(np.hypot(*at.T))
                signals.append(self.weight[left] * self.signal(self.energy[left]))
            self.keep(~left & (self.position[:, 2] > 0))
            self.weight *= 1 - self.per_mm("photo") / self.per_mm("total")
            self.scatter()
            self.keep((self.energy > 8) & (self.weight > 1e-3))
        return np.concatenate(radii), np.concatenate(signals)

    def keep(self, some):
        self.energy, self.weight = self.energy[some], self.weight[some]
        self.position, self.direction = self.position[some], self.direction[some]

    def scatter(self):
        coherent = self.per_mm("total") - self.per_mm("photo") - self.per_mm("incoh")
        compton = self.rng.random(len(self.energy)) < self.per_mm("incoh") / (self.per_mm("incoh") + coherent)
        cosine = self.angles(compton)
        self.turn(cosine)
        shift = 1 + self.energy / ELECTRON_REST_KEV * (1 - cosine)
        self.energy = np.where(compton, self.energy / shift, self.energy)

    def angles(self, compton):
        """Cosines by rejection: Klein and Nishina; Thomson with a form factor that falls with momentum transfer."""
        cosine, open_ = np.empty(len(self.energy)), np.arange(len(self.energy))
        while len(open_):
            trial, energy = self.rng.uniform(-1, 1, len(open_)), self.energy[open_]
            ratio = 1 / (1 + energy / ELECTRON_REST_KEV * (1 - trial))
            klein_nishina = ratio**2 * (ratio + 1 / ratio - 1 + trial**2) / 2
            transfer = energy / 12.398 * np.sqrt((1 - trial) / 2)
            thomson = (1 + trial**2) / 2 / (1 + (transfer / 0.35) ** 2) ** 2
            accepted = self.rng.random(len(open_)) < np.where(compton[open_], klein_nishina, thomson)
            cosine[open_[accepted]] = trial[accepted]
            open_ = open_[~accepted]
        return cosine

    def turn(self, cosine):
        azimuth, sine = self.rng.uniform(0, 2 * np.pi, len(cosine)), np.sqrt(1 - cosine**2)
        helper = np.where(np.abs(self.direction[:, :1]) < 0.9, [[1.0, 0, 0]], [[0, 1.0, 0]])
        first = np.cross(self.direction, helper)
        first /= np.linalg.norm(first, axis=1)[:, None]
        second = np.cross(self.direction, first)
        aside = first * np.cos(azimuth)[:, None] + second * np.sin(azimuth)[:, None]
        self.direction = self.direction * cosine[:, None] + aside * sine[:, None]

    def ratio_within(self, radius_mm):
        """Scatter to primary in the middle of a wide beam of this radius on the receptor."""
        return self.scattered[self.radius_mm < radius_mm].sum() / self.primary


def disc(size, pixel_mm, radius_mm):
    axis = (np.arange(size) - (size - 1) / 2) * pixel_mm
    return (np.hypot(axis[:, None], axis) < radius_mm).astype(np.float32)


@pytest.mark.parametrize(("thickness_mm", "gap_mm"), [(150.0, 50.0), (200.0, 200.0), (250.0, 100.0)])
def test_scatter_to_primary_ratio_of_water(thickness_mm, gap_mm):
    truth = SlabTransport(thickness_mm, gap_mm, 60_000, seed=0)
    views = receptor((256, 256), (2.0, 2.0))
    simulator = XRaySimulator(views, XRayPreset(kvp=80.0, cu_mm=0.0, al_mm=3.0))
    primary = simulator.primary(uniform(WATER_PER_MM * thickness_mm, (1, 256, 256))).signal
    model = ScatterModel(views, gap_mm + thickness_mm / 2, grid=None)
    for radius_mm in (100.0, 200.0):
        scatter = model.scatter(primary, to_warp(disc(256, 2.0, radius_mm))).numpy()
        ratio = scatter[0, 15:17, 15:17].mean() / primary.numpy().mean()
        assert ratio == pytest.approx(truth.ratio_within(radius_mm), rel=0.15)


@pytest.mark.parametrize(("grid", "low", "high"), [(None, 1.0, 3.5), (AntiScatterGrid(0.7, 0.12), 0.15, 0.7)])
def test_a_trunk_on_the_c_arm_scatters_plausibly(grid, low, high):
    simulator = XRaySimulator(receptor((256, 256)), XRayPreset(grid=grid), sod_mm=700.0)
    integrals = uniform(WATER_PER_MM * 220.0, (1, 256, 256))
    total, primary = simulator.beam(integrals).signal.numpy(), simulator.primary(integrals).signal.numpy()
    ratio = (total - primary)[0, 128, 128] / primary[0, 128, 128]
    assert low < ratio < high


def test_air_scatters_nothing_and_a_small_field_little():
    simulator = XRaySimulator(receptor(), XRayPreset(), sod_mm=700.0)
    np.testing.assert_allclose(simulator.beam(uniform(0.0)).signal.numpy(), 1.0, atol=1e-6)
    primary = simulator.primary(uniform(4.0)).signal
    model = ScatterModel(receptor(), 320.0, None)
    whole = model.scatter(primary, to_warp(np.ones((128, 128)))).numpy()[0, 16, 16]
    small = model.scatter(primary, to_warp(disc(128, 1.2, 25.0))).numpy()[0, 16, 16]
    assert small < 0.2 * whole


def test_scatter_does_not_depend_on_the_pixels():
    """A slab with a step, seen with coarse and fine pixels of either aspect, scatters the same."""
    ratios = []
    for size_px, pixel_mm in (((64, 64), (4.8, 4.8)), ((256, 256), (1.2, 1.2)), ((250, 400), (1.2288, 0.768))):
        soft = np.full((1, *size_px), 3.0)
        soft[..., size_px[1] // 2 :] = 5.0
        simulator = XRaySimulator(receptor(size_px, pixel_mm), XRayPreset(focal_spot_mm=0.0), sod_mm=700.0)
        scatter = (
            simulator.beam(line_integrals(soft)).signal.numpy() - simulator.primary(line_integrals(soft)).signal.numpy()
        )
        ratios.append([scatter[0, size_px[0] // 2, int(size_px[1] * x)] for x in (0.1, 0.3, 0.7, 0.9)])
    np.testing.assert_allclose(ratios[0], ratios[1], rtol=0.03)
    np.testing.assert_allclose(ratios[2], ratios[1], rtol=0.03)
