"""The shape of one vertebra as a signed distance in its own frame.

The frame has its origin at the centre of the body and RAS directions: x to the right, y to the front, z to the head,
z normal to the middle plane between the end plates.
"""

from __future__ import annotations

import numpy as np

from xray3d.datasets.morphometry import VertebraShape
from xray3d.datasets.shapes import (
    Distance,
    Points,
    capsule,
    ellipse,
    rounded_box,
    smooth_difference,
    smooth_intersection,
    smooth_union,
)

UPRIGHT = np.eye(3)


def vertebra_distance(points: Points, shape: VertebraShape) -> Distance:
    """Signed distance (mm) of the whole bone, without the spinal canal, at points (3, ...) of its frame."""
    mirrored = np.concatenate([np.abs(points[:1]), points[1:]])
    arch = smooth_union(
        pedicle_distance(mirrored, shape), _articular_processes(mirrored, shape), _lamina(mirrored, shape), blend_mm=3.0
    )
    arch = smooth_union(arch, _transverse_process(mirrored, shape), blend_mm=4.0)
    arch = smooth_union(arch, _spinous_process(mirrored, shape), blend_mm=5.0)
    arch = smooth_difference(arch, canal_distance(points, shape), blend_mm=2.0)
    return smooth_union(body_distance(points, shape), arch, blend_mm=3.0)


def body_distance(points: Points, shape: VertebraShape) -> Distance:
    """The body: a waist, concave end plates with a raised rim, a flat back hollowed towards the canal."""
    x, y, z = points
    end = np.clip(np.abs(z) * (2 / shape.height_mm), 0, 1.2)
    waist = 0.90 + 0.10 * end**2
    back_drawn_in = np.where(y < 0, 0.96, 1.0).astype(np.float32)
    wall = ellipse(x, y, shape.width_mm / 2 * waist, shape.depth_mm / 2 * waist * back_drawn_in, exponent=2.3)
    radius_squared = np.minimum((2 * x / shape.width_mm) ** 2 + (2 * y / shape.depth_mm) ** 2, 1)
    half_height = shape.height_mm / 2 + 0.8 + y * np.tan(np.deg2rad(shape.wedge_deg / 2)) - 2.2 * (1 - radius_squared)
    body = smooth_intersection(wall, np.abs(z) - half_height, blend_mm=3.0)
    hollow = ellipse(x, y + shape.depth_mm / 2 + 9.0, 14.0, 10.5)
    return smooth_difference(body, hollow, blend_mm=3.0)


def canal_centre_y_mm(shape: VertebraShape) -> float:
    """Position of the canal's axis along y."""
    return -(shape.depth_mm / 2 + shape.canal_depth_mm / 2 - 1.0)


def canal_distance(points: Points, shape: VertebraShape) -> Distance:
    """The spinal canal as an endless elliptic cylinder along z."""
    x, y, _ = points
    return ellipse(x, y - canal_centre_y_mm(shape), shape.canal_width_mm / 2, shape.canal_depth_mm / 2)


def pedicle_isthmus(shape: VertebraShape) -> np.ndarray:
    """Centre (3,) of the narrowest part of the right pedicle."""
    lateral = (shape.canal_width_mm + shape.pedicle_width_mm) / 2
    up = shape.height_mm / 2 - shape.pedicle_height_mm / 2 - 1.0
    return np.array([lateral, -shape.depth_mm / 2 - 3.5, up])


def pedicle_axis(shape: VertebraShape) -> np.ndarray:
    """Unit vector (3,) along the right pedicle from the arch into the body."""
    angle = np.deg2rad(shape.pedicle_angle_deg)
    return np.array([-np.sin(angle), np.cos(angle), 0.0])


def pedicle_distance(points: Points, shape: VertebraShape) -> Distance:
    """The right pedicle: an elliptic rod from inside the body to the pars."""
    axis = pedicle_axis(shape)
    x, y, z = points - pedicle_isthmus(shape).astype(np.float32).reshape(3, *[1] * (points.ndim - 1))
    along = x * np.float32(axis[0]) + y * np.float32(axis[1])
    across = x * np.float32(axis[1]) - y * np.float32(axis[0])
    flare = 1 + 0.0016 * along**2
    rod = ellipse(across, z, shape.pedicle_width_mm / 2 * flare, shape.pedicle_height_mm / 2 * flare)
    return smooth_intersection(rod, np.abs(along) - 11.0, blend_mm=3.0)


