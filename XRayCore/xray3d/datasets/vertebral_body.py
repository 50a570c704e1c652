"""The outline and the voxels of a vertebral body between its discs, in a straightened spine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates, median_filter

from xray3d.datasets.spine_levels import Level
from xray3d.datasets.straight_spine import FRONT_MM, RIGHT_MM, StraightSpine

BONE_HU = 160.0
DENSE_HU = 500.0
OUTLINE_POINTS = 72
OUTLINE_RADII_MM = np.arange(7.0, 34.0, 0.5)
OUTLINE_HEIGHTS = np.linspace(0.2, 0.8, 13)
RIM_MM, SHELL_MM = 1.5, 1.0
PLATE_SMOOTHING_PX = 7
DISC_MM = 1.0


@dataclass(frozen=True, eq=False)
class VertebralBody:
    """A body in a straightened spine.

    Attributes:
        voxels: (S, Y, X) mask of the planes from `first_plane` on.
        first_plane: plane number of the first plane of `voxels`.
        middle: its centre as plane number, mm to the front and mm to the right.
        size_mm: width, depth and height.
    """

    voxels: NDArray[np.bool_]
    first_plane: int
    middle: tuple[float, float, float]
    size_mm: tuple[float, float, float]


def find_body(spine: StraightSpine, level: Level) -> VertebralBody | None:
    """The body of a level; None where the CT shows no bone between the discs."""
    front, right = np.meshgrid(FRONT_MM, RIGHT_MM, indexing="ij")
    low, high = level.below.at(front, right), level.above.at(front, right)
    outline = _outline(_mean_between(spine, low, high))
    inside = (high - low > 4 * DISC_MM) & _within_outline(outline, front, right, RIM_MM)
    if not inside.any():
        return None
    first, last = max(int(low[inside].min()), 0), min(int(high[inside].max()) + 2, len(spine.hu))
    planes = np.arange(first, last)[:, None, None]
    between = inside & (planes > low + DISC_MM) & (planes < high - DISC_MM)
    bone = gaussian_filter(spine.hu[first:last], 0.7) > BONE_HU
    core = _within_outline(outline, front, right, -SHELL_MM)
    voxels = _from_plate_to_plate(between & bone, inside) & (bone | core)
    heights = voxels.sum(0)
    if not heights.any():
        return None
    middle_front, middle_right = front[inside].mean(), right[inside].mean()
    middle_plane = float((low + high)[inside].mean() / 2)
    size = (float(np.ptp(right[inside])), float(np.ptp(front[inside])), float(np.median(heights[heights > 0])))
    return VertebralBody(voxels, first, (middle_plane, float(middle_front), float(middle_right)), size)


def _mean_between(spine: StraightSpine, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean HU (Y, X) over the middle heights of the body, planes parallel to the discs at either end."""
    y, x = np.indices(low.shape)
    levels = [map_coordinates(spine.hu, [low + part * (high - low), y, x], order=1) for part in OUTLINE_HEIGHTS]
    return gaussian_filter(np.clip(levels, 0, DENSE_HU).mean(0), 1.0)


def _outline(mean_hu: NDArray[np.float64]) -> NDArray[np.float64]:
    """The closed outline (n, 2) of the body, mm to the front and right: where HU falls most, at radii that vary slowly.

    Dynamic programming around the circle, over two turns so that the ends of the middle turn agree.
    """
    center_front = _body_center_front(mean_hu)
    angles = np.arange(OUTLINE_POINTS) * 2 * np.pi / OUTLINE_POINTS
    spokes = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    places = spokes[:, None, :] * OUTLINE_RADII_MM[:, None] + [center_front, 0.0]
    values = map_coordinates(mean_hu, [places[..., 0] - FRONT_MM[0], places[..., 1] - RIGHT_MM[0]], order=1)
    fall = -np.gradient(values, OUTLINE_RADII_MM, axis=1) * (values < DENSE_HU)
    fall[places[..., 0] < 3.0] = -50.0  # the canal's middle is never within the body
    at = _smoothest_turn(np.clip(fall, -50, 50))
    return places[np.arange(OUTLINE_POINTS), at]


def _body_center_front(mean_hu: NDArray[np.float64]) -> float:
    """Where the middle of the body lies: the middle of the dense stretch in front of the canal."""
    strip = mean_hu[:, np.abs(RIGHT_MM) <= 6].mean(1)
    ahead = (FRONT_MM >= 6) & (FRONT_MM <= 48)
    dense = strip[ahead] > 0.5 * np.percentile(strip[(FRONT_MM >= 10) & (FRONT_MM <= 30)], 80)
    first = int(dense.argmax())
    length = int((~dense[first:]).argmax()) or len(dense) - first
    return float(np.clip(FRONT_MM[ahead][first] + length / 2, 16.0, 27.0))


def _smoothest_turn(gain: NDArray[np.float64]) -> NDArray[np.intp]:
    """Index (n,) into the second axis of `gain` (n, radii) for each angle: most gain with few changes of radius."""
    turns = np.concatenate([gain] * 3)
    radii = np.arange(gain.shape[1])
    change = np.abs(np.subtract.outer(radii, radii)).astype(float)
    loss = np.where(change <= 4, 3.0 * change**2, np.inf)
    total, came_from = turns[0], np.zeros(turns.shape, np.intp)
    for n in range(1, len(turns)):
        through = total[None, :] - loss
        came_from[n] = through.argmax(1)
        total = through.max(1) + turns[n]
    at = np.empty(len(turns), np.intp)
    at[-1] = total.argmax()
    for n in range(len(turns) - 1, 0, -1):
        at[n - 1] = came_from[n, at[n]]
    return at[len(gain) : 2 * len(gain)]


def _within_outline(
    outline: NDArray[np.float64], front: NDArray[np.float64], right: NDArray[np.float64], beyond_mm: float
) -> NDArray[np.bool_]:
    """What lies within a star-shaped outline widened by some mm."""
    center = outline.mean(0)
    radius = np.linalg.norm(outline - center, axis=1) + beyond_mm
    angle = np.arctan2(outline[:, 1] - center[1], outline[:, 0] - center[0])
    order = np.argsort(angle)
    here = np.arctan2(right - center[1], front - center[0])
    return np.hypot(front - center[0], right - center[1]) <= np.interp(
        here, angle[order], radius[order], period=2 * np.pi
    )


def _from_plate_to_plate(bone: NDArray[np.bool_], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Every column of planes inside the outline filled from its first bone to its last, a median of its surroundings.

    So the spongy inside may be darker than bone; where a column meets but one end plate, its neighbours' ends count.
    """
    if not bone.any():
        return bone
    first, last = bone.argmax(0), len(bone) - 1 - bone[::-1].argmax(0)
    heights = np.where(bone.any(0), last - first, -1)
    full = heights >= 0.5 * np.median(heights[heights >= 0])
    nearest = distance_transform_edt(~full, return_distances=False, return_indices=True)
    low, high = (median_filter(ends[tuple(nearest)], PLATE_SMOOTHING_PX) for ends in (first, last))
    planes = np.arange(len(bone))[:, None, None]
    return inside & (planes >= low) & (planes <= high)
