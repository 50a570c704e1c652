"""A synthetic patient: CT and labels of a lumbar spine, pelvis and trunk, grown from a seed.

No patient's image is in it: every shape is a formula, every size is drawn about published means. It stands in for a
real CT where none is at hand, and it comes with the truth (frames and sizes) that a real CT lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from xray3d.datasets.canvas import BoneTissue, Canvas, in_frame, smooth_noise
from xray3d.datasets.column import LumbarColumn, sample_column
from xray3d.datasets.deformity import Deformity
from xray3d.datasets.morphometry import VertebraShape
from xray3d.datasets.organs import paint_soft_tissue
from xray3d.datasets.pelvis import SLOPE_DEG, femur_distance, hip_distance, sacrum_distance
from xray3d.datasets.ribs import COURSES, RIB_THICKNESS_MM, rib_surface
from xray3d.datasets.shapes import sheet
from xray3d.datasets.trunk import Trunk, sample_trunk
from xray3d.datasets.variety import Variety, VertebraDistance
from xray3d.datasets.vertebra import vertebra_distance
from xray3d.errors import VolumeError
from xray3d.volumes.ct import CTVolume
from xray3d.volumes.labels import LabelVolume

VERTEBRA_LABELS = {"L5": 27, "L4": 28, "L3": 29, "L2": 30, "L1": 31, "T12": 32, "T11": 33}
"""Labels of the vertebrae; this and all other labels are those of TotalSegmentator's "total" task, version 2."""

