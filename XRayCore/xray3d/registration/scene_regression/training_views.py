"""X-rays to train on, rendered when they are wanted: nothing lies on disk, and none is seen twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xray3d.datasets.appearance import Appearance, random_looks
from xray3d.datasets.pose_range import PoseRange
from xray3d.drr.scene_coordinates import BONE_THRESHOLD_HU
from xray3d.geometry import Projection
from xray3d.registration.scene_regression.conventions import PIXEL_MM, REFERENCE_SDD_MM, SIZE_PX, STRIDE
from xray3d.registration.scene_regression.guess import Guess, guess_of
from xray3d.registration.scene_regression.losses import Target
from xray3d.registration.scene_regression.nearby import displaced
from xray3d.registration.scene_regression.patient import PatientRenderer, Rendered
from xray3d.registration.scene_regression.picture import network_input
from xray3d.volumes import CTVolume

FRESH_SHARE, KEPT = 0.25, 256
"""Of each batch, so much is rendered for it; the rest is drawn from so many of the last views, with other looks."""
# A third of the views is local: down to this share of the field of view, its pixels as much smaller.
_LOCAL_SHARE, _SMALLEST_FIELD = 1 / 3, 1 / 3
# Guesses are off by a rotation about the centre and a displacement across and along the view, normal in each direction
# with these deviations times a factor between the least and the most, even in its logarithm: the first guess of an
# X-ray is far off, the last one close.
_OFF_DEG, _OFF_MM = 3.0, (5.0, 5.0, 20.0)
_LEAST_OFF, _MOST_OFF = 0.15, 2.5
# Streams of random numbers: one seed of both must not mean one view.
_SHOWN, _HELD_OUT = 0, 1


@dataclass(frozen=True, eq=False)
class Batch:
    """Views to train on.

    Attributes:
        pictures: (n, 3, rows, cols), what the networks are shown.
        usable: (n, rows / `STRIDE`, cols / `STRIDE`), which pixels of the maps count, 0 to 1.
        target: what they should answer.
        projections: of the pictures.
        guess: the CT from near each of them, for the network that compares.
    """

    pictures: Tensor
    usable: Tensor
    target: Target
    projections: list[Projection]
    guess: Guess


class TrainingViews:
    """X-rays of one patient without end.

    Args:
        ct: the patient.
        poses: where the X-rays may be taken from.
        appearance: what they may look like.
        bone_hu: what counts as bone.
        device: "cpu", "cuda" or "cuda:N".

    Attributes:
        patient: what renders them.

    Raises:
        VolumeError: no bone above the threshold.
    """

    def __init__(
        self,
        ct: CTVolume,
        poses: PoseRange,
        appearance: Appearance = random_looks,
        bone_hu: float = BONE_THRESHOLD_HU,
        device: str = "cpu",
    ) -> None:
        self.poses = poses
        self.patient = PatientRenderer(ct, poses.center_ras, bone_hu, device)
        self._appearance = appearance
        self._kept: deque[tuple[Rendered, Rendered]] = deque(maxlen=KEPT // 2)

    def batch(self, count: int, seed: int, hardness: float = 1.0) -> Batch:
        """So many views, some of them rendered before and now of other looks.

        They come in pairs from places near each other: each of the two is an X-ray, and a guess for the other.
        The same sequence of calls gives the same views.

        Args:
            hardness: from 0, whole views of one look, to 1, all looks and all local views.
        """
        rng = np.random.default_rng([_SHOWN, seed])
        pairs = -(-count // 2)
        fresh = pairs if len(self._kept) < pairs else max(1, round(pairs * FRESH_SHARE))
        again = rng.choice(len(self._kept), pairs - fresh, replace=False)
        shown = [self._kept[index] for index in again]
        new = self._render([self._draw(rng, hardness) for _ in range(fresh)])
        self._kept.extend(new)
        views = [one for pair in [*shown, *new] for one in (pair, pair[::-1])]
        return self._shown(views[:count], rng, hardness)

    def held_out(self, count: int, seed: int, fineness: int = 1) -> Batch:
        """So many views that `batch` does not show, whatever its seeds; the same seed always gives the same.

        Args:
            fineness: so many pixels along each side of one of `batch`.
        """
        rng = np.random.default_rng([_HELD_OUT, seed])
        drawn = [self._draw(rng, 1.0) for _ in range(count)]
        size = (SIZE_PX * fineness, SIZE_PX * fineness)
        return self._shown(self._render([(one.resampled(size), near.resampled(size)) for one, near in drawn]), rng, 1.0)

    def _shown(self, pairs: Sequence[tuple[Rendered, Rendered]], rng: np.random.Generator, hardness: float) -> Batch:
        """The first of each pair with looks drawn for it, the second as its guess."""
        views = [view for view, _ in pairs]
        generator = torch.Generator(self.patient.device).manual_seed(int(rng.integers(2**31)))
        names = ("soft", "bone", "points", "valid", "known", "along")
        soft, bone, points, valid, known, along = (
            torch.stack([getattr(view, name) for view in views]) for name in names
        )
        looks = self._appearance(soft, bone, generator, hardness)
        usable = torch.nn.functional.avg_pool2d(looks.usable[:, None], STRIDE)[:, 0]
        counts = usable > 0.5
        return Batch(
            network_input(looks.images, looks.usable),
            usable,
            Target(points, valid & counts, known & counts, along),
            [view.projection for view in views],
            guess_of([other for _, other in pairs], self.patient.center_ras),
        )

    def _render(self, pairs: Sequence[tuple[Projection, Projection]]) -> list[tuple[Rendered, Rendered]]:
        views = self.patient.render([projection for pair in pairs for projection in pair])
        return list(zip(views[::2], views[1::2], strict=True))

    def _draw(self, rng: np.random.Generator, hardness: float) -> tuple[Projection, Projection]:
        """A projection, and one near it."""
        zoom = rng.uniform(_SMALLEST_FIELD, 1.0) if rng.random() < hardness * _LOCAL_SHARE else 1.0
        pixel_mm = zoom * PIXEL_MM * self.poses.sdd_mm / REFERENCE_SDD_MM
        while True:
            drawn = self.poses.draw(rng, (SIZE_PX, SIZE_PX), (pixel_mm, pixel_mm))
            near = self._near(drawn, rng)
            if self.patient.has_source_outside(drawn) and self.patient.has_source_outside(near):
                return drawn, near

    def _near(self, projection: Projection, rng: np.random.Generator) -> Projection:
        """As a guess is off: the patient turned about the centre and displaced."""
        factor = np.exp(rng.uniform(np.log(_LEAST_OFF), np.log(_MOST_OFF)))
        turn_rad = np.deg2rad(_OFF_DEG) * factor * rng.normal(size=3)
        shift_mm = factor * rng.normal(size=3) * _OFF_MM
        return displaced([projection], self.patient.center_ras, turn_rad, shift_mm)[0]
