"""Six numbers for the pose that all views share: how the anatomy moves, as a twist about a pivot in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xray3d.geometry.poses import about, se3_exp, skew

Matrix = NDArray[np.float64]

LEVER_MM = 60.0
"""Rotations are measured by what they move at this distance from the pivot, so that all six numbers are in mm."""


def world_motion(step_mm: ArrayLike, pivot_ras: ArrayLike) -> Matrix:
    """Rigid RAS-to-RAS transform (4, 4) of the anatomy for a step (6,): translation, then rotation times `LEVER_MM`."""
    step = np.asarray(step_mm, float)
    return about(pivot_ras, se3_exp([*step[:3], *(step[3:] / LEVER_MM)]))


def twists_per_step(extrinsic: Matrix, pivot_ras: ArrayLike) -> Matrix:
    """(6, 6) from a step of the anatomy about the pivot to the camera twist that a view sees of it.

    A point x of the anatomy moves by t + w × (x - pivot); in the camera frame, R t + R w × (x' - p) with p the pivot
    there, which is the twist (R t + p × R w, R w).
    """
    rotation = extrinsic[:3, :3]
    pivot = rotation @ np.asarray(pivot_ras, float) + extrinsic[:3, 3]
    twists = np.zeros((6, 6))
    twists[:3, :3] = rotation
    twists[:3, 3:] = skew(pivot) @ rotation / LEVER_MM
    twists[3:, 3:] = rotation / LEVER_MM
    return twists
