"""Whether the values of a volume are Hounsfield units, and what was cut out of it by setting it to zero."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from xray3d.errors import VolumeError

AIR_HU = -1000.0

_SAMPLES = 2_000_000


def check_hounsfield(hu: NDArray[np.float32], name: str) -> None:
    """VolumeError with one sentence when the values cannot be the Hounsfield units of a patient.

    Told apart by what every CT of a body has: fat or air below -30 HU (stored values without their rescale, 8-bit
    pictures, label maps and MR have none; a padding such as -2000 does not count), something denser than lung, a
    range of hundreds of HU (normalised values span a few), and soft tissue near 0 rather than near 1000.

    Args:
        hu: any shape. Voxels that were cut away belong to `AIR_HU` before (see `cut_away_value`).
    """
    sample = _sample(hu)
    low, high = float(hu.min()), float(hu.max())
    if low == high:
        raise VolumeError(f"{name} has the same value, {low:g}, in every voxel; there is nothing in it to see.")
    found = f"{name} is not in Hounsfield units: its values run from {low:g} to {high:g}"
    if high - low < 100:
        raise VolumeError(f"{found}, as if normalised; multiply and shift them back to HU (air -1000, water 0).")
    if np.mean((sample > -1500) & (sample < -30)) < 0.002:
        raise VolumeError(
            f"{found}, without the fat and air below zero that every CT has; apply the rescale slope and intercept "
            "(stored values are often HU + 1024), set what was cut away to -1000, or pass a CT if this is none."
        )
    if high < -500:
        raise VolumeError(f"{found}, nothing denser than lung; check the rescale intercept.")
    has_air = np.mean((sample > -1100) & (sample < -850)) > 0.002
    dense = sample[sample > 200]
    if not has_air and dense.size and np.median(dense) > 800:
        raise VolumeError(
            f"{found}, with soft tissue near 1000 instead of 0; apply the rescale intercept, often -1024."
        )


def cut_away_value(hu: NDArray[np.float32]) -> float | None:
    """The value near 0 HU that stands for what was cut away from a masked CT; None where the CT is not masked.

    Segmentation tools cut by multiplying with a mask, which turns air and soft tissue into 0 HU, that is, into water.
    Such a volume has no air anywhere, and one and the same value near 0 in more than half of its voxels, which the
    noise of a scan never leaves; the rest has the fat below 0 that tells a CT from an MR or a label map.
    """
    sample = _sample(hu)
    values, counts = np.unique(sample, return_counts=True)
    commonest = int(counts.argmax())
    background = float(values[commonest])
    if counts[commonest] <= sample.size / 2 or abs(background) > 30 or np.mean(sample < -500) > 1e-3:
        return None
    rest = sample[sample != values[commonest]]
    is_hu = rest.size > 0 and np.mean(rest < -30) > 0.002 and np.median(rest) < 800
    return background if is_hu else None


def without_cut_away(hu: NDArray[np.float32], background_hu: float) -> NDArray[np.float32]:
    """A copy with what was cut away at `AIR_HU`.

    That is the background itself and the fringe that resampling leaves around a mask: within three voxels of the
    background and within 50 HU of it, so that soft tissue deeper inside the mask stays.
    """
    background = hu == np.float32(background_hu)
    fringe = ndimage.binary_dilation(background, iterations=3) & (np.abs(hu - np.float32(background_hu)) < 50)
    return np.where(background | fringe, np.float32(AIR_HU), hu)


def _sample(hu: NDArray[np.float32]) -> NDArray[np.float32]:
    """Some two million voxels, evenly spread; an odd step, so that they do not fall on one plane of the grid."""
    step = hu.size // _SAMPLES | 1
    return hu.ravel()[::step]
