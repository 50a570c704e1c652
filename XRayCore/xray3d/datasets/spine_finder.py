"""The spine in a CT without labels: whole vertebrae, each with a mask, a frame and how sure it is.

Image processing alone, with nothing learned from data: the canal, the levels along it, the bodies and their arches.
Which vertebra is which (T12, L1, …) is not told. Where nothing is found for sure, nothing is returned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, generate_binary_structure, median_filter

from xray3d.datasets.spine_canal import SpinalCanal, find_canal
from xray3d.datasets.spine_levels import Level, find_levels
from xray3d.datasets.spine_masks import divide_bone
from xray3d.datasets.straight_spine import OUTSIDE_HU, StraightSpine, straighten
from xray3d.datasets.vertebral_body import VertebralBody, find_body
from xray3d.volumes.ct import CTVolume
from xray3d.volumes.labels import LabelVolume

DENSE_BONE_HU = 300.0
MIDLINE_MM = 40.0
LEAST_CONFIDENCE = 0.5
MOST_CHANGE_OF_HEIGHT = 1.25
PLAUSIBLE_MM = ((18.0, 68.0), (13.0, 50.0), (11.0, 42.0))
"""Least and most width, depth and height of a vertebral body, of adults and with room to spare."""


@dataclass(frozen=True, eq=False)
class FoundVertebra:
    """A whole vertebral body with its arch, found in a CT.

    Attributes:
        label: its number in `FoundSpine.labels`; 1 is the one nearest to the head.
        center_ras: (3,) centre of the body, mm.
        up_ras, front_ras: unit vectors (3,) across the end plates to the head, and from the arch to the front.
        size_mm: width, depth and height of the body.
        confidence: 0 to 1, from how clear its pedicles and both its discs are.
        is_whole: whether the arch, too, lies within the CT.
    """

    label: int
    center_ras: NDArray[np.float64]
    up_ras: NDArray[np.float64]
    front_ras: NDArray[np.float64]
    size_mm: tuple[float, float, float]
    confidence: float
    is_whole: bool

    @property
    def to_ras(self) -> NDArray[np.float64]:
        """Rigid (4, 4) from the vertebra's frame (x to the right, y to the front, z up, mm) to RAS."""
        frame = np.eye(4)
        frame[:3, :3] = np.stack([np.cross(self.front_ras, self.up_ras), self.front_ras, self.up_ras], axis=1)
        frame[:3, 3] = self.center_ras
        return frame


@dataclass(frozen=True, eq=False)
class FoundSpine:
    """What is known of the spine in a CT.

    Attributes:
        vertebrae: from the head downwards; empty where none is found for sure.
        labels: their labels on the CT's own grid.
        center_ras: (3,) where to aim a C-arm, mm, whether or not there are vertebrae; see `spine_center_ras`.
    """

    vertebrae: tuple[FoundVertebra, ...]
    labels: LabelVolume
    center_ras: NDArray[np.float64]


def find_vertebrae(ct: CTVolume) -> FoundSpine:
    """The vertebrae of the thoracic and lumbar spine whose bodies lie within the CT and are found for sure.

    Args:
        ct: of any orientation, spacing and field of view; the patient's long axis within some 15° of the z axis of
            RAS, turned about it in any way.

    Returns:
        The vertebrae and their label map; none where the CT shows no spine.
    """
    name = f"{ct.name} vertebrae"
    canal = find_canal(ct)
    found = _vertebrae_along(ct, canal) if canal is not None else None
    if canal is None or found is None:
        nothing = LabelVolume(np.zeros(ct.hu.shape, np.uint8), ct.ijk_to_ras, name)
        return FoundSpine((), nothing, _center_without_vertebrae(ct, canal))
    vertebrae, labels = found
    center = np.mean([vertebra.center_ras for vertebra in vertebrae], axis=0)
    return FoundSpine(vertebrae, LabelVolume(labels, ct.ijk_to_ras, name), center)


