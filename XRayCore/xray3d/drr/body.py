"""Where the patient is in the CT, and where the CT ends in the patient."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.volumes.ct import CTVolume

# Between lung or gas and fat; what is darker counts as body when body surrounds it.
BODY_THRESHOLD_HU = -300.0


class BodyOutline:
    """The patient's outline on the six faces of a CT.

    A CT rarely holds the whole patient. Where a face of the volume cuts through the body, the rays that pass through
    the cut see less tissue than a real X-ray would. A face's outline is what is denser than `BODY_THRESHOLD_HU`
    there, with enclosed lung and gas filled in.

    Args:
        ct: the volume, in any orientation.
    """

    def __init__(self, ct: CTVolume) -> None:
        self._ct = ct
        self._ras_to_ijk = np.linalg.inv(ct.ijk_to_ras)

    def crosses_cut_face(self, projection: Projection) -> NDArray[np.bool_]:
        """(rows, cols): whether a pixel's ray, between source and receptor, passes through a cut of the body."""
        source, directions = self._rays(projection)
        marked = np.zeros(projection.size_px, bool)
        for axis in range(3):
            for end in (0, 1):
                outline = self.outlines[axis, end]
                if outline.any():
                    face = -0.5 if end == 0 else self._ct.size_ijk[axis] - 0.5
                    marked |= _hits(source, directions, projection.sdd_mm, axis, face, outline)
        return marked

    def has_source_outside(self, projection: Projection) -> bool:
        """Whether the X-ray source lies outside the patient, or beyond the CT."""
        i, j, k = np.rint(self._ras_to_ijk[:3, :3] @ projection.source_ras + self._ras_to_ijk[:3, 3]).astype(int)
        within = all(0 <= index < size for index, size in zip((i, j, k), self._ct.size_ijk, strict=True))
        return not (within and self._filled_slice(k)[j, i])

    def check_source(self, projection: Projection) -> None:
        """Raise GeometryError when the X-ray source lies inside the patient."""
        if not self.has_source_outside(projection):
            raise GeometryError(
                f"The X-ray source at RAS {np.round(projection.source_ras, 1).tolist()} mm lies inside the body; "
                "move the isocentre or increase the source-to-isocentre distance."
            )

    @property
    def size_ijk(self) -> tuple[int, ...]:
        """Number of voxels along i, j, k."""
        return self._ct.size_ijk

    @cached_property
    def outlines(self) -> dict[tuple[int, int], NDArray[np.bool_]]:
        """Body on the face at the start (0) and end (1) of each axis i, j, k; indexed [slower, faster axis]."""
        hu = self._ct.hu
        faces = [(axis, end) for axis in range(3) for end in (0, 1)]
        return {(axis, end): _filled(np.take(hu, -end, axis=2 - axis) > BODY_THRESHOLD_HU) for axis, end in faces}

    def _filled_slice(self, k: int) -> NDArray[np.bool_]:
        return _filled(self._ct.hu[k] > BODY_THRESHOLD_HU)

    def _rays(self, projection: Projection) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Source (3,) and directions (rows, cols, 3) per mm of depth in voxel units."""
        rows, columns = projection.size_px
        row, column = np.mgrid[:rows, :columns]
        to_ijk = self._ras_to_ijk[:3, :3]
        pixels = np.stack([column, row, np.ones_like(row)], axis=-1)
        directions = pixels @ (to_ijk @ projection.pixel_to_ras_direction).T
        return to_ijk @ projection.source_ras + self._ras_to_ijk[:3, 3], directions


def _filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask with its holes filled and specks removed (table, blanket, noise)."""
    opened = ndimage.binary_opening(ndimage.binary_fill_holes(mask), iterations=2)
    return np.asarray(opened, bool)


def _hits(
    source: NDArray[np.float64],
    directions: NDArray[np.float64],
    sdd_mm: float,
    axis: int,
    face: float,
    outline: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """(rows, cols): whether the ray meets the plane `axis` = `face` inside the outline, before the receptor."""
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = (face - source[axis]) / directions[..., axis]
        fast, slow = (other for other in range(3) if other != axis)
        inside = (depth > 0) & (depth < sdd_mm)
        reached = np.where(inside, depth, 0.0)
        index = [np.rint(source[other] + reached * directions[..., other]) for other in (slow, fast)]
    for position, size in zip(index, outline.shape, strict=True):
        inside &= (position >= 0) & (position < size)
    slow_index, fast_index = (np.where(inside, position, 0).astype(int) for position in index)
    return inside & outline[slow_index, fast_index]
