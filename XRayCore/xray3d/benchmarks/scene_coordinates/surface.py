"""How far points are from the surface of bone that X-rays can show: what scene coordinates are meant to be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from xray3d.benchmarks.registration.cases import PIXEL_MM, SIZE_PX
from xray3d.datasets.pose_range import PoseRange
from xray3d.drr.scene_coordinates import SceneCoordinateRenderer
from xray3d.volumes import CTVolume
from xray3d.volumes.extension import extended
from xray3d.volumes.skeleton import skeleton

_VIEWS, _VIEW_PX = 200, (256, 256)
# One point is kept in each cube of this size: points of the surface itself are 0.1 mm from them, hardly any 0.3 mm.
_APART_MM = 0.2
# Where the CT ends bone has no surface, so it goes on for so far.
_BEYOND_MM = 100.0
_SEED = 31_000_000


class VisibleBone:
    """The isosurface of a patient's bones, as far as rays from a range of poses enter or leave bone there.

    The walls of hollows within bone, which no ray meets first or last, are no part of it: points that are lost within
    bone are far from it. It is held as millions of points, which `SceneCoordinateRenderer` finds along the rays of
    many views.

    Args:
        ct: the patient.
        bone_hu: what counts as bone.
        poses: from where it may be seen.
    """

    def __init__(self, ct: CTVolume, bone_hu: float, poses: PoseRange) -> None:
        self._ct = ct
        longer = extended(skeleton(ct, bone_hu), _BEYOND_MM).ct
        points = np.concatenate(list(_seen(SceneCoordinateRenderer(longer, bone_hu), poses)))
        cells = np.floor((points - points.min(axis=0)) / _APART_MM).astype(np.int64)
        i, j, k = cells.T
        sides = cells.max(axis=0) + 1
        _, first = np.unique((i * sides[1] + j) * sides[2] + k, return_index=True)
        self._tree = cKDTree(points[first])

    def distances_mm(self, points_ras: NDArray[np.floating]) -> NDArray[np.float64]:
        """(m,) mm from the surface, of those of (n, 3) points that lie in the CT."""
        index = self._ct.to_ijk(points_ras)
        inside = ((index >= 0) & (index <= np.array(self._ct.size_ijk) - 1)).all(axis=1)
        distances, _ = self._tree.query(points_ras[inside])
        return np.asarray(distances, float)


def _seen(renderer: SceneCoordinateRenderer, poses: PoseRange) -> Iterator[NDArray[np.float32]]:
    """The points (n, 3) of each of many views."""
    rng = np.random.default_rng(_SEED)
    for _ in range(_VIEWS):
        scene = renderer.render(poses.draw(rng, SIZE_PX, PIXEL_MM).resampled(_VIEW_PX))
        yield np.concatenate([scene.entry_ras[scene.valid], scene.exit_ras[scene.valid]])
