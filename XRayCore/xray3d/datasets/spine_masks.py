"""The bone around a straightened spine's canal, divided into vertebrae.

A body is what lies within its outline between its discs. Arches follow by flooding: from every body and its pedicles
the label spreads through bone, the densest first, so that labels meet where bone is thinnest: in the joints.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, gaussian_filter, generate_binary_structure, label

from xray3d.datasets.spine_levels import Level
from xray3d.datasets.straight_spine import FRONT_MM, RIGHT_MM, StraightSpine
from xray3d.datasets.vertebral_body import VertebralBody

BONE_HU = 160.0
SHADE_HU = 40.0
DENSE_HU = 800.0
ARCH_FRONT_MM = 10.0
ARCH_SIDE_MM = 45.0
PEDICLE_SIDE_MM = (8.0, 16.0)
PEDICLE_FRONT_MM = (-2.0, 7.0)
PEDICLE_PLANES = 4
NEIGHBOUR_MM = 12.0
CANAL_MM = 7.0


def divide_bone(
    spine: StraightSpine, levels: Sequence[Level], bodies: Sequence[VertebralBody]
) -> NDArray[np.uint8]:
    """Labels (S, Y, X): number n + 1 for the n-th vertebra, 0 elsewhere."""
    smooth = gaussian_filter(spine.hu, 0.6)
    bone = smooth > BONE_HU
    seeds = _seeds(bone, levels, bodies)
    shades = sitk.GetImageFromArray((-np.clip(smooth, 0, DENSE_HU) / SHADE_HU).astype(np.int16))
    flooded = sitk.MorphologicalWatershedFromMarkers(shades, sitk.GetImageFromArray(seeds), False, False)
    labels = sitk.GetArrayFromImage(flooded).astype(np.uint8)
    in_arch = (FRONT_MM <= ARCH_FRONT_MM)[:, None] & (np.abs(RIGHT_MM) <= ARCH_SIDE_MM)
    labels[~(bone & in_arch)] = 0
    labels[labels > len(levels)] = 0
    for number, body in enumerate(bodies, 1):
        region = labels[body.first_plane : body.first_plane + len(body.voxels)]
        region[body.voxels] = number
    return _one_piece_each(labels, bone, len(levels))


def _seeds(bone: NDArray[np.bool_], levels: Sequence[Level], bodies: Sequence[VertebralBody]) -> NDArray[np.uint8]:
    """Where each vertebra's label starts, and one more label for what adjoins the first and the last of them."""
    front, right = np.meshgrid(FRONT_MM, RIGHT_MM, indexing="ij")
    planes = np.arange(len(bone))[:, None, None]
    beyond = len(levels) + 1
    seeds = np.zeros(bone.shape, np.uint8)
    in_body = (front >= 8) & (front <= 32) & (np.abs(right) <= 14)
    below, above = planes - levels[0].below.at(front, right), planes - levels[-1].above.at(front, right)
    seeds[((below < -2) & (below > -NEIGHBOUR_MM) | (above > 2) & (above < NEIGHBOUR_MM)) & in_body & bone] = beyond
    beside = (np.abs(right) >= PEDICLE_SIDE_MM[0]) & (np.abs(right) <= PEDICLE_SIDE_MM[1])
    beside &= (front >= PEDICLE_FRONT_MM[0]) & (front <= PEDICLE_FRONT_MM[1])
    for number, (level, body) in enumerate(zip(levels, bodies), 1):
        seeds[body.first_plane : body.first_plane + len(body.voxels)][body.voxels] = number
        seeds[(np.abs(planes - level.pedicle) <= PEDICLE_PLANES) & beside & bone] = number
    return seeds


def _one_piece_each(labels: NDArray[np.uint8], bone: NDArray[np.bool_], count: int) -> NDArray[np.uint8]:
    """The largest piece of every label, its pores closed, the canal kept free."""
    canal = (np.hypot(*np.meshgrid(FRONT_MM, RIGHT_MM, indexing="ij")) < CANAL_MM) & ~bone
    tidy = np.zeros_like(labels)
    for number in range(1, count + 1):
        planes = np.flatnonzero((labels == number).any((1, 2)))
        if not len(planes):
            continue
        at = slice(planes[0], planes[-1] + 1)
        own = np.pad(labels[at] == number, 3)
        own = binary_closing(own, generate_binary_structure(3, 1), iterations=2)[3:-3, 3:-3, 3:-3]
        parts, _ = label(own & ~canal[at])
        largest = parts == np.bincount(parts[parts > 0]).argmax()
        region = tidy[at]
        region[largest & ((labels[at] == number) | (labels[at] == 0))] = number
    return tidy
