"""The surface of the bones of a CT."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from xray3d.errors import VolumeError
from xray3d.mrml.models import show_polydata
from xray3d.mrml.polydata import Color, surface, with_normals
from xray3d.mrml.volumes import ct_from_node
from xray3d.volumes import CTVolume
from xray3d.volumes.isosurface import isosurface

BONE_COLOR: Color = (0.93, 0.87, 0.75)
BONE_HU = 250.0

# Fine enough for a picture of a spine, coarse enough for a laptop's 3D view.
_SPACING_MM = 2.0
_AIR_HU = -300.0
_BOARD_MM = 16.0
# Contrast agent seldom gets as dense as compact bone, of which every bone has at least this share.
_COMPACT_BONE_HU = 500.0
_COMPACT_SHARE = 0.03
# Smaller pieces are calcifications and noise.
_SMALLEST_PIECE_MM3 = 2000.0


def add_bone_surface(ct_node: Any, threshold_hu: float = BONE_HU, name: str = "Bone surface") -> Any:
    """A new model node of everything in a CT node that is denser than the threshold, in RAS.

    Raises:
        VolumeError, GeometryError: as `ct_from_node`, or nothing is that dense.
    """
    vertices, triangles = bone_surface(ct_from_node(ct_node), threshold_hu)
    return show_polydata(with_normals(surface(vertices, triangles), sharp_edges=False), name, color=BONE_COLOR)


def bone_surface(ct: CTVolume, threshold_hu: float = BONE_HU) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices (n, 3) in RAS mm and triangles (m, 3), counter-clockwise seen from outside.

    Voxels are averaged to about 2 mm first and the surface is smoothed; the table is dropped, so are pieces below
    2 cm³ or without compact bone, such as organs full of contrast agent.

    Raises:
        VolumeError: nothing is denser than the threshold.
    """
    hu, ijk_to_ras = _coarser(ct)
    spacing_mm = np.linalg.norm(ijk_to_ras[:3, :3], axis=0)
    hu = np.where(_no_bone(hu, threshold_hu, spacing_mm), np.float32(threshold_hu - 1), hu)
    if not (hu > threshold_hu).any():
        raise VolumeError(f"{ct.name} has no bone above {threshold_hu:g} HU; choose a lower threshold.")
    return isosurface(hu, threshold_hu, ijk_to_ras, smoothed=True)


def _coarser(ct: CTVolume) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Blocks of voxels averaged, with a border of air that closes the surface where the CT ends."""
    factors = np.maximum(1, np.round(_SPACING_MM / ct.spacing_mm)).astype(int)
    fi, fj, fk = factors
    size = np.array(ct.size_ijk) // factors
    i, j, k = size * factors
    blocks = ct.hu[:k, :j, :i].reshape(size[2], fk, size[1], fj, size[0], fi)
    hu = np.pad(blocks.mean(axis=(1, 3, 5), dtype=np.float32), 1, constant_values=-1000)
    ijk_to_ras = ct.ijk_to_ras.copy()
    ijk_to_ras[:3, :3] *= factors
    # The centre of the first block is half a block less half a voxel in; the border starts one block before it.
    ijk_to_ras[:3, 3] = ct.to_ras((factors - 1) / 2 - factors)
    return hu, ijk_to_ras


def _no_bone(hu: NDArray[np.float32], threshold_hu: float, spacing_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The pieces above the threshold that are no bones: small, without compact bone, or apart from the body."""
    pieces, count = ndimage.label(hu > threshold_hu)

    def voxels(of: NDArray[np.bool_]) -> NDArray[Any]:
        return np.bincount(pieces.ravel(), weights=of.ravel().astype(float), minlength=count + 1)

    all_voxels = voxels(pieces > 0)
    is_bone = all_voxels * spacing_mm.prod() >= _SMALLEST_PIECE_MM3
    is_bone &= voxels(hu > _COMPACT_BONE_HU) >= _COMPACT_SHARE * all_voxels
    is_bone &= voxels(_body(hu, spacing_mm)) > 0
    is_bone[0] = True
    return ~is_bone[pieces]


def _body(hu: NDArray[np.float32], spacing_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The patient without table and clothes: the largest piece that is no air and thicker than a board."""
    steps = max(1, round(_BOARD_MM / 2 / float(spacing_mm.mean())))
    thick, count = ndimage.label(ndimage.binary_opening(hu > _AIR_HU, iterations=steps))
    if count == 0:
        return np.ones(hu.shape, bool)  # a few thin bones, without a body to tell them by
    return thick == 1 + np.bincount(thick.ravel())[1:].argmax()
