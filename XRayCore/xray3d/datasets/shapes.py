"""Signed distances (mm, negative inside) of the shapes that synthetic anatomy is built from.

Points are arrays (3, ...) in mm. Distances are exact for capsules, boxes and sheets and first-order accurate for
ellipses and ellipsoids, which is all a cortical shell about a millimetre thick needs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

Distance = NDArray[np.float32]
Points = NDArray[np.float32]


def column_vector(values: ArrayLike, like: Points) -> Points:
    """Three numbers shaped so that they broadcast against points (3, ...)."""
    return np.asarray(values, np.float32).reshape(3, *[1] * (like.ndim - 1))


def ellipsoid(points: Points, centre: ArrayLike, semi_axes: ArrayLike) -> Distance:
    """Ellipsoid along the axes of the frame."""
    scaled = (points - column_vector(centre, points)) / column_vector(semi_axes, points)
    return _first_order(scaled, column_vector(semi_axes, points))


def ellipse(u: Distance, v: Distance, semi_u: ArrayLike, semi_v: ArrayLike, exponent: float = 2.0) -> Distance:
    """Infinite cylinder over a (super)ellipse in the coordinates u, v; the semi-axes may vary from point to point."""
    semi_u, semi_v = np.asarray(semi_u, np.float32), np.asarray(semi_v, np.float32)
    a, b = np.abs(u) / semi_u, np.abs(v) / semi_v
    radius = (a**exponent + b**exponent + 1e-12) ** (1 / exponent)
    slope = np.hypot((a / radius) ** (exponent - 1) / semi_u, (b / radius) ** (exponent - 1) / semi_v)
    return (radius - 1) / np.maximum(slope, 1e-4)


def capsule(points: Points, start: ArrayLike, end: ArrayLike, radius_start: float, radius_end: float) -> Distance:
    """Rod with round ends whose radius changes linearly from one end to the other."""
    origin = column_vector(start, points)
    axis = column_vector(end, points) - origin
    offset = points - origin
    along = np.clip((offset * axis).sum(0) / float((axis**2).sum()), 0, 1)
    return np.sqrt(((offset - along * axis) ** 2).sum(0)) - (radius_start + along * (radius_end - radius_start))


def rounded_box(points: Points, centre: ArrayLike, axes: ArrayLike, half_mm: ArrayLike, rounding_mm: float) -> Distance:
    """Box with rounded edges: `axes` (3, 3) has its directions as rows, `half_mm` its half sizes along them."""
    offset = points - column_vector(centre, points)
    local = np.abs(np.tensordot(np.asarray(axes, np.float32), offset, axes=1))
    excess = local - (column_vector(half_mm, points) - np.float32(rounding_mm))
    outside = np.sqrt((np.maximum(excess, 0) ** 2).sum(0))
    return outside + np.minimum(excess.max(0), 0) - np.float32(rounding_mm)


def tube(points: Points, path: ArrayLike, radius_mm: ArrayLike) -> Distance:
    """Tube along a polyline (n, 3) with one radius or one per vertex."""
    path, radius = np.asarray(path, float), np.broadcast_to(np.asarray(radius_mm, float), len(np.asarray(path)))
    return union(*(capsule(points, path[n], path[n + 1], radius[n], radius[n + 1]) for n in range(len(path) - 1)))


def sheet(points: Points, surface: ArrayLike, thickness_mm: ArrayLike, reach_mm: float = 10.0) -> Distance:
    """Curved plate: a grid of control points (n, m, 3) thickened by (n, m) mm, rounded at its rim.

    Farther than `reach_mm` outside the distance is not followed, and is given as `reach_mm`.
    """
    controls = np.concatenate([np.asarray(surface, float), np.asarray(thickness_mm, float)[..., None] / 2], axis=-1)
    samples = _refined(controls, step_mm=2.0)
    tree = cKDTree(samples[:, :3])
    flat = points.reshape(3, -1).T
    limit = reach_mm + float(samples[:, 3].max())
    distance, nearest = tree.query(flat, eps=0.02, distance_upper_bound=limit)
    half = np.append(samples[:, 3], 0.0)[nearest]
    signed = np.where(np.isfinite(distance), distance - half, reach_mm)
    return signed.reshape(points.shape[1:]).astype(np.float32)


def union(*distances: Distance) -> Distance:
    """Union with sharp edges."""
    return np.minimum.reduce(distances)


def smooth_union(*distances: Distance, blend_mm: float) -> Distance:
    """Union whose inner edges are filled over about `blend_mm`."""
    result = distances[0]
    for other in distances[1:]:
        overlap = np.maximum(blend_mm - np.abs(result - other), 0)
        result = np.minimum(result, other) - overlap**2 / (4 * blend_mm)
    return result


def smooth_intersection(*distances: Distance, blend_mm: float) -> Distance:
    """Intersection whose outer edges are rounded over about `blend_mm`."""
    return -smooth_union(*(-distance for distance in distances), blend_mm=blend_mm)


def smooth_difference(distance: Distance, removed: Distance, blend_mm: float) -> Distance:
    """The first shape without the second."""
    return smooth_intersection(distance, -removed, blend_mm=blend_mm)


def _first_order(scaled: Points, semi_axes: Points) -> Distance:
    radius = np.sqrt((scaled**2).sum(0)) + np.float32(1e-6)
    slope = np.sqrt(((scaled / semi_axes) ** 2).sum(0)) / radius
    return (radius - 1) / np.maximum(slope, 1e-4)


def _refined(controls: NDArray[np.float64], step_mm: float) -> NDArray[np.float64]:
    """Control grid (n, m, c), positions first, interpolated to samples (s, c) at most about `step_mm` apart."""
    counts = []
    for axis in (0, 1):
        longest_mm = np.linalg.norm(np.diff(controls[..., :3], axis=axis), axis=-1).max()
        counts.append(int(np.ceil(longest_mm / step_mm)) * (controls.shape[axis] - 1) + 1)
    rows, cols = (np.linspace(0, size - 1, count) for size, count in zip(controls.shape, counts, strict=False))
    where = np.stack(np.meshgrid(rows, cols, indexing="ij"))
    order = min(3, min(controls.shape[:2]) - 1)
    channels = [map_coordinates(controls[..., c], where, order=order, mode="nearest") for c in range(controls.shape[2])]
    return np.stack(channels, axis=-1).reshape(-1, controls.shape[2])
