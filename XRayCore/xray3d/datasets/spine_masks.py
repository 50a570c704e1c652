"""The bone around a straightened spine's canal, divided into vertebrae.

A body is what lies within its outline between its discs. Arches follow by flooding: from every body, its pedicles and
its lamina the label spreads through bone, the densest first, so that labels meet where bone is thinnest: in the joints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_fill_holes, gaussian_filter, generate_binary_structure, label

from xray3d.datasets.spine_levels import Level
from xray3d.datasets.straight_spine import FRONT_MM, RIGHT_MM, StraightSpine, within
from xray3d.datasets.vertebral_body import VertebralBody

BONE_HU = 200.0
SHADE_HU = 40.0
DENSE_HU = 800.0
ARCH_FRONT_MM = 10.0
ROOT_FRONT_MM, ROOT_MM = 17.0, 18.0
ARCH_HEIGHTS = (-1.7, 0.7)
LATERAL_MM = 52.0
CANAL_MM = 7.0


@dataclass(frozen=True)
class _SeedBox:
    """A place that belongs to a vertebra for sure: mm to the front and to either side, heights from its pedicles."""

    front_mm: tuple[float, float]
    side_mm: tuple[float, float]
    heights: tuple[float, float]


_PEDICLE = _SeedBox((-2.0, 7.0), (8.0, 16.0), (-0.25, 0.12))
_LAMINA = _SeedBox((-18.0, -6.0), (0.0, 15.0), (-0.45, -0.22))


def divide_bone(spine: StraightSpine, levels: Sequence[Level], bodies: Sequence[VertebralBody]) -> NDArray[np.uint8]:
    """Labels (S, Y, X) for vertebrae from the head downwards: 1 for the first, 0 elsewhere."""
    smooth = gaussian_filter(spine.hu, 0.6)
    bone = smooth > BONE_HU
    seeds = _seeds(bone, levels, bodies)
    shades = sitk.GetImageFromArray((-np.clip(smooth, 0, DENSE_HU) / SHADE_HU).astype(np.int16))
    flooded = sitk.MorphologicalWatershedFromMarkers(shades, sitk.GetImageFromArray(seeds), False, False)
    labels = sitk.GetArrayFromImage(flooded).astype(np.uint8)
    in_arch = (FRONT_MM <= ARCH_FRONT_MM)[:, None] | (FRONT_MM <= ROOT_FRONT_MM)[:, None] & (
        np.abs(RIGHT_MM) <= ROOT_MM
    )
    labels[~(bone & in_arch)] = 0
    labels[labels > len(levels)] = 0
    for number, (level, body) in enumerate(zip(levels, bodies, strict=True), 1):
        low, high = (max(round(level.pedicle + part * level.height), 0) for part in ARCH_HEIGHTS)
        for far in (labels[:low], labels[high:]):
            far[far == number] = 0
        region = labels[body.first_plane : body.first_plane + len(body.voxels)]
        region[body.voxels] = number
    return _one_piece_each(labels, bone, bodies)


def _seeds(bone: NDArray[np.bool_], levels: Sequence[Level], bodies: Sequence[VertebralBody]) -> NDArray[np.uint8]:
    """Where each vertebra's label starts; one more label for its neighbours beyond both ends, ribs and hips."""
    seeds = np.zeros(bone.shape, np.uint8)
    beyond = len(levels) + 1
    seeds[:, :, np.abs(RIGHT_MM) >= LATERAL_MM] = beyond
    for end, step in ((levels[0], 1), (levels[-1], -1)):
        _plant(seeds, end.pedicle + step * end.height, end.height, beyond)
    for number, (level, body) in enumerate(zip(levels, bodies, strict=True), 1):
        _plant(seeds, level.pedicle, level.height, number)
        seeds[body.first_plane : body.first_plane + len(body.voxels)][body.voxels] = number
    seeds[~bone] = 0
    return seeds


def _plant(seeds: NDArray[np.uint8], pedicle: float, height: float, number: int) -> None:
    for box in (_PEDICLE, _LAMINA):
        low, high = (round(pedicle + part * height) for part in box.heights)
        front = np.flatnonzero(within(FRONT_MM, box.front_mm))
        side = np.flatnonzero(within(np.abs(RIGHT_MM), box.side_mm))
        planes = np.arange(max(low, 0), min(high + 1, len(seeds)))
        seeds[np.ix_(planes, front, side)] = number


def _one_piece_each(
    labels: NDArray[np.uint8], bone: NDArray[np.bool_], bodies: Sequence[VertebralBody]
) -> NDArray[np.uint8]:
    """The largest piece of every label, made solid where nothing else is, the canal kept free."""
    canal = (np.hypot(*np.meshgrid(FRONT_MM, RIGHT_MM, indexing="ij")) < CANAL_MM) & ~bone
    for body in bodies:
        canal[body.first_plane : body.first_plane + len(body.voxels)][body.voxels] = False
    tidy = np.zeros_like(labels)
    for number in range(1, len(bodies) + 1):
        planes = np.flatnonzero((labels == number).any((1, 2)))
        at = slice(planes[0], planes[-1] + 1)
        parts, _ = label(_solid(labels[at] == number) & ~canal[at])
        largest = parts == np.bincount(parts[parts > 0]).argmax()
        tidy[at][largest & ((labels[at] == number) | (labels[at] == 0))] = number
    return tidy


def _solid(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pores closed, and what bone encloses in a coronal plane filled: the spongy inside of a pedicle, not the canal."""
    closed = binary_closing(np.pad(mask, 3), generate_binary_structure(3, 1), iterations=2)[3:-3, 3:-3, 3:-3]
    for front in range(mask.shape[1]):
        closed[:, front] = binary_fill_holes(closed[:, front])
    return closed
