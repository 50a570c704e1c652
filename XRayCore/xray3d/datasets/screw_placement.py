"""Where pedicle screws go in a labelled vertebra.

The straight-forward trajectory: along the axis of the pedicle, parallel to the end plates, converging to the front
(Weinstein et al., Clin Orthop 284:34, 1992); the screw fills about 80 % of the pedicle's width and reaches
three quarters of the body's depth (after Zindrick et al., Clin Orthop 203:99, 1986).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, label

from xray3d.datasets.screws import pedicle_screw
from xray3d.datasets.vertebra_frame import GRID_MM, UprightVertebra, sampled_at, upright_vertebra
from xray3d.drr import Implant
from xray3d.errors import VolumeError
from xray3d.volumes.labels import LabelVolume

BODY_DEPTH_REACHED = 0.78
PEDICLE_WIDTH_FILLED = 0.8
DIAMETERS_MM = (4.5, 7.5)
LENGTH_STEP_MM = 5.0
TIP_FROM_MIDLINE_MM = 8.0
STEP_MM = 0.5
SECTION_MM = 0.25


@dataclass(frozen=True, eq=False)
class ScrewPlan:
    """A screw and its place.

    Attributes:
        side: "left" or "right", the patient's.
        to_ras: rigid (4, 4) from the screw frame of `pedicle_screw` to RAS in mm.
        diameter_mm, length_mm: of the shaft.
        pedicle_width_mm: the widest circle in the narrowest section of the pedicle, as measured on the label.
    """

    side: str
    to_ras: NDArray[np.float64]
    diameter_mm: float
    length_mm: float
    pedicle_width_mm: float

    def implant(self, name: str) -> Implant:
        """The screw in its place."""
        return Implant(*pedicle_screw(self.diameter_mm, self.length_mm), self.to_ras, name)

    @property
    def entry_ras(self) -> NDArray[np.float64]:
        """Where the shaft enters the bone, (3,) mm."""
        return self.to_ras[:3, 3]

    @property
    def tip_ras(self) -> NDArray[np.float64]:
        """The tip, (3,) mm."""
        return self.to_ras[:3, 3] + self.length_mm * self.to_ras[:3, 2]

    def shaft_points_ras(self, step_mm: float = 0.7) -> NDArray[np.float64]:
        """Points (n, 3) that fill the shaft as a cylinder, evenly."""
        radius = self.diameter_mm / 2
        across = np.arange(-radius, radius + 1e-6, step_mm)
        grid = np.stack(np.meshgrid(across, across, np.arange(0, self.length_mm, step_mm), indexing="ij"), -1).reshape(
            -1, 3
        )
        inside = grid[np.hypot(grid[:, 0], grid[:, 1]) <= radius]
        return inside @ self.to_ras[:3, :3].T + self.to_ras[:3, 3]


def plan_pedicle_screws(
    labels: LabelVolume, value: int, level: str | None = None, frame: NDArray[np.float64] | None = None
) -> tuple[ScrewPlan, ScrewPlan]:
    """The left and the right pedicle screw of the vertebra with that label; the grid may have any orientation.

    Args:
        labels: the label map.
        value: the vertebra's number in it.
        level: what messages call the vertebra ("L3"); its number when None.
        frame: (4, 4) from the vertebra's frame (x right, y front, z up, at the body's centre, mm) to RAS, where it is
            known, about; None to find it from the label's shape.

    Raises:
        VolumeError: the label is absent, too incomplete to find body, canal and pedicles, or a pedicle is too narrow.
    """
    vertebra = upright_vertebra(labels, value, level, frame)
    return _plan(vertebra, "left", -1), _plan(vertebra, "right", 1)


@dataclass(frozen=True)
class _Isthmus:
    """The narrowest section of a pedicle: its centre (3,) in the vertebra's frame and its inscribed width."""

    centre_mm: NDArray[np.float64]
    width_mm: float


def _plan(vertebra: UprightVertebra, side: str, sign: int) -> ScrewPlan:
    isthmus = _isthmus(vertebra, side, sign)
    diameter_mm = min(np.floor(2 * PEDICLE_WIDTH_FILLED * isthmus.width_mm) / 2, DIAMETERS_MM[1])
    if diameter_mm < DIAMETERS_MM[0]:
        raise VolumeError(
            f"The {side} pedicle of {vertebra.name} is {isthmus.width_mm:.1f} mm wide; "
            f"that is too narrow for a screw of {DIAMETERS_MM[0]} mm, so choose another vertebra."
        )
    through, direction = _trajectory(vertebra, isthmus, sign)
    entry, length_mm = _entry_and_length(vertebra, through, direction, side)
    local = np.eye(4)
    cranial = np.array([0, 0, 1.0]) - direction[2] * direction
    cranial /= np.linalg.norm(cranial)
    local[:3, :3] = np.stack([np.cross(cranial, direction), cranial, direction], axis=1)
    local[:3, 3] = entry
    return ScrewPlan(side, vertebra.to_ras @ local, float(diameter_mm), length_mm, isthmus.width_mm)


