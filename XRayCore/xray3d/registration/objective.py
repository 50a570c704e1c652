"""The sum of squares that registration minimises, over the pose of the anatomy that all views share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xray3d.drr import DRRRenderer
from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.registration.pose_space import LEVER_MM, twists_per_step, world_motion
from xray3d.registration.similarity import compare
from xray3d.registration.views import ReducedView

Matrix = NDArray[np.float64]
Image = NDArray[np.floating]

# Weight of the offsets' prior against the images' mean loss: a view has some 300 pixels' worth of independent
# residuals, whose variance is about 0.1 in a registered pose.
PRIOR_WEIGHT = 1.0 / 3000.0


@dataclass(frozen=True)
class RelativeError:
    """Standard deviations by which the geometry of one view may be off that of the others.

    Attributes:
        translation_mm: of each component of the position of the view's camera frame.
        rotation_deg: of each component of its rotation.

    Raises:
        GeometryError: one of them is not a positive number.
    """

    translation_mm: float
    rotation_deg: float

    def __post_init__(self) -> None:
        for name in ("translation_mm", "rotation_deg"):
            if not 0 < getattr(self, name) < np.inf:
                raise GeometryError(
                    f"The relative error's {name} must be a positive number, not {getattr(self, name)}; "
                    "leave the relative error out where the views' geometry is exact."
                )

    @property
    def of_offset(self) -> Matrix:
        """Standard deviations (6,) of a view's offset: in mm, rotations times `LEVER_MM`."""
        return np.repeat([self.translation_mm, np.deg2rad(self.rotation_deg) * LEVER_MM], 3)


@dataclass(frozen=True, eq=False)
class Pose:
    """Where the views are, and by how much each was moved on its own.

    Attributes:
        projections: one a view, at full size.
        offsets: (views, 6) camera-frame twists of each view alone: mm, rotations times `LEVER_MM`.
    """

    projections: tuple[Projection, ...]
    offsets: Matrix

    @classmethod
    def at(cls, projections: Sequence[Projection]) -> Pose:
        """The pose without offsets."""
        return cls(tuple(projections), np.zeros((len(projections), 6)))

    def moved(self, step: Matrix, pivot_ras: Matrix) -> Pose:
        """The anatomy moved by step[:6] (see `world_motion`) and each view by its own six numbers that may follow."""
        motion = world_motion(step[:6], pivot_ras)
        own = step[6:].reshape(-1, 6) if len(step) > 6 else np.zeros_like(self.offsets)
        projections = tuple(
            projection.moved(np.linalg.inv(motion)).perturbed([*twist[:3], *(twist[3:] / LEVER_MM)])
            for projection, twist in zip(self.projections, own, strict=True)
        )
        return Pose(projections, self.offsets + own)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The objective at one pose.

    Attributes:
        cost: mean robust loss over usable pixels, plus what the offsets cost.
        correlations: local normalised correlation of each view.
        used: mean share of usable pixels.
        gradient, hessian: (p,), (p, p) of `cost` by the step, Gauss–Newton.
    """

    cost: float
    correlations: tuple[float, ...]
    used: float
    gradient: Matrix
    hessian: Matrix

    @property
    def correlation(self) -> float:
        """Mean of the views' correlations."""
        return float(np.mean(self.correlations))


