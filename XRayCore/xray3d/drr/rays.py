"""One ray a pixel, in voxel units, cut to where it is between source and receptor and inside the volume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from xray3d.drr.device import MODULE_OPTIONS
from xray3d.drr.grid import BorderedGrid, Grid
from xray3d.errors import GeometryError
from xray3d.geometry import Projection

wp.set_module_options(MODULE_OPTIONS)

# Rays are cut this far inside the outermost (zero) voxels, so that rounding never reads beyond them.
BORDER_MARGIN = wp.constant(1e-3)


@wp.struct
class View:
    """A projection as a kernel sees it; lengths in voxels of the bordered grid, depth along the camera's z in mm."""

    source: wp.vec3
    pixel_to_direction: wp.mat33
    """(column, row, 1) to the ray's direction per mm of depth."""
    pixel_to_camera: wp.mat33
    """(column, row, 1) to the ray's direction in the camera frame, z = 1: the inverse intrinsic."""
    camera_to_voxel: wp.mat33
    """Camera-frame vectors in mm to voxel units."""
    sdd_mm: wp.float32


@wp.struct
class JosephRay:
    """A ray sampled where it crosses the voxel layers of its major axis a; u and v are the other two axes.

    At layer k the ray is at u = u_origin + k u_slope, v = v_origin + k v_slope.
    """

    major: wp.int32
    first: wp.int32
    count: wp.int32
    u_origin: wp.float32
    v_origin: wp.float32
    u_slope: wp.float32
    v_slope: wp.float32
    mm_per_layer: wp.float32
    source: wp.vec3
    """(a, u, v) of the source."""
    direction: wp.vec3
    """(a, u, v) of the direction per mm of depth."""
    stride: wp.vec3ui
    """Elements from one voxel to the next along a, u, v."""
    camera: wp.vec3
    """Direction in the camera frame, z = 1."""


@wp.func
def as_major_u_v(vector: wp.vec3, major: int):
    """Components reordered to (a, u, v): (i, j, k), (j, i, k) or (k, i, j)."""
    result = vector
    if major == 1:
        result = wp.vec3(vector[1], vector[0], vector[2])
    if major == 2:
        result = wp.vec3(vector[2], vector[0], vector[1])
    return result


@wp.func
def from_major_u_v(vector: wp.vec3, major: int):
    """The inverse of `as_major_u_v`."""
    result = vector
    if major == 1:
        result = wp.vec3(vector[1], vector[0], vector[2])
    if major == 2:
        result = wp.vec3(vector[1], vector[2], vector[0])
    return result


@wp.func
def cut_to_slab(bounds: wp.vec2, origin: float, slope: float, last: float):
    """The part of the interval `bounds` of k in which 0 <= origin + k slope <= last, less a margin."""
    low = bounds[0]
    high = bounds[1]
    if wp.abs(slope) > 1.0e-9:
        at_zero = (BORDER_MARGIN - origin) / slope
        at_last = (last - BORDER_MARGIN - origin) / slope
        low = wp.max(low, wp.min(at_zero, at_last))
        high = wp.min(high, wp.max(at_zero, at_last))
    elif origin < BORDER_MARGIN or origin > last - BORDER_MARGIN:
        high = low - 1.0
    return wp.vec2(low, high)


@wp.func
def joseph_ray(view: View, grid: Grid, row: int, column: int):
    """The ray through the centre of a pixel (Joseph, IEEE Trans. Med. Imaging 1(3), 1982)."""
    pixel = wp.vec3(float(column), float(row), 1.0)
    direction = view.pixel_to_direction * pixel
    ray = JosephRay()
    ray.camera = view.pixel_to_camera * pixel
    ray.major = 0
    if wp.abs(direction[1]) >= wp.max(wp.abs(direction[0]), wp.abs(direction[2])):
        ray.major = 1
    elif wp.abs(direction[2]) > wp.abs(direction[0]):
        ray.major = 2
    ray.source = as_major_u_v(view.source, ray.major)
    ray.direction = as_major_u_v(direction, ray.major)
    size = as_major_u_v(wp.vec3(float(grid.size[0]), float(grid.size[1]), float(grid.size[2])), ray.major)
    i, j, k = wp.uint32(grid.stride[0]), wp.uint32(grid.stride[1]), wp.uint32(grid.stride[2])
    if ray.major == 0:
        ray.stride = wp.vec3ui(
            wp.uint32(grid.stride_along_i[0]), wp.uint32(grid.stride_along_i[1]), wp.uint32(grid.stride_along_i[2])
        )
    elif ray.major == 1:
        ray.stride = wp.vec3ui(j, i, k)
    else:
        ray.stride = wp.vec3ui(k, i, j)

    ray.u_slope = ray.direction[1] / ray.direction[0]
    ray.v_slope = ray.direction[2] / ray.direction[0]
    ray.u_origin = ray.source[1] - ray.source[0] * ray.u_slope
    ray.v_origin = ray.source[2] - ray.source[0] * ray.v_slope
    ray.mm_per_layer = wp.length(ray.camera) / wp.abs(ray.direction[0])

    at_receptor = ray.source[0] + view.sdd_mm * ray.direction[0]
    bounds = wp.vec2(
        wp.max(0.0, wp.min(ray.source[0], at_receptor)), wp.min(size[0] - 1.0, wp.max(ray.source[0], at_receptor))
    )
    bounds = cut_to_slab(bounds, ray.u_origin, ray.u_slope, size[1] - 1.0)
    bounds = cut_to_slab(bounds, ray.v_origin, ray.v_slope, size[2] - 1.0)
    # A ray that is next to parallel to a slab and outside of it is in it only where no integer counts as far.
    ray.first = int(wp.ceil(wp.min(bounds[0], size[0])))
    ray.count = wp.max(0, int(wp.floor(wp.max(bounds[1], -1.0))) - ray.first + 1)
    return ray


def make_views(projections: Sequence[Projection], grid: BorderedGrid) -> tuple[wp.array, NDArray[np.float64]]:
    """The views (n,) on the grid's device, and the directions (n, 4, 3) of their corner rays in voxel units."""
    sizes = {projection.size_px for projection in projections}
    if len(sizes) != 1:
        raise GeometryError("Projections rendered together must be of one size in pixels; render the others apart.")
    ((rows, columns),) = sizes
    intrinsics = np.stack([projection.intrinsic for projection in projections])
    extrinsics = np.stack([projection.extrinsic for projection in projections])
    to_camera = np.linalg.inv(intrinsics)
    camera_to_voxel = grid.ras_to_border[:3, :3] @ extrinsics[:, :3, :3].swapaxes(1, 2)
    pixel_to_direction = camera_to_voxel @ to_camera

    struct: Any = View  # what the decorator made of the class
    views: NDArray = np.zeros(len(projections), struct.numpy_dtype())
    # The source is the camera's origin: where R x + t = 0.
    views["source"] = grid.ras_to_border[:3, 3] - np.einsum("nij,nj->ni", camera_to_voxel, extrinsics[:, :3, 3])
    views["pixel_to_direction"] = pixel_to_direction
    views["pixel_to_camera"] = to_camera
    views["camera_to_voxel"] = camera_to_voxel
    views["sdd_mm"] = [projection.sdd_mm for projection in projections]
    corners = np.array([[c, r, 1] for c in (0, columns - 1) for r in (0, rows - 1)], float)
    directions = corners @ pixel_to_direction.swapaxes(1, 2)
    return wp.array(views, dtype=View, device=grid.device), directions