def _landmarks(shape: VertebraShape) -> tuple[float, float, float, float, float]:
    """Half the canal's width, back of the body, back of the canal, half the height, height of the pedicle's axis."""
    back_of_body = -shape.depth_mm / 2
    back_of_canal = canal_centre_y_mm(shape) - shape.canal_depth_mm / 2
    return shape.canal_width_mm / 2, back_of_body, back_of_canal, shape.height_mm / 2, pedicle_isthmus(shape)[2]


def _articular_processes(points: Points, shape: VertebraShape) -> Distance:
    side, back, canal_back, half, pedicle_z = _landmarks(shape)
    superior = capsule(points, (side + 4.5, back - 9, pedicle_z), (side + 6.5, canal_back - 3.5, half + 3.5), 5.0, 4.2)
    pars = capsule(points, (side + 3.5, canal_back + 6, pedicle_z - 3), (side, canal_back - 2.5, -half - 5), 4.6, 4.6)
    inferior = capsule(points, (side, canal_back - 2.5, -half - 5), (side - 0.5, canal_back - 3, -half - 14), 4.8, 4.2)
    return smooth_union(superior, pars, inferior, blend_mm=2.5)


def _lamina(points: Points, shape: VertebraShape) -> Distance:
    side, _, canal_back, half, pedicle_z = _landmarks(shape)
    outer, midline = np.array([side + 1.0, canal_back + 3.5]), np.array([0.0, canal_back - 4.0])
    along = np.append((outer - midline) / np.linalg.norm(outer - midline), 0.0)
    upper, lower = pedicle_z - 1.0, -half - 7.0
    tilt = np.deg2rad(12)  # the upper edge of a lamina lies further forward than the lower one
    across = np.array([along[1], -along[0], 0.0])
    axes = np.stack([along, np.cos(tilt) * across + [0, 0, np.sin(tilt)], [0, 0, np.cos(tilt)] - np.sin(tilt) * across])
    centre = np.append((outer + midline) / 2, (upper + lower) / 2)
    half_mm = (np.linalg.norm(outer - midline) / 2 + 1.0, 3.2, (upper - lower) / 2)
    return rounded_box(points, centre, axes, half_mm, 2.5)


def _spinous_process(points: Points, shape: VertebraShape) -> Distance:
    _, _, canal_back, half, _ = _landmarks(shape)
    root, tip = canal_back - 2.0, canal_back - shape.spinous_length_mm
    droop = np.deg2rad(25 if shape.level.startswith("T") else 10)
    axes = np.array([[1, 0, 0], [0, np.cos(droop), np.sin(droop)], [0, -np.sin(droop), np.cos(droop)]])
    half_height = 8.0 if shape.level.startswith("T") else 10.5
    centre = np.array([0.0, (root + tip) / 2, -half + 1.0])
    blade = rounded_box(points, centre, axes, (3.2, (root - tip) / 2, half_height), 2.5)
    end = centre - axes[1] * ((root - tip) / 2 - 3.5)
    rim = capsule(points, end + axes[2] * (half_height - 5), end - axes[2] * (half_height - 4), 3.6, 4.6)
    return smooth_union(blade, rim, blend_mm=4.0)


def _transverse_process(points: Points, shape: VertebraShape) -> Distance:
    side, back, _, _, pedicle_z = _landmarks(shape)
    root = np.array([side + shape.pedicle_width_mm * 0.6, back - 8.5, pedicle_z - 1.0])
    tip = np.array([shape.transverse_span_mm / 2 - 3.0, back - 13.0, pedicle_z + 2.0])
    lift = np.array([0.0, 0.0, 2.2])
    upper = capsule(points, root + lift, tip + 0.6 * lift, 3.6, 2.6)
    lower = capsule(points, root - lift, tip - lift, 3.6, 2.6)
    return smooth_union(upper, lower, blend_mm=4.0)
