"""Path lengths of rays in metal, and the tissue that the metal displaces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import warp as wp

from xray3d.drr.device import MODULE_OPTIONS, launch
from xray3d.drr.grid import BorderedGrid, Grid
from xray3d.drr.implants import Implant, merge
from xray3d.drr.physics.materials import bone_split
from xray3d.drr.rays import View, make_views
from xray3d.drr.sampling import trilinear
from xray3d.geometry import Projection

wp.set_module_options(MODULE_OPTIONS)

# A pixel is an area: its path length is the mean over this many rays a side.
_RAYS_A_SIDE = wp.constant(2)
# A query goes on this far behind the last hit; an edge shared by two triangles counts once.
_PAST_HIT_MM = wp.constant(1e-3)
_STEP_VOXELS = wp.constant(0.5)


class MetalPaths:
    """Implants as one surface on a device.

    Between two surfaces a ray is in metal when it entered at the first or leaves at the second. So metal counts once
    where implants overlap (a rod in the head of a screw), and a wall inside a mesh, as decimation leaves them, does
    no harm.

    Args:
        implants: at least one.
        grid: the CT's attenuation, whose tissue the metal displaces.
    """

    def __init__(self, implants: Sequence[Implant], grid: BorderedGrid) -> None:
        vertices, triangles = merge(implants)
        self._grid = grid
        # Coordinates about the metal's own centre keep float32 exact to some nanometres.
        self._center = (vertices.max(axis=0) + vertices.min(axis=0)) / 2
        centered = vertices - self._center
        self._radius = float(np.linalg.norm(centered, axis=1).max())
        self._mesh = wp.Mesh(
            wp.array(centered.astype(np.float32), dtype=wp.vec3, device=grid.device),
            wp.array(triangles.astype(np.int32).ravel(), dtype=wp.int32, device=grid.device),
        )

    def subtract_tissue(self, projections: Sequence[Projection], soft: wp.array, bone: wp.array) -> wp.array:
        """Path lengths (n rows, cols) in mm; takes the displaced tissue off `soft` and `bone`, shaped alike."""
        views, directions = make_views(projections, self._grid)
        poses = np.stack([np.c_[p.pixel_to_ras_direction, p.source_ras - self._center] for p in projections])
        device = self._grid.device
        to_metal = wp.array(poses.astype(np.float32), dtype=wp.types.matrix((3, 4), wp.float32), device=device)
        metal_mm = wp.zeros(soft.shape, dtype=wp.float32, device=device)
        grid, rows = self._grid.serve(directions), projections[0].size_px[0]
        inputs = [grid, views, to_metal, rows, self._mesh.id, self._radius, *bone_split(), metal_mm, soft, bone]
        launch(_metal_paths, soft.shape, inputs, device)
        return metal_mm


@wp.func
def _tissue_between(grid: Grid, view: View, direction: wp.vec3, begin: float, end: float, soft_limit: float):
    """(all, above the soft limit): integrals over depth of the attenuation between two depths."""
    largest = wp.max(wp.max(wp.abs(direction[0]), wp.abs(direction[1])), wp.abs(direction[2]))
    count = int((end - begin) * largest / _STEP_VOXELS) + 1
    step = (end - begin) / float(count)
    total = float(0.0)
    excess = float(0.0)
    for index in range(count):
        point = view.source + (begin + (float(index) + 0.5) * step) * direction
        inside = bool(True)
        for axis in range(3):
            inside = inside and point[axis] > 0.0 and point[axis] < float(grid.size[axis] - 1)
        if inside:
            sample = trilinear(grid, point)
            total += sample
            excess += wp.max(sample - soft_limit, 0.0)
    return wp.vec2(total * step, excess * step)


@wp.func
def _along_ray(
    mesh: wp.uint64,
    radius: float,
    grid: Grid,
    view: View,
    source: wp.vec3,
    ray: wp.vec3,
    direction: wp.vec3,
    soft: float,
):
    """Depths (mm) in metal, displaced attenuation and displaced excess over soft tissue, per unit of |ray|.

    `source` and `ray` are in the metal's frame, `direction` is the same ray in voxels, all per mm of depth.
    """
    sums = wp.vec3(0.0, 0.0, 0.0)
    squared = wp.dot(ray, ray)
    nearest = -wp.dot(source, ray) / squared
    length = wp.sqrt(squared)
    depth = nearest - radius / length - 1.0
    end = wp.min(nearest + radius / length + 1.0, view.sdd_mm)
    past_hit = _PAST_HIT_MM / length
    # The depth of the last surface met; before the first one, none that a ray could have entered.
    previous = depth
    met = bool(False)
    entered = bool(False)
    while depth < end:
        hit = wp.mesh_query_ray(mesh, source + depth * ray, ray, end - depth)
        if not hit.result:
            break
        depth += hit.t
        enters = wp.dot(hit.normal, ray) < 0.0
        if met and (entered or not enters):
            tissue = _tissue_between(grid, view, direction, previous, depth, soft)
            sums += wp.vec3(depth - previous, tissue[0], tissue[1])
        previous = depth
        met = True
        entered = enters
        depth += past_hit
    return sums


@wp.kernel
def _metal_paths(
    start: int,
    grid: Grid,
    views: wp.array(dtype=View),
    to_metal: wp.array(dtype=wp.types.matrix((3, 4), wp.float32)),
    rows: int,
    mesh: wp.uint64,
    radius: float,
    soft_limit_per_mm: float,
    bone_slope: float,
    metal_mm: wp.array2d(dtype=wp.float32),
    soft: wp.array2d(dtype=wp.float32),
    bone: wp.array2d(dtype=wp.float32),
):
    line, column = wp.tid()
    line += start
    view = views[line / rows]
    matrix = to_metal[line / rows]
    source = wp.vec3(matrix[0, 3], matrix[1, 3], matrix[2, 3])
    to_ray = wp.mat33(
        matrix[0, 0],
        matrix[0, 1],
        matrix[0, 2],
        matrix[1, 0],
        matrix[1, 1],
        matrix[1, 2],
        matrix[2, 0],
        matrix[2, 1],
        matrix[2, 2],
    )
    center = to_ray * wp.vec3(float(column), float(line % rows), 1.0)
    nearest = source - (wp.dot(source, center) / wp.dot(center, center)) * center
    # The rays of a pixel are less than a pixel from its centre: far ones cannot hit either.
    reach = wp.length(to_ray * wp.vec3(1.0, 1.0, 0.0)) * view.sdd_mm
    if wp.length(nearest) > radius + reach:
        return
    sums = wp.vec3(0.0, 0.0, 0.0)
    for part in range(_RAYS_A_SIDE * _RAYS_A_SIDE):
        across = (float(part % _RAYS_A_SIDE) + 0.5) / float(_RAYS_A_SIDE) - 0.5
        down = (float(part / _RAYS_A_SIDE) + 0.5) / float(_RAYS_A_SIDE) - 0.5
        pixel = wp.vec3(float(column) + across, float(line % rows) + down, 1.0)
        ray = to_ray * pixel
        direction = view.pixel_to_direction * pixel
        sums += wp.length(ray) * _along_ray(mesh, radius, grid, view, source, ray, direction, soft_limit_per_mm)
    sums /= float(_RAYS_A_SIDE * _RAYS_A_SIDE)
    in_bone = sums[2] * bone_slope
    metal_mm[line, column] = sums[0]
    soft[line, column] -= sums[1] - in_bone
    bone[line, column] -= in_bone
