"""Several bones as one label map, or as one surface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from xray3d.reconstruction.reconstruct import INSIDE, Reconstruction
from xray3d.volumes.labels import LabelVolume

# Voxels that are so near to each other, in their widths, are one.
_SAME = 1e-6


def joined_labels(bones: Mapping[int, Reconstruction], name: str) -> LabelVolume:
    """A label map on the grid of the first of the bones, made large enough for all.

    Args:
        bones: by their values in the labels. Where two claim a voxel, it is of the one that is surer.
        name: of the label map.
    """
    to_ras = next(iter(bones.values())).ijk_to_ras.copy()
    corners = np.concatenate([_corners_ras(bone) for bone in bones.values()])
    ijk = (corners - to_ras[:3, 3]) @ np.linalg.inv(to_ras[:3, :3]).T
    first, last = np.floor(ijk.min(axis=0) + _SAME), np.ceil(ijk.max(axis=0) - _SAME)
    to_ras[:3, 3] += to_ras[:3, :3] @ first
    size_kji = (last - first + 1).astype(int)[::-1]
    labels, surest = np.zeros(size_kji, np.uint8), np.full(size_kji, INSIDE, np.float32)
    for value, bone in bones.items():
        occupancy = np.where(bone.inside, bone.occupancy, np.minimum(bone.occupancy, INSIDE))
        kji = (np.linalg.inv(bone.ijk_to_ras) @ to_ras)[[2, 1, 0, 3]][:, [2, 1, 0, 3]]
        here = affine_transform(occupancy, kji[:3, :3], kji[:3, 3], tuple(size_kji), order=1)
        labels[here > surest] = value
        surest = np.maximum(surest, here)
    return LabelVolume(labels, to_ras, name)


def joined_mesh(
    bones: Sequence[Reconstruction],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Vertices (n, 3) in RAS mm, triangles (m, 3), and how far off the vertices may be (n,), of all bones.

    Raises:
        VolumeError: there is nothing inside one of them.
    """
    parts, before = [], 0
    for bone in bones:
        vertices, triangles = bone.mesh()
        parts.append((vertices, triangles + before, bone.sigma_mm(vertices)))
        before += len(vertices)
    vertices, triangles, sigma_mm = (np.concatenate(of_all) for of_all in zip(*parts, strict=True))
    return vertices, triangles, sigma_mm


def _corners_ras(bone: Reconstruction) -> NDArray[np.float64]:
    ends = np.array(list(product(*((0, size - 1) for size in bone.occupancy.shape[::-1]))))
    return np.asarray(ends @ bone.ijk_to_ras[:3, :3].T + bone.ijk_to_ras[:3, 3])
