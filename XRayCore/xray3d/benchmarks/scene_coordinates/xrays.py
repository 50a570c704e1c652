"""X-rays for the models: whole views and local ones, with and without screws, and what no model should recognise."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
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
_THIRD: dict[Condition, float] = {
    "local view, a third of the area": 3**-0.5,
    "local view, a third of the side": 1 / 3,
}
_COARSE_NOISE_PX = 8.0


@dataclass(frozen=True)
class Plan:
    """How many X-rays to take at each place.

    Attributes:
        whole: whole views, of which the rotations and translations are measured.
        targets: of these, the first so many, of which the target registration errors are.
        compared: of these, the first so many, on which models that differ in one thing are compared and the distance
            of points from bone is measured.
        local: local views of each size.
        screws: views with screws.
        strangers: X-rays of another anatomy, and as many images of noise.
    """

    whole: int
    targets: int
    compared: int
    local: int
    screws: int
    strangers: int


@dataclass(frozen=True, eq=False)
class Case:
    """An X-ray, whose projection is the truth.

    Attributes:
        condition: what it shows.
        xray: the image.
        mask: (rows, cols), what is to be ignored; None for nothing.
    """

    condition: Condition
    xray: XRayImage
    mask: NDArray[np.bool_] | None = None


def take_cases(anatomy: Anatomy, poses: PoseRange, plan: Plan) -> list[Case]:
    """All X-rays of a place, the whole views first; each follows from its number alone, however many there are."""
    renderer = DRRRenderer(anatomy.xrayed)
    whole = [_whole(renderer, poses, _rng(0, number)) for number in range(plan.whole)]
    local = [
        Case(condition, _local(anatomy, renderer, poses, share, _rng(kind, number)))
        for kind, (condition, share) in enumerate(_THIRD.items(), 1)
        for number in range(plan.local)
    ]
    screws = [_with_screws(anatomy, renderer, poses, _rng(3, number)) for number in range(plan.screws)]
    return [
        *(Case("whole view", xray) for xray in whole),
        *local,
        *(Case("screws, not masked", xray) for xray, _ in screws),
        *(Case("screws, masked", xray, mask) for xray, mask in screws),
    ]


def take_strangers(data_folder: Path, count: int) -> list[tuple[Stranger, XRayImage]]:
    """X-rays of another patient's chest, a blank image, and noise, half of it fine and half of it smooth."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the CT lacks makes it no less of a chest
        ct = load_ct(data_folder / CHEST_FILE)
    x, y, z = ct.center_ras
    poses, renderer = PoseRange((x, y, z)), DRRRenderer(as_xrayed(ct))
    chest = [_whole(renderer, poses, _rng(4, number)) for number in range(count)]
    blank = XRayImage(np.zeros(SIZE_PX, np.float32), chest[0].projection)
    return [
        *(("chest of another patient", xray) for xray in chest),
        ("blank image", blank),
        *(("noise", _noise(number, blank.projection)) for number in range(count)),
    ]


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
