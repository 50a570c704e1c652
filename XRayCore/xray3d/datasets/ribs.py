"""The lower ribs: ribbons of bone from the spine around the trunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xray3d.datasets.column import LumbarColumn
from xray3d.datasets.trunk import Trunk

RIB_HEIGHT_MM = 9.0
RIB_THICKNESS_MM = 6.5
DEPTH_UNDER_FAT_MM = 7.0


@dataclass(frozen=True)
class RibCourse:
    """Where a rib ends around the trunk (0 the back, 90 the side) and how steeply it falls, mm per mm."""

    number: int
    end_deg: float
    fall: float


COURSES = (RibCourse(9, 140, 0.36), RibCourse(10, 125, 0.42), RibCourse(11, 92, 0.48), RibCourse(12, 58, 0.55))


def rib_surface(course: RibCourse, column: LumbarColumn, trunk: Trunk) -> NDArray[np.float64]:
    """Middle surface (2, n, 3) of the right rib in RAS mm: its lower and upper edge, from its head to its end."""
    head, tubercle = _at_spine(course.number, column)
    angles = np.deg2rad(np.arange(26.0, course.end_deg + 1, 4.0))
    half_width, half_depth, centre_y = trunk.outline(tubercle[2] - 40.0)
    inset = trunk.fat_mm + DEPTH_UNDER_FAT_MM
    path_xy = np.stack([(half_width - inset) * np.sin(angles), centre_y - (half_depth - inset) * np.cos(angles)], -1)
    lengths = np.linalg.norm(np.diff(path_xy, axis=0, prepend=tubercle[None, :2]), axis=1)
    falling = tubercle[2] - course.fall * np.cumsum(lengths)
    path = np.concatenate([[head, tubercle], np.column_stack([path_xy, falling])])
    upright = np.array([0.0, 0.0, (RIB_HEIGHT_MM - RIB_THICKNESS_MM) / 2 + 1.0])
    return np.stack([path - upright, path + upright])


def _at_spine(number: int, column: LumbarColumn) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Head and tubercle of the right rib; thoracic levels above the column repeat its first one."""
    level = max(number, 11)
    placed = column.vertebra(f"T{level}")
    pitch = np.array([0.0, -3.0, 27.0]) * (level - number)
    side, back = placed.shape.width_mm / 2, -placed.shape.depth_mm / 2
    local = np.array([[side - 1.0, back + 3.0, 3.0], [side + 16.0, back - 14.0, 1.0]])
    in_ras = local @ placed.to_ras[:3, :3].T + placed.to_ras[:3, 3] + pitch
    return in_ras[0], in_ras[1]
