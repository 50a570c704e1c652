"""X-rays for the models: whole views and local ones, with and without screws, and what no model should recognise."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from xray3d.benchmarks.registration.anatomies import Anatomy, as_xrayed
from xray3d.benchmarks.registration.cases import PIXEL_MM, SIZE_PX, take_xray
from xray3d.benchmarks.scene_coordinates.outcomes import Condition, Stranger
from xray3d.benchmarks.scene_coordinates.places import CHEST_FILE
from xray3d.datasets.pose_range import PoseRange
from xray3d.drr import DRRRenderer
from xray3d.geometry import Projection
from xray3d.volumes import XRayImage, load_ct

_SEED = 30_000_000
_THIRD: Mapping[str, float] = {
    "local view, a third of the area": 3**-0.5,
    "local view, a third of the side": 1 / 3,
}
_COARSE_NOISE_PX = 8.0


@dataclass(frozen=True)
class Part:
    """Some X-rays of one condition; each follows from its number alone.

    Attributes:
        condition: what they show.
        first: number of the first one.
        count: how many.
    """

    condition: Condition | Stranger
    first: int
    count: int

    @property
    def numbers(self) -> range:
        """Of the X-rays."""
        return range(self.first, self.first + self.count)


@dataclass(frozen=True, eq=False)
class Case:
    """An X-ray, whose projection is the truth, but of strangers.

    Attributes:
        condition: what it shows.
        xray: the image.
        mask: (rows, cols), what is to be ignored; None for nothing.
    """

    condition: Condition | Stranger
    xray: XRayImage
    mask: NDArray[np.bool_] | None = None


def take_cases(anatomy: Anatomy, renderer: DRRRenderer, poses: PoseRange, part: Part) -> list[Case]:
    """X-rays of a place, where its patient is not a stranger.

    Args:
        renderer: of `Anatomy.xrayed`.
    """
    condition = part.condition
    if condition == "whole view":
        return [Case(condition, _whole(renderer, poses, _rng(0, number))) for number in part.numbers]
    if condition in _THIRD:
        kind, share = list(_THIRD).index(condition) + 1, _THIRD[condition]
        return [Case(condition, _local(anatomy, renderer, poses, share, _rng(kind, number))) for number in part.numbers]
    masked = condition == "screws, masked"
    screws = (_with_screws(anatomy, renderer, poses, _rng(3, number)) for number in part.numbers)
    return [Case(condition, xray, mask if masked else None) for xray, mask in screws]


def take_strangers(data_folder: Path, part: Part) -> list[Case]:
    """X-rays of another patient's chest, a blank image, or noise, every other one of it fine, the others smooth."""
    renderer, poses = _chest(data_folder)
    if part.condition == "chest of another patient":
        return [Case(part.condition, _whole(renderer, poses, _rng(4, number))) for number in part.numbers]
    projection = poses.draw(_rng(4, 0), SIZE_PX, PIXEL_MM)
    if part.condition == "noise":
        return [Case(part.condition, _noise(number, projection)) for number in part.numbers]
    return [Case(part.condition, XRayImage(np.zeros(SIZE_PX, np.float32), projection)) for _ in part.numbers]


@lru_cache(maxsize=1)
def _chest(data_folder: Path) -> tuple[DRRRenderer, PoseRange]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the CT lacks makes it no less of a chest
        ct = load_ct(data_folder / CHEST_FILE)
    x, y, z = ct.center_ras
    return DRRRenderer(as_xrayed(ct)), PoseRange((x, y, z))


def _rng(kind: int, number: int) -> np.random.Generator:
    return np.random.default_rng([_SEED, kind, number])


def _whole(renderer: DRRRenderer, poses: PoseRange, rng: np.random.Generator) -> XRayImage:
    return take_xray(renderer, poses.draw(rng, SIZE_PX, PIXEL_MM), rng)[0]


def _local(
    anatomy: Anatomy, renderer: DRRRenderer, poses: PoseRange, share: float, rng: np.random.Generator
) -> XRayImage:
    """A part of the receptor, `share` of its sides long, that shows a target; all of it open."""
    while True:
        projection = poses.draw(rng, SIZE_PX, PIXEL_MM)
        column, row = projection.project(rng.choice(anatomy.targets_ras))
        if 0 <= row < SIZE_PX[0] and 0 <= column < SIZE_PX[1]:
            break
    part = projection.cropped(_about(row, SIZE_PX[0], share), _about(column, SIZE_PX[1], share))
    return take_xray(renderer, part, rng, collimated=False)[0]


def _about(pixel: float, size: int, share: float) -> slice:
    """So much of the pixels, about one of them or as near to that as the edge allows."""
    length = round(share * size)
    first = int(np.clip(round(pixel - length / 2), 0, size - length))
    return slice(first, first + length)


def _with_screws(
    anatomy: Anatomy, renderer: DRRRenderer, poses: PoseRange, rng: np.random.Generator
) -> tuple[XRayImage, NDArray[np.bool_]]:
    """A view that at least one screw is in."""
    while True:
        projection = poses.draw(rng, SIZE_PX, PIXEL_MM)
        xray, mask = take_xray(renderer, projection, rng, anatomy.screws)
        if mask.any():
            return xray, mask


def _noise(number: int, projection: Projection) -> XRayImage:
    pixels = _rng(5, number).normal(size=SIZE_PX)
    if number % 2:
        pixels = gaussian_filter(pixels, _COARSE_NOISE_PX)
    return XRayImage(pixels.astype(np.float32), projection)
