"""What the network that finds levels learns from: X-rays of spines, and where on them the middles of bodies are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from xray3d.datasets.draws import Draws
from xray3d.datasets.exposures import collimator
from xray3d.geometry import Projection
from xray3d.reconstruction.exposing import otherwise_thick, shown
from xray3d.reconstruction.scenes import LEVELS, OBJECT_PIXEL_MM, SpineViews

_COARSER = 2
PIXEL_MM = _COARSER * OBJECT_PIXEL_MM
"""What pixels measure where the patient is, about."""

# Detectors show about as much of a patient; whole views are as large as the last ones.
_ROWS_PX, _COLUMNS_PX = (128, 160, 192, 224), (128, 160, 192)


@dataclass(frozen=True, eq=False)
class Marked:
    """X-rays on which it is known where vertebrae are.

    Attributes:
        images: (n, 1, rows, cols) `levelled`.
        pixels: (n, levels, 2) column and row of the middle of each body; any where it is not seen.
        seen: (n, levels) 1 where the middle is on the image and in the collimator's field, 0 elsewhere.
        known: (n, levels) 1 where it is known where a level is, 0 elsewhere.
    """

    images: Tensor
    pixels: Tensor
    seen: Tensor
    known: Tensor

    def to(self, device: torch.device) -> Marked:
        """The same on a device."""
        return Marked(*(of_all.to(device) for of_all in vars(self).values()))


def marked(spines: Sequence[SpineViews], count: int, seed: int) -> Marked:
    """So many views of spines drawn at random, or large parts of views, all as large.

    Args:
        seed: of all that is drawn.
    """
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    size_px = int(rng.choice(_ROWS_PX)), int(rng.choice(_COLUMNS_PX))
    parts, pixels, known = [], [], []
    for _ in range(count):
        spine = spines[int(rng.integers(len(spines)))]
        view = int(rng.integers(len(spine.projections)))
        part, projection = _part(spine.integrals[view], spine.projections[view], size_px, rng)
        parts.append(part)
        pixels.append([_middle(spine, level, projection) for level in LEVELS])
        known.append([level in spine.frames for level in LEVELS])
    draw = Draws(count, generator)
    simulated_soft, simulated_bone = torch.stack(parts, dim=1)
    soft, bone = otherwise_thick(simulated_soft, simulated_bone, draw)
    field = collimator(soft, draw)
    at = torch.from_numpy(np.array(pixels)).float()
    return Marked(
        shown(soft, bone, generator, field)[:, None],
        at,
        _inside(field, at),
        torch.from_numpy(np.array(known)).float(),
    )


def _part(
    integrals: NDArray[np.float16], projection: Projection, size_px: tuple[int, int], rng: np.random.Generator
) -> tuple[Tensor, Projection]:
    """(2, rows, cols) of a view, from anywhere, as a detector with larger pixels would show it; and its geometry."""
    coarse = projection.resampled((projection.size_px[0] // _COARSER, projection.size_px[1] // _COARSER))
    top, left = (int(rng.integers(whole - side + 1)) for side, whole in zip(size_px, coarse.size_px, strict=True))
    rows, columns = slice(top, top + size_px[0]), slice(left, left + size_px[1])
    down, along = (slice(_COARSER * one.start, _COARSER * one.stop) for one in (rows, columns))
    part = torch.from_numpy(integrals[:, down, along].astype(np.float32))
    return F.avg_pool2d(part, _COARSER), coarse.cropped(rows, columns)


def _middle(spine: SpineViews, level: str, projection: Projection) -> NDArray[np.float64]:
    """Column and row of a level's middle, far from the image where it is not known."""
    return projection.project(spine.frames[level][:3, 3]) if level in spine.frames else np.full(2, -np.inf)


def _inside(field: Tensor, pixels: Tensor) -> Tensor:
    """(n, levels) 1 for columns and rows (n, levels, 2) that are on the image and in the field (n, rows, cols)."""
    rows, columns = field.shape[1:]
    last = torch.tensor([columns - 1, rows - 1], dtype=pixels.dtype)
    on_image = ((pixels >= 0) & (pixels <= last)).all(dim=-1)
    column, row = pixels.clamp(min=torch.zeros(2), max=last).round().long().unbind(dim=-1)
    in_field = field[torch.arange(len(field))[:, None], row, column] > 0.5
    return (on_image & in_field).to(field.dtype)
