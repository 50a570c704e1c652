"""A polyaxial pedicle screw from its diameter and length.

Screw frame (mm): origin where the shaft meets the head, z along the shaft towards the tip, y along the slot that takes
the rod, so towards the patient's head once the screw is placed. The head fills negative z.
"""

from __future__ import annotations

import numpy as np

from xray3d.datasets.implant_shapes import TriangleMesh, meshed
from xray3d.datasets.shapes import Distance, Points, capsule, smooth_intersection, smooth_union
from xray3d.errors import MeshError

THREAD_PITCH_MM = 2.8
TIP_MM = 7.0
HEAD_RADIUS_MM = 6.5
HEAD_MM = 15.0
SLOT_MM = 6.0
ROD_SEAT_MM = np.array([0.0, 0.0, -8.0])
"""Where the axis of the rod runs through the head, in the screw frame."""


def pedicle_screw(diameter_mm: float, length_mm: float) -> TriangleMesh:
    """A screw with a threaded, tapered shaft and a tulip-shaped head, as one closed surface.

    Args:
        diameter_mm: outer diameter of the thread, 3.5 to 10 mm.
        length_mm: from the head to the tip, 20 to 100 mm.

    Raises:
        MeshError: a diameter or length out of range.
    """
    if not 3.5 <= diameter_mm <= 10.0:
        raise MeshError(f"diameter_mm of a pedicle screw must be between 3.5 and 10 mm, not {diameter_mm}.")
    if not 20.0 <= length_mm <= 100.0:
        raise MeshError(f"length_mm of a pedicle screw must be between 20 and 100 mm, not {length_mm}.")
    half_mm = np.array([HEAD_RADIUS_MM, HEAD_RADIUS_MM, (length_mm + HEAD_MM) / 2])

    def distance(points: Points) -> Distance:
        shaft = _shaft_distance(points, diameter_mm, length_mm)
        return smooth_union(shaft, _head_distance(points), blend_mm=0.6)

    return meshed(distance, half_mm, centre_mm=(0, 0, (length_mm - HEAD_MM) / 2))


def core_radius_mm(z_mm: Distance, diameter_mm: float, length_mm: float) -> Distance:
    """Radius of the shaft between its threads: stout at the head, tapered, and rounded off at the tip."""
    along = np.clip(z_mm / length_mm, 0, 1)
    return diameter_mm / 2 * (0.86 - 0.22 * along) * _tip_factor(z_mm, length_mm)


def _tip_factor(z_mm: Distance, length_mm: float) -> Distance:
    into_tip = np.clip((z_mm - (length_mm - TIP_MM)) / TIP_MM, 0, 1)
    return np.sqrt(1 - into_tip**2)


def _shaft_distance(points: Points, diameter_mm: float, length_mm: float) -> Distance:
    x, y, z = points
    core = core_radius_mm(z, diameter_mm, length_mm)
    outer = diameter_mm / 2 * _tip_factor(z, length_mm)
    turn = np.mod(z / THREAD_PITCH_MM - np.arctan2(y, x) / (2 * np.pi), 1.0)
    crest = np.clip(1.6 - 4.0 * np.abs(turn - 0.5), 0, 1)  # flanks that rise over a quarter of the pitch
    radius = core + (outer - core) * crest
    return np.maximum(np.hypot(x, y) - radius, np.maximum(z - length_mm, -z - 3.0))


def _head_distance(points: Points) -> Distance:
    x, y, z = points
    outside = np.hypot(x, y) - (HEAD_RADIUS_MM - 0.03 * np.maximum(z + HEAD_MM, 0) ** 1.2)
    tulip = smooth_intersection(outside, np.maximum(-z - HEAD_MM, z), blend_mm=2.5)
    across = np.array([0.0, 50.0, 0.0])
    seat = capsule(points, ROD_SEAT_MM - across, ROD_SEAT_MM + across, SLOT_MM / 2, SLOT_MM / 2)
    slot = np.minimum(seat, np.maximum(np.abs(x) - SLOT_MM / 2, z - ROD_SEAT_MM[2]))
    return smooth_intersection(tulip, -slot, blend_mm=0.8)
