"""The demonstration's X-rays: a few C-arm angles, each clean and realistic, without and with implants."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xray3d.demo.patient import DemoPatient
from xray3d.demo.pictures import grey_from_line_integrals, hung, save_png, tinted
from xray3d.drr import DRRRenderer
from xray3d.drr.exposure import Exposure, expose
from xray3d.drr.physics.display import to_display
from xray3d.drr.physics.presets import XRayPreset, preset
from xray3d.geometry import Projection
from xray3d.volumes import XRayImage, save_xray

ANGLES_DEG = {
    "AP": (0.0, 0.0),
    "lateral": (90.0, 0.0),
    "right oblique": (-35.0, 0.0),
    "left oblique": (35.0, 0.0),
    "cranial tilt": (0.0, 25.0),
}
SDD_MM, SOD_MM = 1020.0, 700.0
SIZE_PX = (512, 512)
PIXEL_MM = (0.6, 0.6)
TECHNIQUES = ("fluoroscopy", "radiography")
_LATERAL_KVP, _LATERAL_LOAD = 95.0, 5.0


@dataclass(frozen=True)
class DemoPicture:
    """One picture of the report: its file beside the report, and what it shows."""

    file: Path
    caption: str


@dataclass(frozen=True)
class DemoView:
    """All pictures from one angle.

    Attributes:
        seconds: to render the line integrals of the view.
        cut_share: share of its rays that leave the body where the CT ends.
    """

    name: str
    primary_deg: float
    secondary_deg: float
    seconds: float
    cut_share: float
    pictures: tuple[DemoPicture, ...]


def take_views(patient: DemoPatient, renderer: DRRRenderer, folder: Path) -> Iterator[DemoView]:
    """Render view after view; writes NRRD with geometry and PNG files into `folder`."""
    for name, (primary_deg, secondary_deg) in ANGLES_DEG.items():
        projection = Projection.from_carm(
            primary_deg, secondary_deg, patient.isocenter_ras, SDD_MM, SOD_MM, SIZE_PX, PIXEL_MM
        )
        stem = name.replace(" ", "_").lower()
        renderer.render(projection)
        started = time.perf_counter()
        renderer.render(projection)
        seconds = time.perf_counter() - started
        pictures = tuple(_pictures(patient, renderer, projection, folder / stem))
        cut_share = float(renderer.leaves_cut_face(projection).mean())
        yield DemoView(name, primary_deg, secondary_deg, seconds, cut_share, pictures)


def _pictures(patient: DemoPatient, renderer: DRRRenderer, projection: Projection, stem: Path) -> Iterator[DemoPicture]:
    clean = expose(renderer, projection)
    grey = grey_from_line_integrals(clean.pixels)
    yield _save(clean, projection, grey, Path(f"{stem}_drr"), "line integrals")
    for technique in TECHNIQUES:
        yield _realistic(patient, renderer, projection, technique, False, Path(f"{stem}_{technique}"))
    if patient.implants:
        yield _realistic(patient, renderer, projection, TECHNIQUES[0], True, Path(f"{stem}_{TECHNIQUES[0]}_screws"))
        with_metal = expose(renderer, projection, None, patient.implants)
        mask = XRayImage(with_metal.metal_mask.astype(np.float32), projection)
        save_xray(mask, Path(f"{stem}_screws_mask.nrrd"), overwrite=True)
        picture = tinted(grey, with_metal.metal_mask)
        yield _save(with_metal, projection, picture, Path(f"{stem}_drr_screws"), "line integrals, metal marked")


def _realistic(
    patient: DemoPatient, renderer: DRRRenderer, projection: Projection, technique: str, metal: bool, stem: Path
) -> DemoPicture:
    used = _technique(technique, projection)
    exposure = expose(renderer, projection, used, patient.implants if metal else ())
    picture = to_display(used.output.signal(exposure.pixels), inverted=used.output.inverted)
    return _save(exposure, projection, picture, stem, f"{technique}{' with screws' if metal else ''}")


def _technique(name: str, projection: Projection) -> XRayPreset:
    """The preset, with what an automatic exposure control would ask for through the width of a trunk."""
    used = preset(name)
    sideways = abs(projection.viewing_direction_ras[0]) > 0.7
    return replace(used, kvp=_LATERAL_KVP, mas=_LATERAL_LOAD * used.mas) if sideways else used


def _save(exposure: Exposure, projection: Projection, picture, stem: Path, caption: str) -> DemoPicture:
    save_xray(XRayImage(exposure.pixels, projection), stem.with_suffix(".nrrd"), overwrite=True)
    file = stem.with_suffix(".png")
    save_png(hung(picture, projection), file)
    return DemoPicture(file, caption)