class Objective:
    """One level of the pyramid.

    Args:
        renderer: the CT at the level's resolution.
        complete: the renderer that knows where the CT cuts the body.
        views: the X-rays at the level's size.
        window_px: side of the windows of the local correlation, odd.
        pivot_ras: (3,) mm, about which the pose is parametrised.
        relative_error: what the views may be off each other; None for exact.
        background: for each view, line integrals of all that does not move with the pose, when the CT of `renderer` is
            a piece of the patient: only the pixels near the piece count then. None for the whole patient.
    """

    def __init__(
        self,
        renderer: DRRRenderer,
        complete: DRRRenderer,
        views: Sequence[ReducedView],
        window_px: int,
        pivot_ras: Matrix,
        relative_error: RelativeError | None = None,
        background: Sequence[Image] | None = None,
    ) -> None:
        self._renderer, self._complete, self._views = renderer, complete, views
        self._window_px, self.pivot_ras = window_px, pivot_ras
        self._relative_error = relative_error if len(views) > 1 else None
        self._background = background

    def is_possible(self, pose: Pose) -> bool:
        """Whether the pose has all sources outside the patient."""
        renderers = (self._renderer, self._complete)
        return all(r.has_source_outside(projection) for r in renderers for projection in pose.projections)

    def usable_at(self, pose: Pose) -> list[Image]:
        """For each view, (rows, cols), 1 where a pixel counts at this pose, 0 where not."""
        return [self._usable(index, [pose])[0] for index in range(len(self._views))]

    def evaluate(self, poses: Sequence[Pose], usable: Sequence[Image] | None = None) -> list[Evaluation]:
        """The objective and its derivatives at several poses, rendered together.

        Args:
            usable: for each view, the pixels that count, the same at every pose, as `usable_at` gives them for one of
                them; None for what counts at each pose.
        """
        by_view = [
            self._compared(index, poses, self._usable(index, poses) if usable is None else usable[index])
            for index in range(len(self._views))
        ]
        return [self._combined(pose, [view[index] for view in by_view]) for index, pose in enumerate(poses)]

    def _usable(self, view_index: int, poses: Sequence[Pose]) -> Image:
        """(n, rows, cols) of one view at each pose."""
        view = self._views[view_index]
        projections = [pose.projections[view_index].resampled(view.size_px) for pose in poses]
        usable = view.usable * ~self._complete.lacks_tissue(projections)
        if self._background is not None:
            usable *= _near_shown(self._renderer.render(projections), self._window_px)
        return usable

    def _compared(self, view_index: int, poses: Sequence[Pose], usable: Image) -> list[tuple]:
        """(cost, correlation, used, gradient, hessian by camera twist) of one view at each pose."""
        view = self._views[view_index]
        projections = [pose.projections[view_index].resampled(view.size_px) for pose in poses]
        moving, jacobian = self._renderer.render_with_jacobian(projections)
        drr = moving if self._background is None else moving + self._background[view_index]
        n = len(poses)
        xray, usable = (np.broadcast_to(image, drr.shape) for image in (view.image, usable))
        found = compare(xray, usable, drr, jacobian, self._window_px)
        by_twist = found.derivative.reshape(n, -1, 6)
        weighted = by_twist * found.weight.reshape(n, -1, 1)
        pixels = np.maximum(found.used * view.image.size, 1.0)
        gradient = np.einsum("npi,np->ni", weighted, found.residual.reshape(n, -1)) / pixels[:, None]
        hessian = weighted.swapaxes(1, 2) @ by_twist / pixels[:, None, None]
        return list(zip(found.cost, found.correlation, found.used, gradient, hessian, strict=True))

    def _combined(self, pose: Pose, by_view: Sequence[tuple]) -> Evaluation:
        """All views together, by the step of the anatomy and the steps of each view alone."""
        count = len(by_view)
        free = self._relative_error is not None
        size = 6 + 6 * count * free
        gradient, hessian = np.zeros(size), np.zeros((size, size))
        for index, (projection, (_, _, _, by_twist, square)) in enumerate(zip(pose.projections, by_view, strict=True)):
            steps = np.zeros((6, size))
            steps[:, :6] = twists_per_step(projection.extrinsic, self.pivot_ras)
            if free:
                steps[:, 6 + 6 * index : 12 + 6 * index] = np.diag([1, 1, 1] + [1 / LEVER_MM] * 3)
            gradient += steps.T @ by_twist / count
            hessian += steps.T @ square @ steps / count
        cost, used = (float(np.mean([view[item] for view in by_view])) for item in (0, 2))
        if self._relative_error is not None:
            cost += _hold_offsets(pose, self._relative_error, gradient, hessian)
        return Evaluation(cost, tuple(float(view[1]) for view in by_view), used, gradient, hessian)


def _hold_offsets(pose: Pose, error: RelativeError, gradient: Matrix, hessian: Matrix) -> float:
    """Add the prior of the offsets to the derivatives; what it adds to the cost."""
    weight = PRIOR_WEIGHT / np.tile(error.of_offset**2, len(pose.offsets))
    offsets = pose.offsets.ravel()
    gradient[6:] += weight * offsets
    hessian[6:, 6:] += np.diag(weight)
    return float(0.5 * weight @ offsets**2)


def _near_shown(drr: Image, window_px: int) -> NDArray[np.bool_]:
    """(n, rows, cols): the pixels that show something of a piece of bone, and half a window's rim around it."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (window_px // 2 | 1, window_px // 2 | 1))
    return np.stack([cv2.dilate((image > 0).astype(np.uint8), kernel) for image in drr]) > 0