def spine_center_ras(ct: CTVolume) -> NDArray[np.float64]:
    """Where to aim a C-arm at the spine, (3,) mm.

    The middle of the vertebrae found; else the middle of the spinal canal; else the middle of dense bone near the
    midline of all bone; else the centre of the CT.
    """
    return find_vertebrae(ct).center_ras


def _vertebrae_along(ct: CTVolume, canal: SpinalCanal) -> tuple[tuple[FoundVertebra, ...], NDArray[np.uint8]] | None:
    """The vertebrae and their labels (K, J, I) on the grid of the CT; None where none is sure."""
    spine = straighten(ct, canal)
    bodies = [(level, find_body(spine, level)) for level in find_levels(spine)[::-1]]
    candidates = [(level, body) for level, body in bodies if body is not None]
    heights_mm = [body.size_mm[2] for _, body in candidates]
    sure = [
        n
        for n, pair in enumerate(candidates)
        if _confidence(*pair) >= LEAST_CONFIDENCE and _fits_its_neighbours(n, heights_mm)
    ]
    if not sure:
        return None
    number_of = np.zeros(len(candidates) + 1, np.uint8)
    number_of[np.array(sure) + 1] = np.arange(1, len(sure) + 1)
    divided = number_of[divide_bone(spine, *zip(*candidates, strict=True))]
    vertebrae = tuple(_described(spine, divided, n, *candidates[at]) for n, at in enumerate(sure, 1))
    return vertebrae, spine.labels_on(ct, divided)


def _center_without_vertebrae(ct: CTVolume, canal: SpinalCanal | None) -> NDArray[np.float64]:
    if canal is not None:
        return canal.points_ras[len(canal.points_ras) // 2]
    bone = np.argwhere(ct.hu > DENSE_BONE_HU)[:, ::-1]
    if not len(bone):
        return ct.center_ras
    points = ct.to_ras(bone[:: max(len(bone) // 200_000, 1)])
    midline = np.abs(points[:, 0] - np.median(points[:, 0])) < MIDLINE_MM
    return np.median(points[midline], axis=0)


def _confidence(level: Level, body: VertebralBody) -> float:
    """0 where the body's size is implausible or a disc or the pedicles are not seen."""
    if any(not low <= mm <= high for mm, (low, high) in zip(body.size_mm, PLAUSIBLE_MM, strict=True)):
        return 0.0
    discs = min(level.below.clearness, level.above.clearness)
    return float(np.clip(2 * discs, 0, 1) * np.clip(2 * level.prominence, 0, 1)) ** 0.5


def _fits_its_neighbours(at: int, heights_mm: list[float]) -> bool:
    """Whether a body is about as high as the two above and below it; else one of its discs was mistaken."""
    usual_mm = median_filter(np.array(heights_mm), 5, mode="mirror")[at]
    return 1 / MOST_CHANGE_OF_HEIGHT <= heights_mm[at] / usual_mm <= MOST_CHANGE_OF_HEIGHT


def _described(
    spine: StraightSpine, divided: NDArray[np.uint8], label: int, level: Level, body: VertebralBody
) -> FoundVertebra:
    plane, front_mm, right_mm = body.middle
    axes = spine.axes_ras[int(np.clip(round(plane), 0, len(spine.hu) - 1))]
    slope_front = (level.below.slope_front + level.above.slope_front) / 2
    slope_right = (level.below.slope_right + level.above.slope_right) / 2
    up = axes @ _unit(np.array([-slope_right, -slope_front, 1.0]))
    return FoundVertebra(
        label=label,
        center_ras=spine.to_ras(np.array([plane]), np.array([front_mm]), np.array([right_mm]))[0],
        up_ras=up,
        front_ras=_unit(axes[:, 1] - (axes[:, 1] @ up) * up),
        size_mm=body.size_mm,
        confidence=_confidence(level, body),
        is_whole=not _touches_the_edge(spine, divided == label),
    )


def _touches_the_edge(spine: StraightSpine, own: NDArray[np.bool_]) -> bool:
    around = binary_dilation(own, generate_binary_structure(3, 1), iterations=2)
    return bool((spine.hu[around] <= OUTSIDE_HU + 1).any())


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / np.linalg.norm(vector)
