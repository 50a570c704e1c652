"""X-ray to CT: the pose of the patient under the C-arm, from the images alone and a rough start."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from xray3d.geometry import Projection
from xray3d.registration.checks import Search, check_search, checked_initial, checked_masks, require_common_view
from xray3d.registration.climb import Climb, Summit
from xray3d.registration.levels import COARSE, FINE, LEVELS, MIDDLE, Level, Renderers
from xray3d.registration.objective import Objective, Pose, RelativeError
from xray3d.registration.pivot import common_motion, middle_of_views
from xray3d.registration.region import bone_of_region, center_of_bone
from xray3d.registration.result import RegistrationResult
from xray3d.registration.search import Readings, find
from xray3d.registration.verdict import judge
from xray3d.registration.views import View, polarity, prepare_view
from xray3d.volumes import CTVolume, LabelVolume, XRayImage

Progress = Callable[[str, float], None]
Masks = Sequence[NDArray[np.bool_] | None]


def _silent(text: str, share: float) -> None:
    """Progress that nobody watches."""


def register(
    ct: CTVolume,
    xrays: Sequence[XRayImage],
    initial: Sequence[Projection] | None = None,
    *,
    masks: Masks | None = None,
    region: LabelVolume | None = None,
    search: Search = "auto",
    relative_error: RelativeError | None = None,
    device: str = "cpu",
    progress: Progress = _silent,
    seed: int = 0,
) -> RegistrationResult:
    """Register X-rays to a CT: `Registrar(ct, device, region).register(...)`; see there."""
    return Registrar(ct, device, region).register(
        xrays,
        initial,
        masks=masks,
        search=search,
        relative_error=relative_error,
        progress=progress,
        seed=seed,
    )


class Registrar:
    """A CT prepared for registration; keep it for several X-rays of the same patient.

    Args:
        ct: the patient.
        device: "cpu", "cuda" or "cuda:N".
        region: its nonzero voxels are the bone to register on, one vertebra or one hip for instance, since pieces
            move against each other; None for all that the CT shows.

    Raises:
        DeviceError: the device is not there.
        VolumeError: a region without bone, or outside the CT.
    """

    def __init__(self, ct: CTVolume, device: str = "cpu", region: LabelVolume | None = None) -> None:
        self.ct = ct
        self._whole = Renderers(ct, device)
        self._piece = None if region is None else Renderers(bone_of_region(ct, region), device)

    def register(
        self,
        xrays: Sequence[XRayImage],
        initial: Sequence[Projection] | None = None,
        *,
        masks: Masks | None = None,
        search: Search = "auto",
        relative_error: RelativeError | None = None,
        progress: Progress = _silent,
        seed: int = 0,
    ) -> RegistrationResult:
        """Find the pose of the anatomy that all X-rays share.

        Levenberg–Marquardt on local normalised correlation, coarse to fine, with the exact derivative of the DRRs;
        restarted from rotations all around the start until the result can be accepted.

        Args:
            xrays: of one moment, of any grey scale: bone dark or bright, any gain, offset and gamma. Collimators
                along the image's edges, and round ones, are found and left out.
            initial: a start for each X-ray, with their true geometry relative to each other; None for the
                projections that the X-rays carry.
            masks: for each X-ray (rows, cols), True where it is to be ignored (implants, text); or None.
            search: "auto" looks about the start where the start alone is not enough, within 65° and as far as a third
                of the image; "wide" within 110°, which takes long and may fail; "off" does not look.
            relative_error: how far the views' relative geometry may be off; None for exact.
            progress: told what is being done and the share done; what it raises ends the registration.
            seed: fixes the starts of the search.

        Raises:
            GeometryError: starts that do not fit the X-rays, the same view twice, a CT that does not cover a view.
            VolumeError: a mask of another size or over everything, an X-ray that shows nothing.
        """
        started = time.perf_counter()
        projections = checked_initial(xrays, initial)
        masks = checked_masks(xrays, masks)
        check_search(search)
        progress("Preparing the X-rays", 0.0)
        views = [prepare_view(xray, mask) for xray, mask in zip(xrays, masks, strict=True)]
        coarse = self._whole.at(COARSE.ct_mm)
        for level in LEVELS:  # a source may be just outside the patient at one resolution and inside at another
            require_common_view(self._whole.at(level.ct_mm), projections, xrays, search)
        pivot_ras = middle_of_views(self.ct, projections)
        start = Pose.at(projections)
        readings = Readings(
            views,
            lambda read: {level: self._objective(level, read, pivot_ras, relative_error) for level in LEVELS},
        )
        signs = [polarity(view, at, coarse, COARSE.longest_px) for view, at in zip(views, projections, strict=True)]
        likely = tuple(sign < 0 for sign in signs)
        summit, reading = find(readings, likely, coarse, start, search, progress, seed)
        if self._piece is not None:
            summit = self._on_piece(self._piece, summit, readings.views_of(reading), relative_error, progress)
        return _result(projections, summit, self._piece is not None, time.perf_counter() - started)

    def _on_piece(
        self,
        piece: Renderers,
        whole: Summit,
        views: Sequence[View],
        relative_error: RelativeError | None,
        progress: Progress,
    ) -> Summit:
        """The pose of the piece, from that of the whole patient, with the rest of the patient staying where it is."""
        pivot_ras = center_of_bone(piece.at(FINE.ct_mm).ct)
        objectives = {
            level: self._objective(level, views, pivot_ras, relative_error, (piece, whole.pose))
            for level in (MIDDLE, FINE)
        }
        return Climb(objectives, lambda: progress("Registering the region", 0.95)).to_summit(whole.pose)

    def _objective(
        self,
        level: Level,
        views: Sequence[View],
        pivot_ras: NDArray[np.float64],
        relative_error: RelativeError | None,
        piece: tuple[Renderers, Pose] | None = None,
    ) -> Objective:
        """What is minimised at a level of the pyramid; for a piece, with the pose that the rest of the patient has."""
        reduced = [view.at(level.longest_px, level.least_mm) for view in views]
        whole, complete = self._whole.at(level.ct_mm), self._whole.at(FINE.ct_mm)
        if piece is None:
            return Objective(whole, complete, reduced, level.window_px, pivot_ras, relative_error)
        renderer = piece[0].at(level.ct_mm)
        resampled = [
            projection.resampled(view.size_px) for projection, view in zip(piece[1].projections, reduced, strict=True)
        ]
        rest = [whole.render(projection) - renderer.render(projection) for projection in resampled]
        return Objective(renderer, complete, reduced, level.window_px, pivot_ras, relative_error, rest)


def _result(initial: Sequence[Projection], summit: Summit, of_piece: bool, seconds: float) -> RegistrationResult:
    registered = summit.pose.projections
    judgement = judge(summit, of_piece)
    return RegistrationResult(
        projections=registered,
        transform_ras=common_motion(initial, registered, summit.pivot_ras),
        similarity=summit.similarity,
        similarities=summit.similarities,
        verdict=judgement.verdict,
        reason=judgement.reason,
        covariance=judgement.covariance,
        pivot_ras=summit.pivot_ras,
        error_along_mm=judgement.error_along_mm,
        error_across_mm=judgement.error_across_mm,
        used_share=summit.evaluation.used,
        seconds=seconds,
    )
