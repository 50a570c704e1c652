"""Instrumented patients seen from everywhere: the line integrals that inpainting learns from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xray3d.datasets.instrumentation import InstrumentableSpine
from xray3d.datasets.occlusion import Views
from xray3d.datasets.pose_range import PoseRange
from xray3d.datasets.spine_finder import find_vertebrae
from xray3d.drr import DRRRenderer, Implant
from xray3d.volumes import CTVolume

SIZE_PX = 320
_LEAST_PIXEL_MM, _MOST_PIXEL_MM = 0.35, 1.0
# Frontal, lateral and all between.
_PRIMARY_DEG, _SECONDARY_DEG, _IN_PLANE_DEG = (-100.0, 100.0), (-30.0, 30.0), (-20.0, 20.0)
_ASIDE_MM, _DEEPER_MM = 40.0, 60.0
_VIEWS_OF_ONE = 6
# Of the crops, the share that is about some metal; others are from anywhere.
_ABOUT_METAL = 0.9

Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class ScenePool:
    """Views of instrumented patients, some of which show metal.

    Attributes:
        integrals: (n, 5, rows, cols) float16: soft tissue, bone, both less what metal displaces, and mm of metal.
    """

    integrals: NDArray[np.float16]

    def parted(self, patients: int, first: int) -> tuple[ScenePool, ScenePool]:
        """The first so many views of each of so many patients, and the others."""
        of_each = self.integrals.reshape(patients, -1, *self.integrals.shape[1:])
        parts = (of_each[:, :first], of_each[:, first:])
        one, other = (ScenePool(part.reshape(-1, *self.integrals.shape[1:])) for part in parts)
        return one, other

    def crops(self, rng: Rng, count: int, size_px: int) -> Views:
        """Square parts of random views, turned, mirrored and made smaller at random, most of them about some metal."""
        taken = [self._reduced(rng, size_px) for _ in range(count)]
        soft, bone, soft_beside, bone_beside, metal_mm = torch.from_numpy(np.stack(taken, axis=1)).float()
        return Views(soft, bone, soft_beside, bone_beside, metal_mm)

    def metal(self, rng: Rng, count: int, size_px: int) -> Tensor:
        """(count, size, size) mm of metal alone, at any scale."""
        return self.crops(rng, count, size_px).metal_mm

    @cached_property
    def _with_metal(self) -> NDArray[np.intp]:
        """Numbers of the views that show some."""
        return np.flatnonzero((self.integrals[:, 4] > 0).any(axis=(1, 2)))

    def _reduced(self, rng: Rng, size_px: int) -> NDArray[np.float16]:
        """A crop as a detector with larger pixels would show it: each pixel is one ray."""
        largest = max(size_px, self.integrals.shape[-1])
        crop = self._crop(rng, round(size_px * float(np.exp(rng.uniform(0.0, np.log(largest / size_px))))))
        at = ((np.arange(size_px) + 0.5) * crop.shape[-1] / size_px).astype(int)
        return crop[:, at][:, :, at]

    def _crop(self, rng: Rng, size_px: int) -> NDArray[np.float16]:
        about_metal = rng.random() < _ABOUT_METAL
        candidates = self._with_metal if about_metal else np.arange(len(self.integrals))
        view = self.integrals[rng.choice(candidates)]
        limit = np.array(view.shape[1:]) - size_px
        first = rng.integers(0, limit + 1)
        if about_metal:
            middle = rng.choice(np.argwhere(view[4] > 0)) + rng.integers(-size_px // 4, size_px // 4 + 1, 2)
            first = np.clip(middle - size_px // 2, 0, limit)
        row, column = (int(one) for one in first)
        part = view[:, row : row + size_px, column : column + size_px]
        part = np.rot90(part, int(rng.integers(4)), axes=(1, 2))
        return part[:, :, ::-1] if rng.random() < 0.5 else part


def make_scenes(
    patients: Sequence[CTVolume],
    count: int,
    seed: int = 0,
    device: str = "cpu",
    progress: Callable[[float], None] = lambda done: None,
) -> ScenePool:
    """Views of patients, as many of each.

    Args:
        count: of each patient.
        progress: told the share done; what it raises ends it.

    Raises:
        VolumeError: a patient none of whose vertebrae takes a screw.
        DeviceError: the device is not there.
    """
    views = np.empty((len(patients) * count, 5, SIZE_PX, SIZE_PX), np.float16)
    for number, ct in enumerate(patients):
        progress(number / len(patients))
        rng = np.random.default_rng([seed, number])
        spine, renderer = InstrumentableSpine(find_vertebrae(ct)), DRRRenderer(ct, device)
        for first in range(0, count, _VIEWS_OF_ONE):
            some = slice(number * count + first, number * count + min(first + _VIEWS_OF_ONE, count))
            progress(some.start / len(views))
            implants = spine.draw(rng)
            poses = _poses_about(implants)
            projections = [poses.draw(rng, (SIZE_PX, SIZE_PX), _pixel_mm(rng)) for _ in range(some.stop - some.start)]
            whole, beside = renderer.render_materials(projections), renderer.render_materials(projections, implants)
            parts = (whole.soft, whole.bone, beside.soft, beside.bone, beside.metal_mm)
            views[some] = np.stack([part.numpy() for part in parts if part is not None], axis=1)
    return ScenePool(views)


def _poses_about(implants: Sequence[Implant]) -> PoseRange:
    x, y, z = np.mean([implant.vertices_ras.mean(axis=0) for implant in implants], axis=0)
    return PoseRange((x, y, z), _PRIMARY_DEG, _SECONDARY_DEG, _IN_PLANE_DEG, _ASIDE_MM, _DEEPER_MM)


def _pixel_mm(rng: Rng) -> tuple[float, float]:
    side = float(np.exp(rng.uniform(np.log(_LEAST_PIXEL_MM), np.log(_MOST_PIXEL_MM))))
    return side, side
