"""Sacrum, hip bones and upper femurs as signed distances in the pelvis frame.

The frame has its origin at the centre of the first sacral end plate and RAS directions, for a sacral slope of
`SLOPE_DEG`. Landmarks are rounded positions (mm) measured on the Visible Human male (surfaces of the
artisynth_lumbosacralSpineModel); the hip axis lies 90 mm below and 18 mm in front of the end plate, which makes a
pelvic incidence of about 45°, as healthy adults have it (Roussouly et al., Spine 30:346, 2005).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xray3d.datasets.shapes import (
    Distance,
    Points,
    capsule,
    ellipse,
    ellipsoid,
    sheet,
    smooth_difference,
    smooth_intersection,
    smooth_union,
    tube,
    union,
)

SLOPE_DEG = 34.0
HIP_CENTRE = np.array([92.0, 18.0, -90.0])
FEMORAL_HEAD_MM = 23.5

# Mid-thickness of the sacral bodies and alae, S1 to the coccyx: y, z in the midline, then x, y, z at the side.
SACRUM_MIDLINE = np.array([[-5, -7], [-29, -24], [-53, -45], [-70, -70], [-80, -95], [-77, -116]], float)
SACRUM_SIDE = np.array(
    [[46, -19, -15], [53, -33, -33], [42, -56, -51], [24, -70, -70], [13, -80, -95], [4, -77, -116]], float
)
SACRUM_THICKNESS_MM = np.array([24, 20, 15, 12, 9, 7], float)
SACRAL_LAMINA_YZ = np.array([[-42, 2], [-58, -18], [-73, -40], [-82, -62]], float)
SACRAL_LAMINA_HALF_WIDTH_MM = np.array([24, 21, 17, 11], float)

# The iliac wing from the crest down to the acetabular roof: from its posterior to its anterior border.
ILIUM = np.array(
    [
        [[76, -33, 44], [88, -27, 46], [97, -21, 46], [108, -13, 43], [118, -6, 39]],
        [[55, -54, 22], [72, -36, 22], [96, -20, 20], [116, -4, 20], [131, 13, 20]],
        [[42, -64, 0], [63, -34, 0], [93, -12, 0], [115, 11, 0], [134, 35, 0]],
        [[38, -68, -20], [62, -34, -20], [86, -8, -20], [108, 20, -20], [128, 48, -22]],
        [[48, -58, -40], [64, -34, -40], [82, -8, -40], [97, 15, -40], [112, 38, -40]],
        [[66, -22, -60], [73, -12, -60], [82, 2, -60], [92, 18, -60], [101, 36, -60]],
    ],
    float,
)
ILIUM_THICKNESS_MM = np.array(
    [
        [11, 11, 11, 11, 11],
        [15, 13, 6, 8, 13],
        [17, 15, 6, 8, 13],
        [17, 18, 10, 9, 13],
        [13, 18, 17, 15, 14],
        [14, 24, 28, 26, 16],
    ],
    float,
)


def sacrum_distance(points: Points) -> Distance:
    """Signed distance (mm) of the sacrum with its canal, foramina, crest and facets."""
    bodies = sheet(points, *_sacral_plate())
    tilted = _in_end_plate(points)
    x, y, z = tilted
    first_body = smooth_intersection(ellipse(x, y, 25.0, 16.5, 2.3), np.abs(z + 14.0) - 14.0, blend_mm=4.0)
    bone = smooth_union(bodies, first_body, blend_mm=6.0)
    sloping_alae = z + 0.5 * np.maximum(np.abs(x) - 24.0, 0)
    bone = smooth_intersection(bone, sloping_alae, blend_mm=2.0)
    mirrored = np.concatenate([np.abs(points[:1]), points[1:]])
    bone = smooth_union(bone, _sacral_arch(mirrored), blend_mm=5.0)
    return smooth_difference(bone, _foramina(mirrored), blend_mm=2.0)


def hip_distance(points: Points) -> Distance:
    """Signed distance (mm) of the right hip bone."""
    wing = sheet(points, ILIUM, ILIUM_THICKNESS_MM)
    socket = capsule(points, HIP_CENTRE - np.array([8, 2, -4]), HIP_CENTRE + np.array([0, 0, 4]), 28.0, 29.0)
    front = tube(points, [(78, 34, -72), (58, 45, -92), (35, 50, -106), (14, 60, -112)], [11, 9, 7, 8])
    pubis = tube(points, [(13, 60, -113), (11, 48, -130), (23, 20, -147), (40, -12, -163)], [8, 7, 6, 8])
    ischium = tube(points, [(70, -12, -70), (66, -22, -100), (62, -22, -125), (54, -24, -152)], [13, 13, 15, 11])
    ring = smooth_union(wing, socket, front, pubis, ischium, blend_mm=9.0)
    cup = capsule(points, HIP_CENTRE, HIP_CENTRE + np.array([40, 18, -30]), FEMORAL_HEAD_MM + 2.5, 38.0)
    return smooth_difference(ring, cup, blend_mm=2.0)


def femur_distance(points: Points) -> Distance:
    """Signed distance (mm) of the right femur down to below the lesser trochanter."""
    head = ellipsoid(points, HIP_CENTRE, [FEMORAL_HEAD_MM] * 3)
    neck = tube(points, np.array([HIP_CENTRE, (112, 12, -107), (128, 4, -122)]), [17, 15, 19])
    shaft = tube(points, [(128, 4, -122), (128, 4, -150), (124, 8, -260)], [20, 17, 15])
    trochanter = capsule(points, (137, -6, -102), (136, -4, -125), 10.0, 14.0)
    return smooth_union(head, neck, shaft, trochanter, blend_mm=7.0)


def _sacral_plate() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    across = np.linspace(-1, 1, 7)
    bend = across[None, :] ** 2
    x = SACRUM_SIDE[:, :1] * across
    y = SACRUM_MIDLINE[:, :1] + (SACRUM_SIDE[:, 1:2] - SACRUM_MIDLINE[:, :1]) * bend
    z = SACRUM_MIDLINE[:, 1:] + (SACRUM_SIDE[:, 2:] - SACRUM_MIDLINE[:, 1:]) * bend
    return np.stack([x, y, z], axis=-1), np.repeat(SACRUM_THICKNESS_MM[:, None], 7, axis=1)


def _in_end_plate(points: Points) -> Points:
    slope = np.deg2rad(SLOPE_DEG)
    x, y, z = points
    return np.stack([x, y * np.cos(slope) - z * np.sin(slope), y * np.sin(slope) + z * np.cos(slope)]).astype(
        np.float32
    )


def _sacral_arch(points: Points) -> Distance:
    """Laminae, median crest and superior facets, for points mirrored to the right."""
    across = np.linspace(0, 1, 4)
    x = SACRAL_LAMINA_HALF_WIDTH_MM[:, None] * across
    y = SACRAL_LAMINA_YZ[:, :1] + 16.0 * across**2
    z = SACRAL_LAMINA_YZ[:, 1:] - 6.0 * across**2
    laminae = sheet(points, np.stack([x, y, z], axis=-1), np.full(x.shape, 7.0))
    crest = union(*(capsule(points, (0, y - 4, z + 5), (0, y - 10, z - 5), 3.0, 4.5) for y, z in SACRAL_LAMINA_YZ[:3]))
    facet = capsule(_in_end_plate(points), (22, -22, -10), (22, -35, 6), 7.0, 5.0)
    return smooth_union(laminae, crest, facet, blend_mm=4.0)


def _foramina(points: Points) -> Distance:
    """The paired openings to the front and back between the sacral segments."""
    holes = []
    for n, (lateral, radius) in enumerate([(22, 6.0), (19, 5.5), (15, 4.5), (10, 3.2)]):
        middle = SACRUM_MIDLINE[n : n + 2].mean(0)
        down = SACRUM_MIDLINE[n + 1] - SACRUM_MIDLINE[n]
        forward = np.array([-down[1], down[0]]) / np.linalg.norm(down)
        front, behind = middle + 22 * forward, middle - 24 * forward
        holes.append(capsule(points, (lateral + 3, *front), (lateral, *behind), radius + 1.5, radius - 1.0))
    return union(*holes)
