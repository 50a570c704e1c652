"""A patient whose soft tissue is elsewhere than in the CT: breathing, bowel, another table, some days later."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, distance_transform_edt, gaussian_filter, map_coordinates, maximum_filter

from xray3d.volumes import CTVolume

_BONE_HU = 180.0
_COARSE_MM = 8.0
_SMOOTHNESS_MM = 25.0
# Standard deviation of each component far from bone; the distance from bone at which tissue is half as free.
_SHIFT_MM, _FREE_MM = 8.0, 12.0
_SLAB = 16


def with_moved_soft_tissue(ct: CTVolume, seed: int) -> CTVolume:
    """The CT with everything but bone displaced by a smooth random field, centimetres across and up to some wide.

    Bone, and what is next to it, stays where it is.
    """
    shape = np.array(ct.hu.shape)
    spacing_mm = ct.spacing_mm[::-1]
    coarse = np.maximum(2, np.round(shape * spacing_mm / _COARSE_MM)).astype(int)
    displacement = _displacement(coarse, ct, spacing_mm, seed) / spacing_mm[:, None, None, None]
    moved = np.empty_like(ct.hu)
    rows, columns = np.mgrid[: shape[1], : shape[2]].astype(np.float32)
    for first in range(0, len(ct.hu), _SLAB):
        slices = np.arange(first, min(first + _SLAB, len(ct.hu)))
        at = [np.broadcast_to(axis, (len(slices), *shape[1:])) for axis in (slices[:, None, None], rows, columns)]
        on_coarse = [axis * (n - 1) / (m - 1) for axis, n, m in zip(at, coarse, shape, strict=True)]
        shifts = [map_coordinates(component, on_coarse, order=1, mode="nearest") for component in displacement]
        source = [axis + shift for axis, shift in zip(at, shifts, strict=True)]
        moved[slices] = map_coordinates(ct.hu, source, order=1, mode="nearest")
    return CTVolume(moved, ct.ijk_to_ras, f"{ct.name}, soft tissue moved")


def _displacement(
    coarse: NDArray[np.int_], ct: CTVolume, spacing_mm: NDArray[np.float64], seed: int
) -> NDArray[np.float64]:
    """(3, k, j, i) mm along k, j, i on a coarse grid over the volume."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(3, *coarse))
    smooth = np.stack([gaussian_filter(component, _SMOOTHNESS_MM / _COARSE_MM) for component in noise])
    # Marrow counts as the bone around it, and interpolation between coarse points must not reach bone.
    reach = np.ceil(_COARSE_MM / spacing_mm).astype(int)
    near_bone = maximum_filter(ct.hu[::2, ::2, ::2] > _BONE_HU, size=tuple(reach))
    at = [np.round(np.linspace(0, n - 1, m)).astype(int) for n, m in zip(near_bone.shape, coarse, strict=True)]
    from_bone_mm = _COARSE_MM * distance_transform_edt(~binary_closing(near_bone[np.ix_(*at)], iterations=2))
    free = np.clip(from_bone_mm - _COARSE_MM, 0.0, None) / (_FREE_MM + from_bone_mm)
    return _SHIFT_MM * smooth / smooth.std() * free
