"""The whole chain: from line integrals to a stored X-ray image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import warp as wp
from numpy.typing import NDArray

from xray3d.drr.line_integrals import LineIntegrals
from xray3d.drr.physics.blur import focal_spot_sigma_mm, gaussian_blur, mtf_sigma_mm
from xray3d.drr.physics.collimator import collimate
from xray3d.drr.physics.errors import PhysicsError, require_range
from xray3d.drr.physics.noise import electronic_noise, quantum_noise
from xray3d.drr.physics.presets import XRayPreset
from xray3d.drr.physics.primary import Beam, transmit
from xray3d.drr.physics.response import DetectedSpectrum, detect
from xray3d.drr.physics.scatter import ScatterModel
from xray3d.drr.physics.spectrum import Spectrum, fluence_scale, tube_spectrum
from xray3d.geometry import Projection

# Views are taken through the chain so many pixels at a time, which bounds its memory to about 200 MiB.
_PIXELS_AT_A_TIME = 2**22


class XRaySimulator:
    """An X-ray tube and detector, ready for any number of views with the same receptor and distance.

    Making one takes next to no time: spectra and the detector's response to them are kept for the next. Signals are
    relative to the open beam with everything but the patient in place, as after the detector's flat-field correction.

    Args:
        projection: the geometry of one of the views: distance, pixels and size of the receptor count.
        preset: the technique.
        sod_mm: distance from the source to the middle of the object; None for the preset's magnification.

    Raises:
        PhysicsError: a parameter out of range.
    """

    def __init__(self, projection: Projection, preset: XRayPreset, sod_mm: float | None = None) -> None:
        sdd_mm = projection.sdd_mm
        if sod_mm is not None:
            require_range("sod_mm", sod_mm, 0.05 * sdd_mm, 0.999 * sdd_mm)
        self.projection = projection
        self.preset = preset
        self.magnification = preset.magnification if sod_mm is None else sdd_mm / sod_mm
        self._scatter = ScatterModel(projection, sdd_mm * (1.0 - 1.0 / self.magnification), preset.grid)
        whole = np.ones(projection.size_px, np.float32)
        self.field = whole if preset.collimator is None else preset.collimator.field(projection)
        tube = tube_spectrum(preset.kvp, preset.anode_angle_deg, preset.al_mm, preset.cu_mm)
        self._source = tube if preset.energy_kev is None else tube.monochromatic(preset.energy_kev)
        self.spectrum: Spectrum = self._source.at(sdd_mm, preset.mas)

    @property
    def air_kerma_ugy(self) -> float | None:
        """Air kerma at the receptor, before its grid, without a patient; None for a monochromatic beam."""
        return self.spectrum.air_kerma_ugy

    @property
    def open_quanta_per_pixel(self) -> float:
        """Photons that a pixel absorbs in the open beam."""
        return self.response().absorbed_per_mm2 * self._effective_pixel_mm2

    def response(self, metal: str = "titanium") -> DetectedSpectrum:
        """The detector's response to the open beam, with the attenuation of an implant's metal."""
        photons = fluence_scale(self.projection.sdd_mm, self.preset.mas)
        return detect(self._source, self.preset.detector.csi_mm, metal).scaled(photons)

    def primary(self, integrals: LineIntegrals) -> Beam:
        """The primary radiation behind the patient, neither collimated nor blurred."""
        return transmit(integrals, self.response(integrals.metal))

    def beam(self, integrals: LineIntegrals) -> Beam:
        """What arrives at the detector: primary, collimated and blurred by the focal spot, and scatter."""
        beam = primary = self.primary(integrals)
        field = wp.array(self.field, dtype=wp.float32, device=beam.signal.device)
        if self.preset.collimator is not None:
            beam = collimate(beam, field)
        sigma_px = self._pixels(focal_spot_sigma_mm(self.preset.focal_spot_mm, self.magnification))
        beam = Beam(gaussian_blur(beam.signal, sigma_px), gaussian_blur(beam.variance, sigma_px))
        if self.preset.scatter:
            beam = self._scatter.add(beam, self._scatter.scatter(primary.signal, field))
        return beam

    def expose(self, beam: Beam, seed: int) -> wp.array:
        """The detector's signal (n, rows, cols) float32 in one exposure: quanta, blur and the electronics' noise."""
        detector = self.preset.detector
        signal = beam.signal
        if self.preset.quantum_noise:
            signal = quantum_noise(beam, self.response().variance_mm2 / self._effective_pixel_mm2, seed)
        if detector.mtf50_per_mm is not None:
            signal = gaussian_blur(signal, self._pixels(mtf_sigma_mm(detector.mtf50_per_mm)))
        if detector.electronic_noise_quanta > 0:
            signal = electronic_noise(signal, self._electronic_sigma, seed)
        return signal

    def signal(self, integrals: LineIntegrals, seed: int = 0) -> wp.array:
        """The detector's signal (n, rows, cols) float32, relative to the open beam, on the device of the integrals.

        Args:
            integrals: line integrals of n views on this receptor.
            seed: fixes the noise, 0 to 10⁹; view k takes the noise of seed + k.

        Raises:
            PhysicsError: line integrals of another size, an unknown metal, or a seed out of range.
        """
        self._check(integrals)
        require_range("seed", seed, 0, 10**9)
        shape = integrals.soft.shape
        signal = wp.empty(shape, dtype=wp.float32, device=integrals.soft.device)
        step = max(1, _PIXELS_AT_A_TIME // (shape[1] * shape[2]))
        for first in range(0, shape[0], step):
            some = slice(first, min(first + step, shape[0]))
            wp.copy(signal[some], self.expose(self.beam(_views(integrals, some)), seed + first))
        return signal

    def image(self, integrals: LineIntegrals, seed: int = 0) -> wp.array:
        """The stored image (n, rows, cols) uint16 on the device of the integrals; arguments and errors as `signal`."""
        return self.preset.output.store(self.signal(integrals, seed))

    @property
    def _effective_pixel_mm2(self) -> float:
        """Area of a pixel, less what the grid takes of the primary."""
        grid = self.preset.grid
        passing = 1.0 if grid is None else grid.primary_transmission
        return self.projection.pixel_mm[0] * self.projection.pixel_mm[1] * passing

    @property
    def _electronic_sigma(self) -> float:
        """Electronic noise of a pixel in units of the open beam; the panel's own pixels add up to it in quadrature."""
        detector = self.preset.detector
        own_pixels = self.projection.pixel_mm[0] * self.projection.pixel_mm[1] / detector.pixel_mm**2
        return float(detector.electronic_noise_quanta * own_pixels**0.5 / self.open_quanta_per_pixel)

    def _pixels(self, sigma_mm: float) -> tuple[float, float]:
        return sigma_mm / self.projection.pixel_mm[0], sigma_mm / self.projection.pixel_mm[1]

    def _check(self, integrals: LineIntegrals) -> None:
        shape = integrals.soft.shape
        if len(shape) != 3 or tuple(shape[1:]) != self.projection.size_px:
            raise PhysicsError(
                f"The line integrals have the shape {tuple(shape)}, the receptor {self.projection.size_px} pixels; "
                "render them with the projection that the simulator was made for."
            )


