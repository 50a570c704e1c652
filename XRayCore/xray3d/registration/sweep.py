"""Starts from every direction at once: of a rotation that is tried, correlation tells where the patient then lies.

What a patient's shift does to a DRR is a shift of the image, near enough. The best one is found for all shifts at once
by masked normalised correlation (Padfield, "Masked object registration in the Fourier domain", IEEE Transactions on
Image Processing 21(5), 2012), and so is whether bone is bright or dark: only the three numbers of the rotation are left
to be tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from xray3d.drr import DRRRenderer
from xray3d.geometry import Projection
from xray3d.registration.objective import Image, Pose
from xray3d.registration.pose_space import LEVER_MM
from xray3d.registration.views import ReducedView

Array = NDArray[np.float64]

PX = 32
"""Pixels along the longer side of the views."""
# DRRs reach so far beyond the views on every side: the longest shift. Grey values are normalised in such windows.
_MARGIN_PX, _WINDOW_PX = 12, 13
# Correlation that a pixel costs by which the shifts of the views contradict each other.
_CONTRADICTION = 0.03
_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Candidate:
    """A pose that a sweep found.

    Attributes:
        pose: of the views.
        inverted: for each view, whether it fits with bright and dark exchanged.
        score: mean correlation of the views, less what they contradict each other.
    """

    pose: Pose
    inverted: tuple[bool, ...]
    score: float


def sweep(
    renderer: DRRRenderer,
    views: Sequence[ReducedView],
    poses: Sequence[Pose],
    pivot_ras: Array,
    most: int,
    breathe: Callable[[], None],
) -> list[Candidate]:
    """The best of the poses, in each of which the patient is shifted to where it fits best; the best first.

    Args:
        renderer: of a coarse CT.
        views: at `PX`.
        poses: with each, views are taken as they are and inverted.
        pivot_ras: (3,) mm, the middle of the patient.
        most: at most so many.
        breathe: called every now and then; what it raises ends the sweep.
    """
    poses = [pose for pose in poses if all(renderer.has_source_outside(view) for view in pose.projections)]
    if not poses:
        return []
    matches = [_matches(renderer, view, index, poses, breathe) for index, view in enumerate(views)]
    across = np.stack([_across(pose, views, pivot_ras) for pose in poses])
    inverse = np.linalg.pinv(across, rcond=1e-3)
    found: list[tuple[float, Pose, Array, tuple[bool, ...]]] = []
    for inverted in product((False, True), repeat=len(views)):
        kinds = [int(of_view) for of_view in inverted]
        of_views = [(peaks[:, kind], shifts[:, kind]) for (peaks, shifts), kind in zip(matches, kinds, strict=True)]
        wanted = np.concatenate([shifts for _, shifts in of_views], axis=1)
        motions = np.einsum("nij,nj->ni", inverse, wanted)
        contradiction_px = np.linalg.norm(np.einsum("nij,nj->ni", across, motions) - wanted, axis=1)
        scores = np.mean([peaks for peaks, _ in of_views], axis=0) - _CONTRADICTION * contradiction_px
        found += [(float(scores[n]), poses[n], motions[n], inverted) for n in np.argsort(-scores)[:most]]
    found.sort(key=lambda one: one[0], reverse=True)
    return [
        Candidate(pose.moved(np.array([*motion, 0, 0, 0]), pivot_ras), inverted, score)
        for score, pose, motion, inverted in found[:most]
    ]


def turned(pose: Pose, rotations_rad: Array, pivot_ras: Array) -> list[Pose]:
    """A pose with the patient turned about the pivot by each of (n, 3) rotation vectors."""
    return [pose.moved(np.array([0, 0, 0, *rotation * LEVER_MM]), pivot_ras) for rotation in rotations_rad]


def _across(pose: Pose, views: Sequence[ReducedView], pivot_ras: Array) -> Array:
    """(2 views, 3): pixels of each view, along columns and rows, by which 1 mm along each axis shifts the pivot."""
    rows = []
    for projection, view in zip(pose.projections, views, strict=True):
        seen = projection.resampled(view.size_px)
        depth_mm = (seen.extrinsic[:3] @ [*pivot_ras, 1.0])[2]
        rows.append(seen.intrinsic[:2, :2] @ seen.extrinsic[:2, :3] / depth_mm)
    return np.concatenate(rows)


def _matches(
    renderer: DRRRenderer, view: ReducedView, index: int, poses: Sequence[Pose], breathe: Callable[[], None]
) -> tuple[Array, Array]:
    """`_peaks` of a view in the poses' DRRs."""
    xray = normalised(view.image[None].astype(float), view.usable[None].astype(float))[0]
    found = []
    for first in range(0, len(poses), _AT_ONCE):
        breathe()
        of_view = [pose.projections[index].resampled(view.size_px) for pose in poses[first : first + _AT_ONCE]]
        drrs = renderer.render([_with_margin(projection) for projection in of_view]).astype(float)
        found.append(_peaks(xray, view.usable, normalised(drrs, np.ones_like(drrs))))
    heights, shifts = zip(*found, strict=True)
    return np.concatenate(heights), np.concatenate(shifts)


