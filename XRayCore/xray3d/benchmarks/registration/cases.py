"""X-rays with known geometry for the registration benchmark, as unlike the registration's own pictures as real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.registration.anatomies import Anatomy
from xray3d.drr import DRRRenderer, Implant
from xray3d.drr.exposure import expose
from xray3d.drr.physics.collimator import Collimator
from xray3d.drr.physics.presets import XRayPreset, preset
from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.volumes import XRayImage

MOST_PRIMARY_DEG, MOST_SECONDARY_DEG = 45.0, 30.0
LEAST_BETWEEN_VIEWS_DEG = 30.0
SDD_MM, SOD_MM = 1020.0, 700.0
SIZE_PX, PIXEL_MM = (512, 512), (0.6, 0.6)
_ISOCENTER_SD_MM = 8.0
# What automatic brightness control aims at behind the middle of the field, and the most that it raises the tube load.
_SIGNAL_BEHIND_PATIENT, _MOST_LOAD = 0.02, 12.0
_TECHNIQUES = ("fluoroscopy", "fluoroscopy-low-dose", "radiography")


@dataclass(frozen=True, eq=False)
class ViewPair:
    """Two X-rays of one patient at one moment.

    Attributes:
        xrays: of random technique, collimation, gain, offset and gamma; their projections are the truth.
        metal_masks: the pixels that screws cover, none where there are no screws.
    """

    xrays: tuple[XRayImage, ...]
    metal_masks: tuple[NDArray[np.bool_], ...]

    @property
    def truth(self) -> list[Projection]:
        """The true projections."""
        return [xray.projection for xray in self.xrays]


def take_view_pair(anatomy: Anatomy, renderer: DRRRenderer, seed: int, with_screws: bool = False) -> ViewPair:
    """A pair from random directions; `renderer` holds `anatomy.xrayed`. Screws do not change anything else.

    Raises:
        GeometryError: a view shows no screw, which would pass for a view with masked metal.
    """
    rng = np.random.default_rng(seed)
    projections = _directions(anatomy, rng)
    exposures = [take_xray(renderer, view, rng, anatomy.screws if with_screws else ()) for view in projections]
    if with_screws and not all(mask.any() for _, mask in exposures):
        raise GeometryError(
            f"An X-ray of the {anatomy.place.name} (seed {seed}) shows no screw; "
            "move the isocentre of the place towards its screws."
        )
    return ViewPair(tuple(xray for xray, _ in exposures), tuple(mask for _, mask in exposures))


def take_xray(
    renderer: DRRRenderer,
    projection: Projection,
    rng: np.random.Generator,
    screws: Sequence[Implant] = (),
    collimated: bool = True,
) -> tuple[XRayImage, NDArray[np.bool_]]:
    """An X-ray of random technique, collimation, gain, offset and gamma, and the pixels that screws cover.

    Args:
        renderer: of the patient.
        projection: from where.
        rng: of all that is random; it draws the same with and without screws.
        screws: metal in the patient that the renderer does not have.
        collimated: False leaves the whole receptor open.
    """
    technique = _technique(rng, projection)
    if not collimated:
        technique = replace(technique, collimator=None)
    technique = brightened(technique, renderer, projection)
    seed = int(rng.integers(10**9))
    exposure = expose(renderer, projection, technique, screws, seed=seed)
    share = exposure.pixels / technique.output.largest_value
    gain, offset, gamma = rng.uniform(0.5, 2.0), rng.uniform(-0.2, 0.2), np.exp(rng.uniform(-0.35, 0.35))
    pixels = (1000.0 * (gain * share**gamma + offset)).astype(np.float32)
    return XRayImage(pixels, projection), exposure.metal_mask


def take_plain_xray(anatomy: Anatomy, renderer: DRRRenderer, seed: int) -> XRayImage:
    """A fluoroscopic X-ray from a random direction with the whole receptor open and its grey values as stored."""
    projection = _directions(anatomy, np.random.default_rng(seed))[0]
    technique = brightened(preset("fluoroscopy"), renderer, projection)
    return XRayImage(expose(renderer, projection, technique, seed=seed).pixels, projection)


def brightened(technique: XRayPreset, renderer: DRRRenderer, projection: Projection) -> XRayPreset:
    """The technique with the tube load that automatic brightness control would choose for this view."""
    glance = expose(renderer, projection.resampled((32, 32)), replace(technique, collimator=None))
    middle = technique.output.signal(glance.pixels)[8:24, 8:24]
    factor = np.clip(_SIGNAL_BEHIND_PATIENT / np.median(middle), 1.0, _MOST_LOAD)
    return replace(technique, mas=technique.mas * float(factor))


def _directions(anatomy: Anatomy, rng: np.random.Generator) -> list[Projection]:
    isocenter = np.add(anatomy.place.isocenter_ras, rng.normal(0, _ISOCENTER_SD_MM, 3))
    while True:
        angles = rng.uniform(-1, 1, (2, 2)) * (MOST_PRIMARY_DEG, MOST_SECONDARY_DEG)
        pair = [
            Projection.from_carm(primary, secondary, isocenter, SDD_MM, SOD_MM, SIZE_PX, PIXEL_MM)
            for primary, secondary in angles
        ]
        cosine = pair[0].viewing_direction_ras @ pair[1].viewing_direction_ras
        if cosine < np.cos(np.deg2rad(LEAST_BETWEEN_VIEWS_DEG)):
            return pair


def _technique(rng: np.random.Generator, projection: Projection) -> XRayPreset:
    """A technique as a user might meet it: any preset, scale and collimation."""
    chosen = preset(_TECHNIQUES[int(rng.integers(len(_TECHNIQUES)))])
    receptor_mm = np.multiply(projection.size_px, projection.pixel_mm)
    fields: Sequence[Collimator | None] = (
        None,
        Collimator("circle"),
        Collimator("rectangle", (rng.uniform(0.65, 0.95) * receptor_mm[0], rng.uniform(0.65, 0.95) * receptor_mm[1])),
    )
    return replace(chosen, collimator=fields[int(rng.integers(len(fields)))])
