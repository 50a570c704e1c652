"""Scene-coordinate maps: where in the patient each pixel's ray first and last meets bone.

The regression targets of Shrestha et al., "X-Ray to CT Rigid Registration Using Scene Coordinate Regression"
(MICCAI 2023): an entry and an exit point a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import warp as wp
from numpy.typing import ArrayLike, NDArray

from xray3d.drr.device import MODULE_OPTIONS, launch, resolve_device
from xray3d.drr.empty_space import EmptySpace, empty_space, samples_a_voxel, samples_in_empty_space
from xray3d.drr.grid import BorderedGrid, Grid
from xray3d.drr.rays import BORDER_MARGIN, View, make_views
from xray3d.drr.sampling import cut_to_box, trilinear
from xray3d.errors import VolumeError
from xray3d.geometry import Projection
from xray3d.volumes.ct import CTVolume

wp.set_module_options(MODULE_OPTIONS)

BONE_THRESHOLD_HU = 250.0

# What the zeros around the volume stand for: the bone field is HU above air.
_AIR_HU = -1024.0
_STEP_VOXELS = wp.constant(0.5)
# The surface is found to one of these parts of a step: within a thousandth of a voxel.
_PARTS = wp.constant(512)
LEAST_COSINE = 0.3
"""Between ray and surface normal. A ray that grazes bone runs along the surface: what the surface is off by across the
ray, up to an eighth of a voxel on a partial-volume edge, becomes three times as much along it."""


@dataclass(frozen=True, eq=False)
class SceneCoordinates:
    """Entry and exit points of one view, or with a leading n of several.

    Attributes:
        entry_ras: (rows, cols, 3) float32, mm: the first point, from the source, where the ray is in bone.
        exit_ras: (rows, cols, 3) float32, mm: the last such point.
        valid: (rows, cols) bool: whether the ray meets bone, and at neither point so flatly (within 17° of the
            surface) that it is not known to half a voxel along the ray; elsewhere both points are NaN.
    """

    entry_ras: NDArray[np.float32]
    exit_ras: NDArray[np.float32]
    valid: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class DeviceSceneCoordinates:
    """`SceneCoordinates` of n views as they lie on the device; `wp.to_torch` takes each without a copy.

    Attributes:
        points_ras: (n, rows, cols, 6) float32, mm: entry, then exit; NaN where not valid, which a loss must not see:
            mask it or replace it first.
        valid: (n, rows, cols) bool.
    """

    points_ras: wp.array
    valid: wp.array

    @property
    def entry_ras(self) -> wp.array:
        """(n, rows, cols, 3): the entry points, a view of `points_ras`."""
        return self.points_ras[:, :, :, :3]

    @property
    def exit_ras(self) -> wp.array:
        """(n, rows, cols, 3): the exit points, a view of `points_ras`."""
        return self.points_ras[:, :, :, 3:]


class SceneCoordinateRenderer:
    """Finds the bone surface along rays: the trilinear isosurface of the CT, or of a mask at one half.

    Args:
        ct: the patient.
        bone: threshold in HU, or a mask (K, J, I) on the CT's grid (any label map compared with the labels wanted).
        device: "cpu", "cuda" or "cuda:N".
        least_cosine: of the angle between ray and surface normal for a point to be valid, 0 to 1; 0 for every ray that
            meets bone, where only its points' distance from the ray matters.

    Raises:
        VolumeError: a mask of another shape, or no bone in the volume.
        DeviceError: the device is not there.
    """

    def __init__(
        self,
        ct: CTVolume,
        bone: float | ArrayLike = BONE_THRESHOLD_HU,
        device: str = "cpu",
        least_cosine: float = LEAST_COSINE,
    ) -> None:
        self._least_cosine = least_cosine
        self.device = resolve_device(device)
        field, self._level = _bone_field(ct, bone)
        self._grid = BorderedGrid(field, ct.ijk_to_ras, self.device)
        self._border_to_ras = wp.mat44(np.linalg.inv(self._grid.ras_to_border))
        occupied = field >= self._level
        self._low, self._high = (wp.vec3(*corner) for corner in _bounds(occupied, ct.name))
        occupied = np.pad(occupied, 1, constant_values=self._level <= 0)
        self._empty = empty_space(occupied, ct.spacing_mm, self.device)

    def render(self, projections: Projection | Sequence[Projection]) -> SceneCoordinates:
        """Entry and exit points of one projection, or of a sequence of one image size."""
        single = isinstance(projections, Projection)
        maps = self.render_maps_on_device([projections] if isinstance(projections, Projection) else projections)
        points, valid = maps.points_ras.numpy(), maps.valid.numpy()
        if single:
            points, valid = points[0], valid[0]
        return SceneCoordinates(points[..., :3], points[..., 3:], valid)

    def render_on_device(self, projections: Sequence[Projection]) -> wp.array:
        """(n, rows, cols, 6) float32 on the device: entry, then exit, RAS mm; NaN where the ray meets no bone."""
        return self.render_maps_on_device(projections).points_ras

    def render_maps_on_device(self, projections: Sequence[Projection]) -> DeviceSceneCoordinates:
        """`render` of any number of projections of one image size, in one launch, without leaving the device."""
        views, _ = make_views(projections, self._grid)
        rows, columns = projections[0].size_px
        shape = (len(projections) * rows, columns)
        points = wp.empty((*shape, 6), dtype=wp.float32, device=self.device)
        valid = wp.empty(shape, dtype=wp.bool, device=self.device)
        # Not `serve`: samples that are half a voxel apart gain nothing from a second memory order.
        scene = [self._grid.struct, self._empty, views, rows, self._level, self._low, self._high, self._border_to_ras]
        scene.append(self._least_cosine)
        launch(_entry_and_exit, shape, [*scene, points, valid], self.device)
        images = (len(projections), rows, columns)
        return DeviceSceneCoordinates(points.reshape((*images, 6)), valid.reshape(images))


def _bone_field(ct: CTVolume, bone: float | ArrayLike) -> tuple[NDArray[np.float32], float]:
    """A non-negative field (K, J, I) and the level at which its isosurface is the bone's surface."""
    if np.ndim(bone) == 0:
        return np.maximum(ct.hu - np.float32(_AIR_HU), 0.0), float(np.asarray(bone)) - _AIR_HU
    mask = np.asarray(bone)
    if mask.shape != ct.hu.shape:
        raise VolumeError(f"The bone mask is {mask.shape}, {ct.name} is {ct.hu.shape}; resample the mask onto the CT.")
    return (mask != 0).astype(np.float32), 0.5