SACRUM_LABEL = 25
# Vertebrae that are no formulas may be larger than their measures say.
_ROOM_MM = 20.0
MIRROR_X = np.diag([-1.0, 1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class SyntheticPatient:
    """A CT, its labels, and the anatomy that both were made from.

    Attributes:
        ct: HU, RAS axes, the centre of L3 at the origin.
        labels: on the same grid, with TotalSegmentator's numbers.
        label_names: TotalSegmentator's names of the labels present.
        column: true frames and sizes of the vertebrae.
    """

    ct: CTVolume
    labels: LabelVolume
    label_names: dict[int, str]
    column: LumbarColumn


def synthetic_lumbar_spine(
    seed: int = 0, spacing_mm: float = 1.5, below_sacrum_mm: float = 118.0, variety: Variety | None = None
) -> SyntheticPatient:
    """Make a patient from the middle of T11 down to the hips.

    Args:
        seed: the same seed gives the same patient.
        spacing_mm: edge of the cubic voxels, 0.5 to 5 mm.
        below_sacrum_mm: how far the field of view reaches below the first sacral end plate.
        variety: how vertebrae differ from formulas of healthy ones, and columns from straight ones; not at all without.

    Raises:
        VolumeError: the spacing is out of range.
    """
    if not 0.5 <= spacing_mm <= 5.0:
        raise VolumeError(f"spacing_mm of a synthetic spine must be between 0.5 and 5 mm, not {spacing_mm}.")
    anatomy, texture, other = (np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(3))
    column = sample_column(anatomy, Deformity.sample(other) if variety else None)
    trunk = sample_trunk(anatomy, column)
    canvas = Canvas(*_field_of_view(column, trunk, below_sacrum_mm), spacing_mm, texture)
    paint_soft_tissue(canvas, column, trunk, anatomy)
    make = variety.vertebra if variety else _of_formula
    vertebrae = [make(placed.shape, other) for placed in column.vertebrae]
    spongy_hu = float(np.clip(anatomy.normal(190, 35), 110, 280))
    tissue = BoneTissue(shell_mm=1.1, shell_hu=1050.0, spongy_hu=spongy_hu)
    tissue = variety.tissue(tissue, other) if variety else tissue
    names = _paint_bones(canvas, column, vertebrae, trunk, tissue, _ROOM_MM if variety else 0.0)
    canvas.hu += 12.0 * smooth_noise(texture, canvas.hu.shape, sigma_vox=0.6)
    name = f"Synthetic lumbar spine {seed}"
    ct = CTVolume(np.clip(np.round(canvas.hu), -1024, 3071), canvas.ijk_to_ras, name)
    return SyntheticPatient(ct, LabelVolume(canvas.labels, canvas.ijk_to_ras, f"{name} labels"), names, column)


def _of_formula(shape: VertebraShape, random: np.random.Generator) -> VertebraDistance:
    return partial(vertebra_distance, shape=shape)


def _field_of_view(
    column: LumbarColumn, trunk: Trunk, below_sacrum_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    bottom, top = column.sacral_to_ras[2, 3] - below_sacrum_mm, column.vertebra("T11").to_ras[2, 3]
    half_width, half_depth, centre_y = trunk.outline(np.linspace(bottom, top, 50))
    side = half_width.max() + 10.0
    low = np.array([-side, (centre_y - half_depth).min() - 10.0, bottom])
    return low, np.array([side, (centre_y + half_depth).max() + 10.0, top])


def _paint_bones(
    canvas: Canvas,
    column: LumbarColumn,
    vertebrae: Sequence[VertebraDistance],
    trunk: Trunk,
    tissue: BoneTissue,
    room_mm: float,
) -> dict[int, str]:
    names = {}
    for placed, vertebra in reversed(list(zip(column.vertebrae, vertebrae, strict=True))):
        shape = placed.shape
        window = canvas.window_of_box(*_box(shape, room_mm), placed.to_ras)
        distance = vertebra(in_frame(window.points, placed.to_ras))
        canvas.paint_bone(window, distance, tissue, VERTEBRA_LABELS[shape.level])
        names[VERTEBRA_LABELS[shape.level]] = f"vertebrae_{shape.level}"
    names |= _paint_pelvis(canvas, column, tissue.spongy_hu)
    names |= _paint_ribs(canvas, column, trunk)
    present = np.unique(canvas.labels)
    return {label: name for label, name in sorted(names.items()) if label in present}


def _box(shape: VertebraShape, room_mm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of what a vertebra is in, in its frame."""
    side, half = shape.transverse_span_mm / 2, shape.height_mm / 2
    back = shape.depth_mm / 2 + shape.canal_depth_mm + shape.spinous_length_mm
    return np.array([-side, -back, -half - 20]) - room_mm, np.array([side, shape.depth_mm / 2, half + 9]) + room_mm


def _paint_pelvis(canvas: Canvas, column: LumbarColumn, spongy_hu: float) -> dict[int, str]:
    tissue = BoneTissue(shell_mm=1.5, shell_hu=1150.0, spongy_hu=0.8 * spongy_hu)
    to_ras = column.sacral_to_ras.copy()
    to_ras[:3, :3] = to_ras[:3, :3] @ Rotation.from_euler("x", SLOPE_DEG, degrees=True).as_matrix()
    window = canvas.window_of_box((-60, -105, -130), (60, 25, 12), to_ras)
    canvas.paint_bone(window, sacrum_distance(in_frame(window.points, to_ras)), tissue, SACRUM_LABEL)
    names = {SACRUM_LABEL: "sacrum"}
    for side, frame, hip, femur in (("right", to_ras, 78, 76), ("left", to_ras @ MIRROR_X, 77, 75)):
        window = canvas.window_of_box((0, -80, -170), (142, 72, 55), frame)
        canvas.paint_bone(window, hip_distance(in_frame(window.points, frame)), tissue, hip)
        window = canvas.window_of_box((65, -30, -260), (152, 46, -60), frame)
        canvas.paint_bone(window, femur_distance(in_frame(window.points, frame)), tissue, femur)
        names |= {hip: f"hip_{side}", femur: f"femur_{side}"}
    return names


def _paint_ribs(canvas: Canvas, column: LumbarColumn, trunk: Trunk) -> dict[int, str]:
    tissue = BoneTissue(shell_mm=1.3, shell_hu=900.0, spongy_hu=150.0)
    names = {}
    for course in COURSES:
        for side, mirror, first in (("right", 1.0, 103), ("left", -1.0, 91)):
            surface = rib_surface(course, column, trunk) * [mirror, 1.0, 1.0]
            window = canvas.window(surface.min((0, 1)), surface.max((0, 1)))
            if window.points.size == 0:
                continue
            thickness = np.full(surface.shape[:2], RIB_THICKNESS_MM)
            canvas.paint_bone(window, sheet(window.points, surface, thickness), tissue, first + course.number)
            names[first + course.number] = f"rib_{side}_{course.number}"
    return names
