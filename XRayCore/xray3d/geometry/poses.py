"""Rigid transforms as 4×4 matrices, and their tangent space."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation


def skew(vector: ArrayLike) -> NDArray[np.float64]:
    """Matrix (3, 3) of the cross product: skew(a) @ b = a × b."""
    x, y, z = np.asarray(vector, float)
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def se3_exp(twist: ArrayLike) -> NDArray[np.float64]:
    """Rigid transform (4, 4) of a twist (6,): translation (mm), then rotation (rad)."""
    translation, rotation = np.split(np.asarray(twist, float), 2)
    angle = np.linalg.norm(rotation)
    cross = skew(rotation)
    # Series of (1 - cos a)/a² and (a - sin a)/a³ near zero, where the quotients lose all digits.
    if angle < 1e-4:
        first, second = 0.5 - angle**2 / 24, 1 / 6 - angle**2 / 120
    else:
        first, second = (1 - np.cos(angle)) / angle**2, (angle - np.sin(angle)) / angle**3
    transform = np.eye(4)
    transform[:3, :3] = Rotation.from_rotvec(rotation).as_matrix()
    transform[:3, 3] = (np.eye(3) + first * cross + second * cross @ cross) @ translation
    return transform


def rotation_angle(transform: ArrayLike) -> float:
    """Angle (rad), from 0 to π, by which a rigid transform (4, 4) or a rotation matrix (3, 3) turns."""
    return float(Rotation.from_matrix(np.asarray(transform, float)[:3, :3]).magnitude())


def about(point: ArrayLike, transform: ArrayLike) -> NDArray[np.float64]:
    """The rigid transform (4, 4) with a point (3,) in the place of the origin: only its translation moves that point.

    Both are in one frame, mm.
    """
    there, moved = np.asarray(point, float), np.array(transform, float)
    moved[:3, 3] += there - moved[:3, :3] @ there
    return moved


def is_rigid(matrix: ArrayLike, tolerance: float = 1e-6) -> bool:
    """Whether a (4, 4) matrix is a rotation and a translation, without mirroring, scale or shear."""
    matrix = np.asarray(matrix, float)
    rotation = matrix[:3, :3]
    orthonormal = np.allclose(rotation @ rotation.T, np.eye(3), atol=tolerance) and np.linalg.det(rotation) > 0
    return bool(orthonormal and np.allclose(matrix[3], [0, 0, 0, 1], atol=tolerance))