def _bounds(mask: NDArray[np.bool_], name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of the box, in border coordinates, outside of which the field is below the level."""
    if not mask.any():
        raise VolumeError(f"{name} has no bone above the threshold or in the mask; lower the threshold.")
    low, high = [], []
    for axis in (2, 1, 0):
        occupied = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        low.append(float(occupied[0]))
        high.append(float(occupied[-1] + 2))
    return np.array(low), np.array(high)


@wp.func
def _surface(grid: Grid, view: View, direction: wp.vec3, outside: float, inside: float, level: float):
    """The depth of the surface between one outside of bone and one inside: of two parts of a step, that inside.

    False position after Dowell and Jarratt (BIT 11, 1971), the "Illinois" rule: besides those at the ends it takes four
    samples, where halving takes nine.
    """
    part = (inside - outside) / float(_PARTS)
    low = int(0)
    high = int(_PARTS)
    below = trilinear(grid, view.source + outside * direction) - level
    above = trilinear(grid, view.source + inside * direction) - level
    last_side = float(0.0)
    while high - low > 1:
        share = below / (below - above)
        middle = wp.clamp(low + int(wp.ceil(share * float(high - low))), low + 1, high - 1)
        value = trilinear(grid, view.source + (outside + float(middle) * part) * direction) - level
        side = wp.where(value >= 0.0, 1.0, -1.0)
        # An end that stays twice in a row loses half of its weight, or the other would only creep.
        weight = wp.where(side == last_side, 0.5, 1.0)
        if value >= 0.0:
            high = middle
            above = value
            below *= weight
        else:
            low = middle
            below = value
            above *= weight
        last_side = side
    return outside + float(high) * part


@wp.func
def _first_inside(
    grid: Grid, empty: EmptySpace, view: View, direction: wp.vec3, begin: float, end: float, level: float
):
    """The depth where the ray, going from depth `begin` to `end`, crosses into bone; negative when it does not."""
    largest = wp.max(wp.abs(direction))
    count = int(wp.abs(end - begin) * largest / _STEP_VOXELS) + 1
    step = (end - begin) / float(count)
    per_voxel = samples_a_voxel(step * direction)
    found = float(-1.0)
    index = int(0)
    while index <= count:
        depth = begin + float(index) * step
        point = view.source + depth * direction
        skipped = samples_in_empty_space(empty, point, per_voxel)
        if skipped > 0:
            index += skipped
        elif trilinear(grid, point) < level:
            index += 1
        else:
            found = depth
            if index > 0:
                found = _surface(grid, view, direction, depth - step, depth, level)
            index = count + 1
    return found


@wp.func
def _slope(grid: Grid, point: wp.vec3, half_step: wp.vec3):
    """Difference of the field across a step about a point, kept within the border."""
    low = wp.vec3(BORDER_MARGIN, BORDER_MARGIN, BORDER_MARGIN)
    high = wp.vec3(float(grid.size[0] - 1), float(grid.size[1] - 1), float(grid.size[2] - 1)) - low
    ahead = wp.min(wp.max(point + half_step, low), high)
    behind = wp.min(wp.max(point - half_step, low), high)
    return trilinear(grid, ahead) - trilinear(grid, behind)


@wp.func
def _grazes(grid: Grid, view: View, direction: wp.vec3, camera: wp.vec3, depth: float, least_cosine: float):
    """Whether the ray, `direction` in voxels and `camera` in the camera frame, meets the surface too flatly there."""
    point = view.source + depth * direction
    gradient = wp.vec3(
        _slope(grid, point, wp.vec3(0.5, 0.0, 0.0)),
        _slope(grid, point, wp.vec3(0.0, 0.5, 0.0)),
        _slope(grid, point, wp.vec3(0.0, 0.0, 0.5)),
    )
    normal = wp.transpose(view.camera_to_voxel) * gradient
    return wp.abs(wp.dot(normal, camera)) < least_cosine * wp.length(normal) * wp.length(camera)


@wp.kernel
def _entry_and_exit(
    start: int,
    grid: Grid,
    empty: EmptySpace,
    views: wp.array(dtype=View),
    rows: int,
    level: float,
    low: wp.vec3,
    high: wp.vec3,
    border_to_ras: wp.mat44,
    least_cosine: float,
    points: wp.array3d(dtype=wp.float32),
    valid: wp.array2d(dtype=wp.bool),
):
    line, column = wp.tid()
    line += start
    view = views[line / rows]
    pixel = wp.vec3(float(column), float(line % rows), 1.0)
    direction = view.pixel_to_direction * pixel
    depths = cut_to_box(view, direction, low, high)
    entry = float(-1.0)
    leave = float(-1.0)
    if depths[1] > depths[0]:
        entry = _first_inside(grid, empty, view, direction, depths[0], depths[1], level)
    if entry >= 0.0:
        # Where bone is thinner than rounding, the way back does not find it again.
        leave = wp.max(entry, _first_inside(grid, empty, view, direction, depths[1], entry, level))
        camera = view.pixel_to_camera * pixel
        grazes = _grazes(grid, view, direction, camera, entry, least_cosine)
        if grazes or _grazes(grid, view, direction, camera, leave, least_cosine):
            entry = -1.0
    is_valid = entry >= 0.0
    valid[line, column] = is_valid
    first = wp.transform_point(border_to_ras, view.source + entry * direction)
    last = wp.transform_point(border_to_ras, view.source + leave * direction)
    for axis in range(3):
        points[line, column, axis] = wp.where(is_valid, first[axis], wp.NAN)
        points[line, column, axis + 3] = wp.where(is_valid, last[axis], wp.NAN)
