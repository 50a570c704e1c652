"""Muscles, vessels and organs around the lumbar spine, painted before the bones.

Positions are RAS mm about the centre of L3; +x is the patient's right, where the liver is.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xray3d.datasets.canvas import Canvas, in_frame
from xray3d.datasets.column import LumbarColumn, PlacedVertebra
from xray3d.datasets.shapes import Distance, ellipse, ellipsoid, smooth_intersection, tube
from xray3d.datasets.trunk import Trunk
from xray3d.datasets.vertebra import canal_centre_y_mm

SKIN_HU, FAT_HU, MUSCLE_HU, BLOOD_HU, LUNG_HU, GAS_HU = 20.0, -105.0, 55.0, 42.0, -840.0, -950.0
DISC_HU, CEREBROSPINAL_FLUID_HU = 85.0, 22.0
SIDES = (1.0, -1.0)

COLON = np.array(
    [
        (92, 22, -85), (104, 18, -40), (104, 22, 10), (92, 50, 28), (45, 82, 8), (0, 88, -6),
        (-50, 82, 14), (-95, 45, 62), (-108, 8, 55), (-112, 2, 0), (-106, 8, -55), (-78, 30, -88), (-35, 30, -100),
        (0, 0, -125), (0, -40, -148), (0, -55, -175),
    ],
    float,
)  # fmt: skip


def paint_soft_tissue(canvas: Canvas, column: LumbarColumn, trunk: Trunk, random: np.random.Generator) -> None:
    """Everything but bone: trunk wall, viscera, vessels, muscles of the back, discs and the spinal canal."""
    cavity = _paint_wall(canvas, trunk)
    _paint_bowel(canvas, cavity, random)
    _paint_solid_organs(canvas, cavity)
    _paint_lungs(canvas, cavity, column)
    _paint_vessels(canvas, column)
    _paint_muscles(canvas, column)
    _paint_discs(canvas, column)


def _paint_wall(canvas: Canvas, trunk: Trunk) -> Distance:
    """Skin, fat, muscular wall and visceral fat; returns the distance of the cavity on the whole grid."""
    cavity = np.empty(canvas.hu.shape, np.float32)
    for window in canvas.slabs():
        skin = trunk.skin_distance(window.points)
        canvas.paint(window, skin, SKIN_HU)
        canvas.paint(window, skin + 2.0, FAT_HU)
        inner_fat = trunk.fat_distance(window.points, skin)
        canvas.paint(window, inner_fat, MUSCLE_HU)
        cavity[window.slices] = trunk.cavity_distance(window.points, inner_fat)
        canvas.paint(window, cavity[window.slices], FAT_HU + 5)
    return cavity


def _paint_clipped(canvas: Canvas, cavity: Distance, centre: ArrayLike, semi_axes: ArrayLike, hu: float) -> None:
    """An ellipsoid, no farther out than 2 mm inside the cavity's wall."""
    centre, semi_axes = np.asarray(centre, float), np.asarray(semi_axes, float)
    window = canvas.window(centre - semi_axes, centre + semi_axes)
    organ = ellipsoid(window.points, centre, semi_axes)
    canvas.paint(window, smooth_intersection(organ, cavity[window.slices] + 2.0, blend_mm=8.0), hu)


def _paint_solid_organs(canvas: Canvas, cavity: Distance) -> None:
    _paint_clipped(canvas, cavity, (75, 15, 95), (85, 88, 78), 60.0)  # right lobe of the liver
    _paint_clipped(canvas, cavity, (10, 60, 120), (85, 45, 40), 60.0)  # left lobe
    _paint_clipped(canvas, cavity, (48, 78, 28), (14, 22, 26), 12.0)  # gall bladder
    _paint_clipped(canvas, cavity, (-102, -28, 92), (32, 48, 48), 50.0)  # spleen
    _paint_clipped(canvas, cavity, (-62, 42, 92), (42, 46, 50), 30.0)  # stomach
    _paint_clipped(canvas, cavity, (-62, 74, 96), (32, 18, 40), GAS_HU)  # its bubble, in front in a supine patient
    for centre, semi_axes in (((64, -22, 22), (28, 26, 56)), ((-66, -24, 34), (28, 26, 58))):
        _paint_clipped(canvas, cavity, centre, semi_axes, 34.0)  # kidneys, the right one lower
        _paint_clipped(canvas, cavity, np.array(centre) - [np.sign(centre[0]) * 14, 0, 0], (12, 10, 22), -60.0)
    _paint_clipped(canvas, cavity, (0, 55, 52), (55, 12, 14), 40.0)  # pancreas and duodenum
    _paint_clipped(canvas, cavity, (0, 40, -168), (40, 32, 34), 8.0)  # urinary bladder


def _paint_bowel(canvas: Canvas, cavity: Distance, random: np.random.Generator) -> None:
    for _ in range(95):
        centre = np.array([random.uniform(-90, 85), random.uniform(28, 92), random.uniform(-125, 45)])
        loop = centre + np.cumsum(random.normal(0, 14, (4, 3)), axis=0)
        _paint_gut(canvas, cavity, loop, random.uniform(10, 14), 32.0, gas=random.random() < 0.15)
    course = COLON + random.normal(0, 4, COLON.shape)
    for n in range(len(course) - 1):
        pieces = np.linspace(course[n], course[n + 1], 4)
        for start, end in pairwise(pieces):  # haustra: a string of short, wide pieces
            _paint_gut(canvas, cavity, np.stack([start, end]), random.uniform(13, 20), -40.0, gas=random.random() < 0.5)


