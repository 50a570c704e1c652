"""X-rays to train on, rendered when they are wanted: nothing lies on disk, and none is seen twice."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import torch
import warp as wp
from torch import Tensor

from xray3d.datasets.appearance import Appearance, random_looks
from xray3d.datasets.pose_range import PoseRange
from xray3d.drr import DRRRenderer
from xray3d.drr.scene_coordinates import BONE_THRESHOLD_HU, SceneCoordinateRenderer
from xray3d.geometry import Projection
from xray3d.registration.pyramid import coarser
from xray3d.registration.scene_regression.losses import Target
from xray3d.registration.scene_regression.network import COORDINATE_MM, STRIDE
from xray3d.registration.scene_regression.picture import network_input
from xray3d.volumes import CTVolume
from xray3d.volumes.extension import extended
from xray3d.volumes.skeleton import skeleton

SIZE_PX = 128
PIXEL_MM = 2.4
"""Pixels of the pictures at a receptor `REFERENCE_SDD_MM` from the source, before any zoom."""
REFERENCE_SDD_MM = 1020.0
FRESH_SHARE, KEPT = 0.25, 256
"""Of each batch, so much is rendered for it; the rest is drawn from so many of the last views, with other looks."""
_RENDERED_MM = 2.0
_BEYOND_MM = 100.0
# A third of the views is local: down to this share of the field of view, its pixels as much smaller.
_LOCAL_SHARE, _SMALLEST_FIELD = 1 / 3, 1 / 3
# Streams of random numbers: one seed of both must not mean one view.
_SHOWN, _HELD_OUT = 0, 1


@dataclass(frozen=True, eq=False)
class Batch:
    """Views to train on.

    Attributes:
        pictures: (n, 3, rows, cols), what the network is shown.
        usable: (n, rows / `STRIDE`, cols / `STRIDE`), which pixels of the maps count, 0 to 1.
        target: what it should answer.
        projections: of the pictures.
    """

    pictures: Tensor
    usable: Tensor
    target: Target
    projections: list[Projection]


@dataclass(frozen=True, eq=False)
class _Rendered:
    """One view without its looks."""

    projection: Projection
    soft: Tensor
    bone: Tensor
    points: Tensor
    valid: Tensor
    known: Tensor
    along: Tensor


class TrainingViews:
    """A patient ready to be X-rayed a million times.

    Args:
        ct: the patient.
        poses: where the X-rays may be taken from.
        appearance: what they may look like.
        bone_hu: what counts as bone.
        device: "cpu", "cuda" or "cuda:N".

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
        longer = extended(ct, _BEYOND_MM)
        self.poses, self.device = poses, torch.device(device)
        self._appearance = appearance
        self._rendered: deque[_Rendered] = deque(maxlen=KEPT)
        self._renderer = DRRRenderer(coarser(longer.ct, _RENDERED_MM), device)
        bones = extended(skeleton(ct, bone_hu), _BEYOND_MM).ct
        # A ray that grazes bone has its points at uncertain depths, but on it: a pose needs no more.
        self._scene = SceneCoordinateRenderer(bones, bone_hu, device, least_cosine=0.0)
        ras_to_ijk = np.linalg.inv(ct.ijk_to_ras)[longer.axis]
        self._along = torch.tensor(ras_to_ijk, dtype=torch.float32, device=self.device)
        self._last = longer.original - 1.0
        self._center = torch.tensor(np.asarray(poses.center_ras), dtype=torch.float32, device=self.device)

    def batch(self, count: int, seed: int, hardness: float = 1.0) -> Batch:
        """So many views, some of them rendered before and now of other looks.

        The same sequence of calls gives the same views.

        Args:
            hardness: from 0, whole views of one look, to 1, all looks and all local views.
        """
        rng = np.random.default_rng([_SHOWN, seed])
        fresh = count if len(self._rendered) < count else max(1, round(count * FRESH_SHARE))
        again = rng.choice(len(self._rendered), count - fresh, replace=False)
        shown = [self._rendered[index] for index in again]
        new = self._render([self._draw(rng, hardness) for _ in range(fresh)])
        self._rendered.extend(new)
        return self._shown([*shown, *new], rng, hardness)

    def held_out(self, count: int, seed: int) -> Batch:
        """So many views that `batch` does not show, whatever its seeds; the same seed always gives the same."""
        rng = np.random.default_rng([_HELD_OUT, seed])
        return self._shown(self._render([self._draw(rng, 1.0) for _ in range(count)]), rng, 1.0)

    def _shown(self, views: list[_Rendered], rng: np.random.Generator, hardness: float) -> Batch:
        """The views with looks drawn for them."""
        generator = torch.Generator(self.device).manual_seed(int(rng.integers(2**31)))
        names = ("soft", "bone", "points", "valid", "known", "along")
        soft, bone, points, valid, known, along = (
            torch.stack([getattr(view, name) for view in views]) for name in names
        )
        looks = self._appearance(soft, bone, generator, hardness)
        usable = torch.nn.functional.avg_pool2d(looks.usable[:, None], STRIDE)[:, 0]
        counts = usable > 0.5
        target = Target(points, valid & counts, known & counts, along)
        return Batch(network_input(looks.images, looks.usable), usable, target, [view.projection for view in views])

    def _render(self, projections: list[Projection]) -> list[_Rendered]:
        integrals = self._renderer.render_materials(projections)
        soft, bone = wp.to_torch(integrals.soft), wp.to_torch(integrals.bone)
        reduced = [projection.resampled((SIZE_PX // STRIDE, SIZE_PX // STRIDE)) for projection in projections]
        points, valid, known = self._scene_coordinates(reduced)
        fields = (projections, soft, bone, points, valid, known, self._directions(reduced))
        return [_Rendered(*of_view) for of_view in zip(*fields, strict=True)]

    def _draw(self, rng: np.random.Generator, hardness: float) -> Projection:
        zoom = rng.uniform(_SMALLEST_FIELD, 1.0) if rng.random() < hardness * _LOCAL_SHARE else 1.0
        pixel_mm = zoom * PIXEL_MM * self.poses.sdd_mm / REFERENCE_SDD_MM
        while True:  # a source within the patient shows nothing
            drawn = self.poses.draw(rng, (SIZE_PX, SIZE_PX), (pixel_mm, pixel_mm))
            if self._renderer.has_source_outside(drawn):
                return drawn

    def _scene_coordinates(self, projections: list[Projection]) -> tuple[Tensor, Tensor, Tensor]:
        """`points`, `valid` and `known` as in `Target`, but for the pixels that do not count."""
        maps = self._scene.render_maps_on_device(projections)
        points, meets = wp.to_torch(maps.points_ras).nan_to_num(0.0), wp.to_torch(maps.valid)
        valid = meets.clone()
        for first in (0, 3):
            index = points[..., first : first + 3] @ self._along[:3] + self._along[3]
            valid &= (index > 0) & (index < self._last)
        relative = (points - self._center.repeat(2)) / COORDINATE_MM
        return torch.where(valid[..., None], relative, 0.0).permute(0, 3, 1, 2).contiguous(), valid, valid | ~meets

    def _directions(self, projections: list[Projection]) -> Tensor:
        """(n, 3, rows, cols) unit directions of the rays in RAS."""
        rows, columns = projections[0].size_px
        row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        pixels = torch.stack([column, row, torch.ones_like(row)]).float().flatten(1)
        matrices = torch.tensor(np.stack([p.pixel_to_ras_direction for p in projections]), dtype=torch.float32)
        directions = torch.nn.functional.normalize(matrices @ pixels, dim=1).unflatten(2, (rows, columns))
        return directions.to(self.device)
