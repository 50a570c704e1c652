"""Simulated X-rays of instrumented patients: each view as a DRR and as a detector stores it.

Of a DRR the truth is the same ray without metal; of an X-ray it is the same exposure without metal and without noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from xray3d.benchmarks.inpainting.cases import Case
from xray3d.benchmarks.inpainting.patients import Patient, middle_of
from xray3d.benchmarks.registration.cases import brightened
from xray3d.datasets.pose_range import PoseRange
from xray3d.drr import Implant
from xray3d.drr.exposure import expose
from xray3d.drr.physics.presets import XRayPreset, preset
from xray3d.geometry import Projection

SIDE_PX, SIDE_MM = 320, 256.0
# Frontal, lateral and all between.
_PRIMARY_DEG, _SECONDARY_DEG, _IN_PLANE_DEG = (-95.0, 95.0), (-25.0, 25.0), (-15.0, 15.0)
_ASIDE_MM, _DEEPER_MM = 30.0, 50.0
# Views with less metal are taken anew.
_LEAST_METAL = 0.005
_TECHNIQUES = ("fluoroscopy", "radiography")
_METAL_OF_DRRS = "titanium"
_METALS, _SHARES = ("titanium", "Ti-6Al-4V", "cobalt-chrome", "stainless steel 316L"), (0.4, 0.3, 0.15, 0.15)
_SEED = 40_000_000


def take_views(patient: Patient, numbers: Iterable[int], side_px: int = SIDE_PX) -> Iterator[Case]:
    """A DRR and an X-ray of each view."""
    for number in numbers:
        rng = np.random.default_rng([_SEED, number, *patient.name.encode()])
        drr, view, implants = _with_metal_in_view(patient, rng, side_px, f"{patient.name}, view {number}")
        yield drr
        yield _xray(patient, view, implants, rng, drr.name)


def _with_metal_in_view(
    patient: Patient, rng: np.random.Generator, side_px: int, name: str
) -> tuple[Case, Projection, Sequence[Implant]]:
    while True:
        implants = patient.spine.draw(rng)
        poses = PoseRange(middle_of(implants), _PRIMARY_DEG, _SECONDARY_DEG, _IN_PLANE_DEG, _ASIDE_MM, _DEEPER_MM)
        view = poses.draw(rng, (side_px, side_px), (SIDE_MM / side_px,) * 2)
        exposure = expose(patient.renderer, view, None, implants, _METAL_OF_DRRS)
        if exposure.metal_mask.mean() >= _LEAST_METAL:
            truth = patient.renderer.render(view)
            return Case("DRRs", name, exposure.pixels, truth, exposure.metal_mask), view, implants


def _xray(patient: Patient, view: Projection, implants: Sequence[Implant], rng: np.random.Generator, name: str) -> Case:
    technique_name, metal = str(rng.choice(_TECHNIQUES)), str(rng.choice(_METALS, p=_SHARES))
    technique = brightened(preset(technique_name), patient.renderer, view)
    exposure = expose(patient.renderer, view, technique, implants, metal, seed=int(rng.integers(10**9)))
    truth = expose(patient.renderer, view, _without_noise(technique))
    return Case("X-rays", f"{name}, {technique_name}, {metal}", exposure.pixels, truth.pixels, exposure.metal_mask)


def _without_noise(technique: XRayPreset) -> XRayPreset:
    return replace(technique, quantum_noise=False, detector=replace(technique.detector, electronic_noise_quanta=0.0))