def _isthmus(vertebra: UprightVertebra, side: str, sign: int) -> _Isthmus:
    """The coronal section beside the front half of the canal in which the pedicle is narrowest."""
    x, y, z = vertebra.canal_points_mm.T
    middle_x, front_y = float(x.mean()), float(np.percentile(y, 98))
    section_x = middle_x + sign * np.arange(3.0, 32.0, SECTION_MM)
    section_z = float(z.mean()) + np.arange(-16.0, 16.0, SECTION_MM)
    best: _Isthmus | None = None
    for plane_mm in np.arange(front_y - 6, front_y + 1.5, GRID_MM):
        found = _largest_circle(vertebra, section_x, plane_mm, section_z)
        if found is not None and (best is None or found.width_mm < best.width_mm):
            best = found
    if best is None:
        raise VolumeError(
            f"{vertebra.name} has no {side} pedicle beside its canal; it is too incomplete for a pedicle screw."
        )
    return best


def _largest_circle(
    vertebra: UprightVertebra, section_x: NDArray[np.float64], plane_mm: float, section_z: NDArray[np.float64]
) -> _Isthmus | None:
    """The widest circle within the largest part of a coronal section, sampled at (X, Z)."""
    x, y, z = np.meshgrid(section_x, [plane_mm], section_z, indexing="ij")
    section = vertebra.coverage_at(np.stack([x, y, z], axis=-1)[:, 0]) > 0.5
    parts, count = label(section)
    if not count:
        return None
    part = parts == np.bincount(parts[parts > 0]).argmax()
    depth = distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1] * SECTION_MM
    at_x, at_z = np.argwhere(depth > depth.max() - SECTION_MM).mean(0) * SECTION_MM
    step_x = np.sign(section_x[1] - section_x[0])
    centre = np.array([section_x[0] + step_x * at_x, plane_mm, section_z[0] + at_z])
    return _Isthmus(centre, 2 * float(depth.max()) - SECTION_MM)


def _trajectory(
    vertebra: UprightVertebra, isthmus: _Isthmus, sign: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A point and a direction that keep the shaft far from the bone's surface and aim it beside the midline."""
    depth = distance_transform_edt(vertebra.coverage > 0.5).astype(np.float32) * GRID_MM
    convergence, tilt, shift_x, shift_z = np.meshgrid(
        np.arange(0, 31, 2.0), np.arange(-12, 13, 3.0), np.arange(-2, 2.1, 1.0), np.arange(-2, 2.1, 1.0), indexing="ij"
    )
    medial, up = np.deg2rad(convergence), np.deg2rad(tilt)
    directions = np.stack([-sign * np.sin(medial) * np.cos(up), np.cos(medial) * np.cos(up), np.sin(up)], axis=-1)
    through = isthmus.centre_mm + np.stack([shift_x, np.zeros_like(shift_x), shift_z], axis=-1)
    along = np.arange(-10, 26, 1.0)
    points = through[..., None, :] + along[:, None] * directions[..., None, :]
    clearance = sampled_at(depth, points)
    score = clearance.min(-1) + 0.3 * np.minimum(clearance, 6).mean(-1)
    from_midline = sign * (points[..., -1, 0] - vertebra.canal_points_mm[:, 0].mean())
    score -= 0.08 * np.abs(from_midline - TIP_FROM_MIDLINE_MM) + 0.06 * np.abs(tilt)
    best = np.unravel_index(score.argmax(), score.shape)
    return through[best], directions[best]


def _entry_and_length(
    vertebra: UprightVertebra, through: NDArray[np.float64], direction: NDArray[np.float64], side: str
) -> tuple[NDArray[np.float64], float]:
    """Entry (3,) on the posterior surface and the length, a multiple of `LENGTH_STEP_MM`, that ends in the body."""
    along = np.arange(-40, 60, STEP_MM)
    points = through + along[:, None] * direction
    bone = vertebra.coverage_at(points) > 0.5
    middle = int(np.abs(along).argmin())
    gaps_behind, gaps_before = np.flatnonzero(~bone[:middle]), np.flatnonzero(~bone[middle:])
    if not len(gaps_behind) or not len(gaps_before) or not bone[middle]:
        raise VolumeError(
            f"No path through the {side} pedicle of {vertebra.name} stays in bone; its label is too incomplete."
        )
    entry, exit_y = points[gaps_behind[-1] + 1], points[middle + gaps_before[0]][1]
    back_y = float(vertebra.canal_points_mm[:, 1].max()) + GRID_MM
    reach = (back_y + BODY_DEPTH_REACHED * (exit_y - back_y) - entry[1]) / direction[1]
    length_mm = LENGTH_STEP_MM * round(reach / LENGTH_STEP_MM)
    if length_mm < 25.0:
        raise VolumeError(
            f"The {side} pedicle and body of {vertebra.name} are only {reach:.0f} mm deep; the label is too incomplete."
        )
    return entry, float(length_mm)
