"""A pose with no start, from DRRs of a patient from every direction of a range.

How the patient is turned in the image, how far it is from the source and how it is shifted across the view only turns,
scales and shifts what it looks like, near enough. So an X-ray is turned and scaled in a few ways and laid over every
DRR, at all shifts at once (Fourier transforms turn correlations into products), with bright and dark as they are and
exchanged. DRRs need to be rendered only once for all X-rays of a patient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from xray3d.datasets.pose_range import PoseRange
from xray3d.drr import DRRRenderer
from xray3d.geometry import Projection
from xray3d.registration.sweep import normalised
from xray3d.registration.views import ReducedView

Matrix = NDArray[np.float64]
Images = NDArray[np.float32]

# What is tried lies so far apart: half of that off, what shows a decimetre beside the middle is off by a pixel or two.
_APART_DEG, _APART_SCALE = 6.0, 0.05
# Tangent of the angle that a pixel sees, and of that from the middle to the edge of what is laid over DRRs: a receptor
# of 33 cm at a metre.
_PIXEL, _HALF = 4.8 / 1020, 0.16
# Grey values are normalised in such windows: two vertebrae.
_WINDOW_PX = 9
_LEAST_USABLE = 0.9
_AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class Match:
    """A pose in which the CT looks like an X-ray.

    Attributes:
        extrinsic: RAS to camera (4, 4), mm.
        inverted: whether with bright and dark exchanged.
        correlation: of what is alike then.
    """

    extrinsic: Matrix
    inverted: bool
    correlation: float


@dataclass(frozen=True)
class _Change:
    """How an X-ray is laid over a DRR: turned, then scaled."""

    turn_deg: float
    scale: float

    @property
    def matrix(self) -> Matrix:
        """(2, 2) from tangents of the X-ray's angles to those of the DRR's."""
        turn = np.deg2rad(self.turn_deg)
        return self.scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])


class DRRLibrary:
    """A patient from every direction.

    Args:
        renderer: of the patient; a coarse CT is enough.
        poses: from where X-rays may be taken.
    """

    def __init__(self, renderer: DRRRenderer, poses: PoseRange) -> None:
        self._poses = poses
        # The nearest patient is shifted farthest.
        self._reach = int(np.ceil(poses.lateral_mm / (poses.sod_mm - poses.depth_mm) / _PIXEL)) + 2
        self._side = 2 * (round(_HALF / _PIXEL) + self._reach)
        self._padded = scipy.fft.next_fast_len(self._side + self._reach, real=True)
        towards = [(p, s) for p in _cells(*poses.primary_deg) for s in _cells(*poses.secondary_deg)]
        views = [view for angles in towards if renderer.has_source_outside(view := self._view(*angles))]
        self._extrinsics = [view.extrinsic for view in views]
        self._transforms = np.concatenate(
            [self._transformed(renderer.render(views[n : n + _AT_ONCE])) for n in range(0, len(views), _AT_ONCE)]
            or [np.empty((0, self._padded, self._padded // 2 + 1), np.complex64)]
        )
        near, far = (np.log(1 + way * poses.depth_mm / poses.sod_mm) for way in (-1, 1))
        scales = np.exp(_cells(near, far, _APART_SCALE))
        self._changes = [_Change(turn, scale) for turn in _cells(*poses.in_plane_deg) for scale in scales]

    def match(
        self, xray: ReducedView, projection: Projection, most: int, breathe: Callable[[], None] = lambda: None
    ) -> list[Match]:
        """The poses in which the CT looks most like the X-ray, the best first.

        Args:
            xray: of any grey scale.
            projection: its intrinsic, at its size.
            most: at most so many.
            breathe: called every now and then; what it raises ends it.
        """
        if not len(self._transforms):
            return []
        found = [self._shifted(self._laid_over(xray, projection, change), breathe) for change in self._changes]
        heights, shifts = (np.stack(values) for values in zip(*found, strict=True))
        best = np.argsort(-heights, axis=None)[:most]
        matches = []
        for change, number, inverted in zip(*np.unravel_index(best, heights.shape), strict=True):
            at = change, number, inverted
            extrinsic = self._extrinsic(self._changes[change], number, _PIXEL * shifts[at])
            matches.append(Match(extrinsic, bool(inverted), float(heights[at])))
        return matches

    def _view(self, primary_deg: float, secondary_deg: float) -> Projection:
        """Onto pixels of `_PIXEL`, with the centre in the middle."""
        poses, size, pixel_mm = self._poses, (self._side, self._side), _PIXEL * self._poses.sdd_mm
        return Projection.from_carm(
            primary_deg, secondary_deg, poses.center_ras, poses.sdd_mm, poses.sod_mm, size, (pixel_mm, pixel_mm)
        )

    def _transformed(self, drrs: Images) -> NDArray[np.complex64]:
        """Fourier transforms of DRRs (n, side, side), of unit variance in windows."""
        contrast = normalised(drrs, np.ones_like(drrs), _WINDOW_PX)
        return scipy.fft.rfft2(contrast.astype(np.float32), (self._padded, self._padded))

    def _laid_over(self, xray: ReducedView, projection: Projection, change: _Change) -> Images:
        """(side, side): what changed the X-ray is of mean 0, over the number of its pixels; 0 beyond it."""
        focal = np.diag(projection.intrinsic[:2, :2])
        to_pixels = focal[:, None] * np.linalg.inv(change.matrix) * _PIXEL
        middle = np.full(2, (self._side - 1) / 2)
        to_xray = np.column_stack([to_pixels, projection.intrinsic[:2, 2] - to_pixels @ middle])
        blur = max(0.1, 0.45 * _PIXEL * float(np.sqrt(focal.prod())))
        image, usable = (
            cv2.warpAffine(
                cv2.GaussianBlur(values.astype(np.float32), (0, 0), blur),
                to_xray,
                (self._side, self._side),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            )
            for values in (xray.image * xray.usable, xray.usable)
        )
        counts = np.float32(usable > _LEAST_USABLE)
        contrast = normalised((image / np.maximum(usable, 1e-3))[None], counts[None], _WINDOW_PX)[0]
        count = max(float(counts.sum()), 1.0)
        return np.float32((contrast - contrast.sum() / count) * counts / count)

    def _shifted(self, xray: Images, breathe: Callable[[], None]) -> tuple[Matrix, NDArray[np.int64]]:
        """Of each DRR, (n, 2) how well the X-ray fits, and inverted, where it does best, and (n, 2, 2) how far in
        pixels, along columns and rows, it is shifted for that."""
        breathe()
        products = self._transforms * np.conj(scipy.fft.rfft2(xray, (self._padded, self._padded)))
        wanted = np.arange(-self._reach, self._reach + 1)
        rows = scipy.fft.ifft(products, axis=1)[:, wanted]
        correlations = scipy.fft.irfft(rows, self._padded, axis=2)[:, :, wanted].reshape(len(products), -1)
        best = np.stack([correlations.argmax(axis=1), correlations.argmin(axis=1)], axis=1)
        heights = np.take_along_axis(correlations, best, axis=1) * [1, -1]
        down, right = np.divmod(best, len(wanted))
        return heights, np.stack([right, down], axis=2) - self._reach

    def _extrinsic(self, change: _Change, number: int, shift: Matrix) -> Matrix:
        """Where the X-ray is from when, changed and shifted by tangents (2,), it fits a DRR.

        The ray from the source to the centre passes the patient as it does in the DRR; the rest follows from where that
        ray is in the X-ray.
        """
        towards = np.array([*np.linalg.solve(change.matrix, -shift), 1.0])
        axis = np.cross([0.0, 0.0, 1.0], towards)
        aside = np.linalg.norm(axis)
        tilt = Rotation.from_rotvec(axis / max(aside, 1e-12) * np.arctan(aside))
        turn = Rotation.from_euler("z", -change.turn_deg, degrees=True)
        extrinsic = np.eye(4)
        extrinsic[:3, :3] = (tilt * turn).as_matrix() @ self._extrinsics[number][:3, :3]
        depth_mm = self._poses.sod_mm * change.scale
        extrinsic[:3, 3] = depth_mm * towards - extrinsic[:3, :3] @ np.asarray(self._poses.center_ras)
        return extrinsic


def _cells(low: float, high: float, apart: float = _APART_DEG) -> NDArray[np.float64]:
    """The middles of equal parts of a range, at most so far apart."""
    count = max(1, int(np.ceil((high - low) / apart)))
    return low + (high - low) * (np.arange(count) + 0.5) / count