def _paint_gut(
    canvas: Canvas, cavity: Distance, path: NDArray[np.float64], radius_mm: float, content_hu: float, gas: bool
) -> None:
    """A piece of bowel: wall, content mixed with small bubbles, and gas that has risen to the front."""
    window = canvas.window(path.min(0) - radius_mm, path.max(0) + radius_mm)
    if window.points.size == 0:
        return
    wall = smooth_intersection(tube(window.points, path, radius_mm), cavity[window.slices] + 3.0, blend_mm=8.0)
    canvas.paint(window, wall, 45.0)
    bubbles = 1.5 * max(32.0 - content_hu, 0.0)
    canvas.paint(window, wall + 2.0, content_hu + bubbles * np.minimum(canvas.texture[window.slices], 0.5))
    if gas:
        level = path[:, 1].mean() - 0.2 * radius_mm
        canvas.paint(window, np.maximum(wall + 2.0, level - window.points[1]), GAS_HU)


def _paint_lungs(canvas: Canvas, cavity: Distance, column: LumbarColumn) -> None:
    """The bases of the lungs behind and above the diaphragm, which rises towards the middle and the front."""
    floor = column.vertebra("T12").to_ras[2, 3]
    for window in canvas.slabs():
        x, y, z = window.points
        if z.max() < floor - 40:
            continue
        lateral = np.minimum((np.abs(x) / 130.0) ** 2 + ((y - 20.0) / 95.0) ** 2, 1.2)
        dome = floor - 12.0 + 75.0 * (1 - lateral) + 0.22 * np.maximum(y + 40.0, 0)
        above, beside_spine = 0.6 * (dome - z), 34.0 - np.abs(x)
        lung = smooth_intersection(cavity[window.slices] - 4.0, above, beside_spine, blend_mm=12.0)
        canvas.paint(window, lung, LUNG_HU)


def _paint_tube(canvas: Canvas, path: ArrayLike, radius_mm: ArrayLike, hu: float) -> None:
    path = np.asarray(path, float)
    reach = float(np.max(radius_mm))
    window = canvas.window(path.min(0) - reach, path.max(0) + reach)
    if window.points.size:
        canvas.paint(window, tube(window.points, path, radius_mm), hu)


def _along(column: LumbarColumn, levels: str, offset: ArrayLike) -> NDArray[np.float64]:
    """RAS positions at one offset (right, front of the body, up) from the bodies of the levels named."""
    right, forward, up = np.asarray(offset, float)
    points = []
    for level in levels.split():
        placed = column.vertebra(level)
        local = np.array([right, placed.shape.depth_mm / 2 + forward, up])
        points.append(placed.to_ras[:3, :3] @ local + placed.to_ras[:3, 3])
    return np.array(points)


def _paint_vessels(canvas: Canvas, column: LumbarColumn) -> None:
    aorta = _along(column, "T11 T12 L1 L2 L3 L4", (-8, 12, 0))
    cava = _along(column, "T11 T12 L1 L2 L3 L4", (16, 11, 0))
    _paint_tube(canvas, cava, 11.0, BLOOD_HU)
    _paint_tube(canvas, aorta, 10.0, BLOOD_HU)
    for side in SIDES:
        iliac = [aorta[-1], aorta[-1] + [side * 28, -4, -45], aorta[-1] + [side * 62, 12, -90]]
        _paint_tube(canvas, iliac, [7.5, 6.5, 6.0], BLOOD_HU)


def _paint_muscles(canvas: Canvas, column: LumbarColumn) -> None:
    hip = column.sacral_to_ras[:3, 3]
    lumbar = "L1 L2 L3 L4 L5"
    for side in SIDES:
        beside = _along(column, lumbar, (0, 0, -12))
        beside[:, 0] += side * np.array([25.0, 31.0, 36.0, 40.0, 44.0])
        beside[:, 1] += np.array([-26.0, -25.0, -24.0, -21.0, -8.0])
        psoas = np.vstack([beside, hip + np.array([[side * 68, 48, -45], [side * 92, 50, -100]])])
        _paint_tube(canvas, psoas, [7, 13, 18, 20, 20, 18, 17], MUSCLE_HU)
        _paint_tube(canvas, _along(column, "L1 L2 L3 L4", (side * 62, -58, 0)), [7, 9, 10, 9], MUSCLE_HU)
        iliacus = hip + np.array([side * 96, 20, -22])
        window = canvas.window(iliacus - 40, iliacus + 40)
        canvas.paint(window, ellipsoid(window.points, iliacus, (20, 26, 40)), MUSCLE_HU)


def _paint_discs(canvas: Canvas, column: LumbarColumn) -> None:
    for placed, disc_to_ras in zip(column.vertebrae, column.disc_to_ras, strict=True):
        shape = placed.shape
        half = np.array([shape.width_mm / 2, shape.depth_mm / 2, shape.disc_height_mm / 2 + 4.5])
        window = canvas.window_of_box(-half, half, disc_to_ras)
        if window.points.size == 0:
            continue
        points = in_frame(window.points, disc_to_ras)
        wall = ellipse(points[0], points[1], half[0] - 0.5, half[1] - 0.5, exponent=2.3)
        canvas.paint(window, smooth_intersection(wall, np.abs(points[2]) - half[2], blend_mm=3.0), DISC_HU)
    sac = np.array([_canal_centre_ras(placed) for placed in column.vertebrae])
    sac = np.vstack([sac, column.sacral_to_ras[:3, :3] @ [0, -26, -4] + column.sacral_to_ras[:3, 3]])
    _paint_tube(canvas, sac, 10.0, FAT_HU + 40)
    _paint_tube(canvas, sac, 7.0, CEREBROSPINAL_FLUID_HU)


def _canal_centre_ras(placed: PlacedVertebra) -> NDArray[np.float64]:
    return placed.to_ras[:3, :3] @ [0.0, canal_centre_y_mm(placed.shape), 0.0] + placed.to_ras[:3, 3]
