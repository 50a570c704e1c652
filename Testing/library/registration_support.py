"""A small patient, X-rays of it from a finer volume than the one that is registered, and how far off a pose is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import binary_dilation

from xray3d import CTVolume, DRRRenderer, LabelVolume, Projection, XRayImage
from xray3d.datasets.synthetic_spine import VERTEBRA_LABELS, SyntheticPatient, synthetic_lumbar_spine
from xray3d.registration.metrics import mean_target_registration_error
from xray3d.registration.pose_space import LEVER_MM, world_motion
from xray3d.registration.register import Registrar

CENTRE = np.array([0.0, 0.0, -10.0])
LUMBAR = ("L1", "L2", "L3", "L4", "L5")


@cache
def patient() -> SyntheticPatient:
    """What is registered, in voxels of 4 mm."""
    return synthetic_lumbar_spine(seed=0, spacing_mm=4.0)


@cache
def registrar() -> Registrar:
    """The patient prepared for registration."""
    return Registrar(patient().ct)


@cache
def finer_patient() -> SyntheticPatient:
    """The same patient in voxels of 3 mm, to be X-rayed."""
    return synthetic_lumbar_spine(seed=0, spacing_mm=3.0)


@cache
def xray_room() -> DRRRenderer:
    """Where X-rays of the patient are taken."""
    return DRRRenderer(finer_patient().ct)


def carm(primary_deg: float, secondary_deg: float = 0.0, size_px=(96, 96), pixel_mm=(3.0, 3.0)) -> Projection:
    """A view of the patient's lumbar spine."""
    return Projection.from_carm(primary_deg, secondary_deg, CENTRE, 1020, 700, size_px, pixel_mm)


FRONTAL, LATERAL = carm(0), carm(90)


def xrays(*views: Projection) -> list[XRayImage]:
    """The patient's X-rays as line integrals, bone bright."""
    return [XRayImage(xray_room().render(view), view, f"X-ray {n + 1}") for n, view in enumerate(views)]


def motion(translation_mm: ArrayLike, rotation_deg: ArrayLike, about: ArrayLike = CENTRE) -> NDArray[np.float64]:
    """Rigid RAS-to-RAS transform (4, 4)."""
    return world_motion([*np.ravel(translation_mm), *(np.deg2rad(rotation_deg) * LEVER_MM)], about)


# 8 mm and 6°.
ROUGH = motion([5.0, -4.6, 4.2], [3.6, -3.4, 3.4])


def bone_points(levels: Sequence[str] = LUMBAR) -> NDArray[np.float64]:
    """(n, 3) RAS points of some vertebrae."""
    labels = patient().labels
    chosen = np.argwhere(np.isin(labels.labels, [VERTEBRA_LABELS[level] for level in levels]))
    return labels.to_ras(chosen[::7, ::-1])


def error_mm(found: Sequence[Projection], true: Sequence[Projection], levels: Sequence[str] = LUMBAR) -> float:
    """Mean distance of bone points from where they are."""
    return mean_target_registration_error(list(found), list(true), bone_points(levels))


def reindexed(ct: CTVolume, axes: tuple[int, int, int], flips: Sequence[int]) -> CTVolume:
    """The same volume with its voxels stored in another order: array axes swapped, then flipped."""
    to_ras = np.eye(4)
    # Array axis n is index axis 2 - n.
    swapped = [2 - axes[2 - axis] for axis in range(3)]
    to_ras[:, :3], to_ras[:, 3] = ct.ijk_to_ras[:, swapped], ct.ijk_to_ras[:, 3]
    hu = ct.hu.transpose(axes)
    for array_axis in flips:
        axis = 2 - array_axis
        to_ras[:3, 3] += to_ras[:3, axis] * (hu.shape[array_axis] - 1)
        to_ras[:3, axis] *= -1
        hu = np.flip(hu, array_axis)
    return CTVolume(hu, to_ras, ct.name)


def shifted_vertebra(level: str, shift_mm: ArrayLike) -> tuple[DRRRenderer, LabelVolume, NDArray[np.float64]]:
    """The finer patient with one vertebra moved by whole voxels, its label in `patient`, and the motion (4, 4)."""
    whole, labels = finer_patient().ct, finer_patient().labels
    chosen = binary_dilation(labels.labels == VERTEBRA_LABELS[level])
    i, j, k = (round(float(step)) for step in np.asarray(shift_mm) / whole.spacing_mm)
    hu = np.where(chosen, np.minimum(whole.hu, 50.0), whole.hu)
    there, moved = (np.roll(array, (k, j, i), (0, 1, 2)) for array in (chosen, whole.hu))
    hu[there] = np.maximum(hu, moved)[there]
    region = LabelVolume(patient().labels.labels == VERTEBRA_LABELS[level], patient().labels.ijk_to_ras, level)
    return DRRRenderer(CTVolume(hu, whole.ijk_to_ras)), region, motion(shift_mm, [0, 0, 0])
