"""Trilinear samples at any depth of a ray, for what is not an integral over the whole of it."""

import warp as wp

from xray3d.drr.device import MODULE_OPTIONS
from xray3d.drr.grid import Grid
from xray3d.drr.rays import BORDER_MARGIN, View

wp.set_module_options(MODULE_OPTIONS)


@wp.func
def trilinear(grid: Grid, point: wp.vec3):
    """The field at a point in border coordinates; the point must lie inside the border."""
    i, j, k = int(point[0]), int(point[1]), int(point[2])
    u, v, w = point[0] - float(i), point[1] - float(j), point[2] - float(k)
    si, sj, sk = wp.uint32(grid.stride[0]), wp.uint32(grid.stride[1]), wp.uint32(grid.stride[2])
    q = wp.uint32(i) * si + wp.uint32(j) * sj + wp.uint32(k) * sk
    voxels = grid.voxels
    near = wp.lerp(wp.lerp(voxels[q], voxels[q + si], u), wp.lerp(voxels[q + sj], voxels[q + sj + si], u), v)
    q += sk
    far = wp.lerp(wp.lerp(voxels[q], voxels[q + si], u), wp.lerp(voxels[q + sj], voxels[q + sj + si], u), v)
    return wp.lerp(near, far, w)


@wp.func
def cut_to_box(view: View, direction: wp.vec3, low: wp.vec3, high: wp.vec3):
    """Depths (mm) between which the ray is in the box and between source and receptor."""
    enter = float(0.0)
    leave = float(view.sdd_mm)
    for axis in range(3):
        if wp.abs(direction[axis]) > 1.0e-9:
            at_low = (low[axis] + BORDER_MARGIN - view.source[axis]) / direction[axis]
            at_high = (high[axis] - BORDER_MARGIN - view.source[axis]) / direction[axis]
            enter = wp.max(enter, wp.min(at_low, at_high))
            leave = wp.min(leave, wp.max(at_low, at_high))
        elif view.source[axis] <= low[axis] or view.source[axis] >= high[axis]:
            leave = enter - 1.0
    return wp.vec2(enter, leave)