def simulate_xray(
    integrals: LineIntegrals,
    projections: Projection | Sequence[Projection],
    preset: XRayPreset,
    seed: int = 0,
    sod_mm: float | None = None,
) -> NDArray[np.uint16]:
    """Stored X-ray images from line integrals.

    Args:
        integrals: line integrals of the projections, on any device.
        projections: one, or a sequence with the same receptor and distance.
        preset: the technique, for example `presets.preset("fluoroscopy")`.
        seed: fixes the noise; view k takes the noise of seed + k.
        sod_mm: distance from the source to the middle of the object; None for the preset's magnification.

    Returns:
        (rows, cols) of one projection, (n, rows, cols) of a sequence.

    Raises:
        PhysicsError: a parameter out of range, or projections and line integrals that do not fit together.
    """
    single = isinstance(projections, Projection)
    listed = [projections] if isinstance(projections, Projection) else list(projections)
    if len(listed) != len(integrals.soft):
        raise PhysicsError(f"There are {len(listed)} projections but line integrals of {len(integrals.soft)} views.")
    receptors = {(p.size_px, p.pixel_mm, round(p.sdd_mm, 3)) for p in listed}
    if len(receptors) > 1:
        raise PhysicsError("The projections differ in receptor or distance; simulate them one at a time.")
    images = XRaySimulator(listed[0], preset, sod_mm).image(integrals, seed).numpy()
    return images[0] if single else images


def _views(integrals: LineIntegrals, some: slice) -> LineIntegrals:
    metal_mm = None if integrals.metal_mm is None else integrals.metal_mm[some]
    return LineIntegrals(integrals.soft[some], integrals.bone[some], metal_mm, integrals.metal)
