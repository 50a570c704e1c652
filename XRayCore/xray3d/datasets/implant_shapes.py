"""Spinal implants as closed triangle meshes, made from formulas.

Every mesh is one closed surface whose triangles face outward, so that a ray's way through the metal is the sum over
its crossings. Frames in mm: see each function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

from xray3d.datasets.shapes import Distance, Points, rounded_box, smooth_intersection
from xray3d.errors import MeshError
from xray3d.volumes.isosurface import isosurface

UPRIGHT = np.eye(3)

DistanceFunction = Callable[[Points], Distance]


class TriangleMesh(NamedTuple):
    """A surface: `vertices` (n, 3) float64 in mm, `triangles` (m, 3) int64, counter-clockwise from outside."""

    vertices: NDArray[np.float64]
    triangles: NDArray[np.int64]

    def moved(self, transform: ArrayLike) -> TriangleMesh:
        """The mesh carried by a rigid transform (4, 4)."""
        matrix = np.asarray(transform, float)
        return TriangleMesh(self.vertices @ matrix[:3, :3].T + matrix[:3, 3], self.triangles)

    @property
    def volume_mm3(self) -> float:
        """Enclosed volume by the divergence theorem; negative when the triangles face inward."""
        first, second, third = (self.vertices[self.triangles[:, n]] for n in range(3))
        return float((first * np.cross(second, third)).sum() / 6)


def rod(points_mm: ArrayLike, diameter_mm: float = 5.5, overhang_mm: float = 6.0) -> TriangleMesh:
    """A rod bent smoothly through points (n, 3), two or more, and a little beyond both ends; in their frame.

    Raises:
        MeshError: fewer than two points, points that coincide, or no positive diameter.
    """
    points = np.asarray(points_mm, float)
    if points.ndim != 2 or points.shape[1:] != (3,) or len(points) < 2 or not np.isfinite(points).all():
        raise MeshError("points_mm of a rod must be two or more finite positions (n, 3).")
    chords = np.linalg.norm(np.diff(points, axis=0), axis=1)
    if chords.min() < 1e-3 or diameter_mm <= 0:
        raise MeshError("A rod needs points that are apart and a positive diameter_mm.")
    knots = np.concatenate([[0.0], np.cumsum(chords)])
    course = CubicSpline(knots, points, bc_type="natural")
    inside = np.linspace(0, knots[-1], max(int(knots[-1] / 2.0), 2))
    path = course(inside)
    first, last = path[0] - path[1], path[-1] - path[-2]
    ends = overhang_mm / np.linalg.norm(first) * first, overhang_mm / np.linalg.norm(last) * last
    return _swept_circle(np.vstack([path[0] + ends[0], path, path[-1] + ends[1]]), diameter_mm / 2)


def interbody_cage(
    width_mm: float = 26.0, depth_mm: float = 11.0, height_mm: float = 10.0, lordosis_deg: float = 6.0
) -> TriangleMesh:
    """A cage between two vertebral bodies: a rounded wedge with two windows for bone graft.

    Frame: origin at its centre, x along its width, y to its taller front, z from end plate to end plate.

    Raises:
        MeshError: a size that is not positive, or too small for the windows.
    """
    if min(width_mm, depth_mm, height_mm) < 4.0:
        raise MeshError("width_mm, depth_mm and height_mm of a cage must each be at least 4 mm.")

    def distance(points: Points) -> Distance:
        x, y, z = points
        block = rounded_box(points, (0, 0, 0), UPRIGHT, (width_mm / 2, depth_mm / 2, height_mm), 2.0)
        faces = np.abs(z) - height_mm / 2 - y * np.tan(np.deg2rad(lordosis_deg / 2))
        solid = smooth_intersection(block, faces, blend_mm=0.8)
        window = np.maximum(np.abs(np.abs(x) - width_mm / 4) - width_mm / 4 + 2.2, np.abs(y) - depth_mm / 2 + 2.2)
        return smooth_intersection(solid, -window, blend_mm=0.8)

    rise = depth_mm / 2 * np.tan(np.deg2rad(abs(lordosis_deg) / 2))
    return meshed(distance, np.array([width_mm / 2, depth_mm / 2, height_mm / 2 + rise]))


def bone_plate(
    length_mm: float = 40.0, width_mm: float = 16.0, thickness_mm: float = 2.5, hole_mm: float = 4.5
) -> TriangleMesh:
    """A plate with rounded corners and a pair of screw holes near each end.

    Frame: origin at its centre, x along its width, y along its thickness, z along its length.

    Raises:
        MeshError: sizes that leave no metal around the holes.
    """
    if not (thickness_mm >= 0.8 and 0 < hole_mm <= width_mm / 2 - 2.0 and length_mm >= 2 * hole_mm + 8.0):
        raise MeshError("hole_mm of a plate must leave metal around four holes; make width_mm or length_mm larger.")

    def distance(points: Points) -> Distance:
        half = (width_mm / 2, thickness_mm / 2, length_mm / 2)
        block = rounded_box(points, (0, 0, 0), UPRIGHT, half, min(0.5, thickness_mm / 4))
        mirrored = np.abs(points)
        centre_x, centre_z = width_mm / 4, length_mm / 2 - hole_mm / 2 - 2.0
        hole = np.hypot(mirrored[0] - centre_x, mirrored[2] - centre_z) - hole_mm / 2
        return smooth_intersection(block, -hole, blend_mm=0.8)

    return meshed(distance, np.array([width_mm, thickness_mm, length_mm]) / 2)


def meshed(
    distance: DistanceFunction, half_mm: NDArray[np.float64], centre_mm: ArrayLike = (0, 0, 0), edge_mm: float = 0.4
) -> TriangleMesh:
    """The zero surface of a function that is negative inside, within a box and a margin of three edges."""
    low = np.asarray(centre_mm, float) - half_mm - 3 * edge_mm
    size = np.ceil((2 * half_mm + 6 * edge_mm) / edge_mm).astype(int) + 1
    axes = [(origin + edge_mm * np.arange(n)).astype(np.float32) for origin, n in zip(low, size, strict=True)]
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    values = distance(np.stack([x, y, z])).astype(np.float32)
    values[np.abs(values) < 1e-3] = 1e-3  # a vertex exactly on a grid point would make triangles without area
    to_mm = np.diag([edge_mm, edge_mm, edge_mm, 1.0])
    to_mm[:3, 3] = low
    return TriangleMesh(*isosurface(-values, 0.0, to_mm))


def _swept_circle(path: NDArray[np.float64], radius_mm: float, sides: int = 24) -> TriangleMesh:
    """Tube around a path (n, 3) with flat ends; its rings are carried along without twisting."""
    tangents = np.gradient(path, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    normal = np.cross(tangents[0], np.eye(3)[np.abs(tangents[0]).argmin()])
    angles = 2 * np.pi * np.arange(sides) / sides
    rings = []
    for centre, tangent in zip(path, tangents, strict=True):
        normal = normal - (normal @ tangent) * tangent
        normal /= np.linalg.norm(normal)
        binormal = np.cross(tangent, normal)
        rings.append(centre + radius_mm * (np.outer(np.cos(angles), normal) + np.outer(np.sin(angles), binormal)))
    count = len(path) * sides
    triangles = np.vstack([_between_rings(len(path), sides), *_end_caps(len(path), sides)])
    return TriangleMesh(np.vstack([*rings, path[:1], path[-1:]]).reshape(count + 2, 3), triangles)


def _between_rings(rings: int, sides: int) -> NDArray[np.int64]:
    here = np.arange(sides) + sides * np.arange(rings - 1)[:, None]
    beside = (np.arange(sides) + 1) % sides + sides * np.arange(rings - 1)[:, None]
    quads = np.stack([here, beside, beside + sides, here + sides], axis=-1).reshape(-1, 4)
    return np.vstack([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def _end_caps(rings: int, sides: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    here, beside = np.arange(sides), (np.arange(sides) + 1) % sides
    centre, last = rings * sides, sides * (rings - 1)
    first_cap = np.stack([beside, here, np.full(sides, centre)], axis=-1)
    last_cap = np.stack([here + last, beside + last, np.full(sides, centre + 1)], axis=-1)
    return first_cap, last_cap