def _with_margin(projection: Projection) -> Projection:
    rows, columns = (side + 2 * _MARGIN_PX for side in projection.size_px)
    moved = np.array([[1.0, 0, _MARGIN_PX], [0, 1, _MARGIN_PX], [0, 0, 1]])
    return replace(projection, intrinsic=moved @ projection.intrinsic, size_px=(rows, columns))


def normalised(images: Image, usable: Image, window_px: int = _WINDOW_PX) -> Image:
    """Images (n, rows, cols) of mean 0 and variance 1 in a window about each pixel, 0 where they are not usable."""
    window = (0, window_px, window_px)
    seen = np.maximum(uniform_filter(usable, window, mode="constant"), 1e-3)
    mean = uniform_filter(images * usable, window, mode="constant") / seen
    variance = uniform_filter(images**2 * usable, window, mode="constant") / seen - mean**2
    # Where next to nothing changes, noise is not blown up to be structure.
    least = (0.05 * images.std(axis=(1, 2), keepdims=True)) ** 2
    return (images - mean) / np.sqrt(np.maximum(variance, 0.0) + least + 1e-12) * usable


def _peaks(xray: Image, usable: Image, drrs: Image) -> tuple[Array, Array]:
    """Where each DRR correlates best with the X-ray as it is, and with the X-ray inverted.

    Args:
        xray, usable: (rows, cols).
        drrs: (n, rows + 2 margins, cols + 2 margins).

    Returns:
        (n, 2) correlations and (n, 2, 2) shifts, along columns and rows in pixels, by which the patient has to move for
        the DRR to show everything where the X-ray does.
    """
    shape = tuple(scipy.fft.next_fast_len(side, real=True) for side in drrs.shape[1:])
    count = usable.sum()
    centred = (xray - (xray * usable).sum() / count) * usable
    of_xray, of_usable = (np.conj(scipy.fft.rfft2(image, shape)) for image in (centred, usable))

    def correlated(images: Image, with_what: NDArray[np.complexfloating]) -> Image:
        every = scipy.fft.irfft2(scipy.fft.rfft2(images, shape) * with_what, shape)
        return every[:, : 2 * _MARGIN_PX + 1, : 2 * _MARGIN_PX + 1]

    sums = correlated(drrs, of_usable)
    variance = correlated(drrs**2, of_usable) - sums**2 / count
    variance = np.maximum(variance, 1e-3 * count)
    correlation = correlated(drrs, of_xray) / np.sqrt(variance * (centred**2).sum())
    flat = correlation.reshape(len(drrs), -1)
    best = np.stack([flat.argmax(axis=1), flat.argmin(axis=1)], axis=1)
    down, right = np.unravel_index(best, correlation.shape[1:])
    shifts = _MARGIN_PX - np.stack([right, down], axis=2).astype(float)
    return np.abs(np.take_along_axis(flat, best, axis=1)), shifts
