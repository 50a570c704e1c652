"""Whose X-rays the registration benchmark takes, and the volume that they are taken of.

The X-rays must not come from the very volume that is registered to: the one that is X-rayed is resampled to finer
slices by cubic splines, and where the CT ends in the patient, the patient goes on (the last slices, mirrored).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from xray3d.datasets.screw_placement import plan_pedicle_screws
from xray3d.datasets.spine_finder import FoundSpine, find_vertebrae
from xray3d.drr import Implant
from xray3d.errors import VolumeError
from xray3d.volumes import CTVolume, load_ct

TARGET_HU = 250.0
TARGET_RADIUS_MM = 70.0
TARGET_COUNT = 400
_FINEST_MM = 0.8
_BEYOND_MM = 80.0
_PARTS = 16


@dataclass(frozen=True)
class Place:
    """A part of a patient that is registered.

    Attributes:
        name: for the table.
        file: the CT, relative to the data folder.
        isocenter_ras: (3,) mm, what the C-arm aims at.
        has_soft_tissue: whether the CT shows any, which can then be elsewhere on the X-rays.
    """

    name: str
    file: str
    isocenter_ras: tuple[float, float, float]
    has_soft_tissue: bool = True


PLACES = (
    Place("lumbar spine (abdomen_pelvis_acrin001)", "ct/abdomen_pelvis_acrin001.nii.gz", (17.0, -49.0, -668.0)),
    Place("pelvis (abdomen_pelvis_acrin001)", "ct/abdomen_pelvis_acrin001.nii.gz", (15.0, -40.0, -765.0)),
    Place("pelvis (pelvis_bone_only)", "ct/pelvis_bone_only.nii.gz", (3.0, 0.0, -1300.0), False),
    Place("thoracolumbar spine (chest_lidc0001)", "ct/chest_lidc0001.nii.gz", (-18.0, -58.0, -265.0)),
)


@dataclass(frozen=True, eq=False)
class Anatomy:
    """One place of one patient, ready to be X-rayed.

    Attributes:
        place: where.
        ct: what is registered to.
        xrayed: the finer, longer volume that the X-rays show.
        targets_ras: (n, 3) points on bone within `TARGET_RADIUS_MM` of the isocentre, mm.
        screws: pedicle screws, at least two, which are not in `ct`.
    """

    place: Place
    ct: CTVolume
    xrayed: CTVolume
    targets_ras: NDArray[np.float64]
    screws: Sequence[Implant]


def load_anatomy(place: Place, data_folder: Path, seed: int = 0) -> Anatomy:
    """The place with its targets drawn by `seed`.

    Raises:
        VolumeError: no usable CT, or one in which no vertebra can have screws.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that soft tissue was cut away is known and part of the test
        ct = load_ct(data_folder / place.file)
    spine = find_vertebrae(ct)
    return Anatomy(place, ct, as_xrayed(ct), _targets(ct, place, seed), _screws(spine, place))


def _targets(ct: CTVolume, place: Place, seed: int) -> NDArray[np.float64]:
    bone = ct.to_ras(np.argwhere(ct.hu > TARGET_HU)[:, ::-1])
    near = bone[np.linalg.norm(bone - place.isocenter_ras, axis=1) < TARGET_RADIUS_MM]
    return np.random.default_rng(seed).choice(near, TARGET_COUNT, replace=False)


def as_xrayed(ct: CTVolume) -> CTVolume:
    """The CT with slices as thin as its pixels, by cubic splines, and mirrored beyond its ends."""
    spacing_mm = np.linalg.norm(ct.ijk_to_ras[:3, :3], axis=0)
    beyond = min(round(_BEYOND_MM / spacing_mm[2]), len(ct.hu) - 1)
    longer = np.pad(ct.hu, ((beyond, beyond), (0, 0), (0, 0)), mode="reflect")
    finer = max(1, round(spacing_mm[2] / max(spacing_mm[0], _FINEST_MM)))
    at = np.arange((len(longer) - 1) * finer + 1) / finer
    # Some rows at a time: the coefficients of all would take gigabytes.
    parts = np.array_split(longer, min(_PARTS, longer.shape[1]), axis=1)
    splines = (CubicSpline(np.arange(len(longer)), part, axis=0) for part in parts)
    hu = np.concatenate([spline(at).astype(np.float32) for spline in splines], axis=1)
    to_ct = np.diag([1.0, 1.0, 1.0 / finer, 1.0])
    to_ct[2, 3] = -beyond
    return CTVolume(np.maximum(hu, -1024.0), ct.ijk_to_ras @ to_ct, f"{ct.name}, finer")


def _screws(spine: FoundSpine, place: Place) -> list[Implant]:
    """Screws in the whole vertebrae nearest to the isocentre, in three of them at most.

    Raises:
        VolumeError: there is no vertebra for them; X-rays without metal would pass for X-rays with it.
    """
    by_distance = sorted(
        (vertebra for vertebra in spine.vertebrae if vertebra.is_whole),
        key=lambda vertebra: float(np.linalg.norm(vertebra.center_ras - place.isocenter_ras)),
    )
    screws: list[Implant] = []
    for vertebra in by_distance:
        try:
            plans = plan_pedicle_screws(spine.labels, vertebra.label, frame=vertebra.to_ras)
        except VolumeError:
            continue  # too slender for a screw: the next one may do
        screws += [plan.implant(f"{plan.side} screw") for plan in plans]
        if len(screws) >= 6:
            break
    if not screws:
        raise VolumeError(f"{place.file} has no vertebra that a pedicle screw fits; measure at another place.")
    return screws
