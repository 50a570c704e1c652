"""X-rays of a vertebra from up to eight sides, as a detector stores them, and what is said of where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.registration.cases import brightened
from xray3d.datasets.screw_placement import plan_pedicle_screws
from xray3d.drr import DRRRenderer, Implant
from xray3d.drr.exposure import expose
from xray3d.drr.physics.presets import XRayPreset, preset
from xray3d.errors import VolumeError
from xray3d.geometry import Projection
from xray3d.geometry.poses import about, se3_exp
from xray3d.inpainting.inpainter import inpaint
from xray3d.reconstruction.scenes import LabelledSpine
from xray3d.volumes import XRayImage

Condition = Literal[
    "calibrated",
    "calibration off by 2° and 2 mm",
    "a fifth of the dose",
    "pedicle screws",
    "pedicle screws, taken out by XRayInpainting",
]
SCREWED: tuple[Condition, ...] = ("pedicle screws", "pedicle screws, taken out by XRayInpainting")

# From the front, from the side, oblique from either side, then between these, as a C-arm can be.
ANGLES_DEG = (0.0, 90.0, 45.0, -45.0, 20.0, -70.0, 70.0, -20.0)
VIEW_COUNTS = (1, 2, 3, 4, 6, 8)
"""So many of these, the first ones."""

_SDD_MM, _SOD_MM = 1020.0, 700.0
_SIZE_PX, _PIXEL_MM = (512, 512), (0.6, 0.6)
_OFF_DEG, _TILT_DEG, _IN_PLANE_DEG, _ASIDE_MM = 8.0, 8.0, 5.0, 20.0
_TECHNIQUE, _LESS_DOSE = "fluoroscopy", 0.2
_CALIBRATION_DEG, _CALIBRATION_MM = 2.0, 2.0


def projections_of(middle_ras: NDArray[np.float64], rng: np.random.Generator) -> list[Projection]:
    """From where the X-rays of a vertebra are taken."""
    taken = []
    for angle in ANGLES_DEG:
        off, tilt, in_plane = rng.uniform(-1, 1, 3) * (_OFF_DEG, _TILT_DEG, _IN_PLANE_DEG)
        center = middle_ras + rng.uniform(-_ASIDE_MM, _ASIDE_MM, 3)
        view = Projection.from_carm(angle + off, tilt, center, _SDD_MM, _SOD_MM, _SIZE_PX, _PIXEL_MM)
        taken.append(view.perturbed([0, 0, 0, 0, 0, np.deg2rad(in_plane)]))
    return taken


def take_xray(
    renderer: DRRRenderer, view: Projection, condition: Condition, seed: int, screws: Sequence[Implant] = ()
) -> XRayImage:
    """One X-ray.

    Args:
        screws: that it shows where that is the condition.

    Raises:
        ModelError: they are to be taken out, and there is no model for that.
    """
    technique = brightened(preset(_TECHNIQUE), renderer, view)
    if condition == "a fifth of the dose":
        technique = _with_less_dose(technique)
    pixels = expose(renderer, view, technique, screws if condition in SCREWED else (), seed=seed).pixels
    xray = XRayImage(pixels, view, f"{view.viewing_direction_ras}")
    return inpaint(xray)[0] if condition == "pedicle screws, taken out by XRayInpainting" else xray


def screws_in(spine: LabelledSpine) -> list[Implant]:
    """Two in each vertebra whose pedicles are wide enough for them."""
    screws: list[Implant] = []
    for level, value in spine.values.items():
        try:
            plans = plan_pedicle_screws(spine.labels, value, level)
        except VolumeError:
            continue
        screws += [plan.implant(f"{level}, {plan.side}") for plan in plans]
    return screws


def _with_less_dose(technique: XRayPreset) -> XRayPreset:
    return replace(technique, mas=_LESS_DOSE * technique.mas)


def misread(view: Projection, middle_ras: NDArray[np.float64], rng: np.random.Generator) -> Projection:
    """What a calibration says that is wrong by up to 2° about each axis of the vertebra, and 2 mm along each."""
    turn = np.deg2rad(_CALIBRATION_DEG) * rng.uniform(-1, 1, 3)
    shift = _CALIBRATION_MM * rng.uniform(-1, 1, 3)
    return view.moved(about(middle_ras, se3_exp([*shift, *turn])))
