"""The trunk: its outline, the fat and muscle under the skin, and the cavity they enclose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from xray3d.datasets.column import LumbarColumn
from xray3d.datasets.shapes import Distance, Points, ellipse, smooth_intersection

MUSCLE_WALL_MM = 13.0

# Height above L3 against half width and belly of an adult of ordinary build, and how far the back is behind the spine.
OUTLINE_Z_MM = np.array([-220.0, -120.0, -60.0, 0.0, 60.0, 130.0, 200.0])
HALF_WIDTH_MM = np.array([176.0, 180.0, 172.0, 157.0, 154.0, 158.0, 160.0])
FRONT_MM = np.array([112.0, 122.0, 126.0, 123.0, 120.0, 120.0, 118.0])
BEHIND_SPINE_MM = 98.0
DEEPEST_BACK_MM = -34.0

# Half width of the cavity about the height of the first sacral end plate: down to the true pelvis between the hips.
PELVIC_Z_MM = np.array([-75.0, -25.0, 5.0, 30.0, 55.0])
PELVIC_HALF_WIDTH_MM = np.array([52.0, 68.0, 100.0, 112.0, 170.0])

# The sacrum and coccyx below the first sacral end plate: z down, y back.
SACRAL_COURSE_MM = np.array([[-120.0, -78.0], [-85.0, -72.0], [-45.0, -52.0], [-20.0, -22.0]])


@dataclass(frozen=True, eq=False)
class Trunk:
    """Superelliptic cross-sections that follow the spine.

    Attributes:
        girth: factor on the outline.
        fat_mm: thickness of the fat under the skin at the flanks.
        sacral_z_mm: height of the first sacral end plate.
        spine_z_mm, spine_y_mm: the course of the spine, rising in z.
        back_y_mm: the same course as the skin of the back follows it, smoother and less deep.
    """

    girth: float
    fat_mm: float
    sacral_z_mm: float
    spine_z_mm: NDArray[np.float64]
    spine_y_mm: NDArray[np.float64]
    back_y_mm: NDArray[np.float64]

    def outline(self, z_mm: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Half width, half depth and centre along y at heights z."""
        half_width = self.girth * PchipInterpolator(OUTLINE_Z_MM, HALF_WIDTH_MM)(z_mm)
        front = self.girth * PchipInterpolator(OUTLINE_Z_MM, FRONT_MM)(z_mm)
        back = np.interp(np.asarray(z_mm, float), self.spine_z_mm, self.back_y_mm) - self.girth * BEHIND_SPINE_MM
        return half_width, (front - back) / 2, (front + back) / 2

    def spine_y(self, z_mm: ArrayLike) -> NDArray[np.float64]:
        """Where the axis of the column and the sacrum runs along y at heights z."""
        return np.interp(np.asarray(z_mm, float), self.spine_z_mm, self.spine_y_mm)

    def cavity_distance(self, points: Points, inner_fat: Distance) -> Distance:
        """Signed distance from the wall of the abdomen, which narrows between the hip bones to the true pelvis."""
        x, y, z = points
        spine = self.spine_y(z[:, 0, 0])[:, None, None].astype(np.float32)
        narrowing = PchipInterpolator(self.sacral_z_mm + PELVIC_Z_MM, PELVIC_HALF_WIDTH_MM)
        lowest, highest = self.sacral_z_mm + PELVIC_Z_MM[[0, -1]]
        pelvic_half_width = narrowing(np.clip(z[:, 0, 0], lowest, highest))[:, None, None]
        walls = (inner_fat + MUSCLE_WALL_MM, spine - 42.0 - y, 0.75 * (np.abs(x) - pelvic_half_width))
        return smooth_intersection(*(wall.astype(np.float32) for wall in walls), blend_mm=25.0)

    def skin_distance(self, points: Points) -> Distance:
        """Signed distance (mm) from the skin at RAS points (3, k, j, i) of an upright grid."""
        x, y, z = points
        half_width, half_depth, centre_y = (
            value[:, None, None].astype(np.float32) for value in self.outline(z[:, 0, 0])
        )
        furrow = 7.0 * np.exp(-((x / 14.0) ** 2)) * (y < centre_y)
        return ellipse(x, y - centre_y, half_width, half_depth, exponent=2.4) + furrow

    def fat_distance(self, points: Points, skin: Distance) -> Distance:
        """Signed distance from the inner side of the fat, thicker on the back and belly than at the flanks."""
        x, _, z = points
        half_width = self.outline(z[:, 0, 0])[0][:, None, None].astype(np.float32)
        return skin + np.float32(self.fat_mm) * (1.35 - 0.45 * np.minimum(np.abs(x) / half_width, 1))


def sample_trunk(random: np.random.Generator, column: LumbarColumn) -> Trunk:
    """A patient of ordinary build around a column."""
    centres = np.stack([placed.to_ras[:3, 3] for placed in column.vertebrae] + [column.sacral_to_ras[:3, 3]])[::-1]
    girth = float(np.clip(random.normal(1.0, 0.04), 0.95, 1.1))
    fat_mm = float(np.clip(random.normal(16.0, 4.0), 10.0, 26.0))
    course = np.vstack([SACRAL_COURSE_MM + centres[0, [2, 1]], centres[:, [2, 1]]])
    height = np.arange(course[0, 0], course[-1, 0], 5.0)
    spine_y = gaussian_filter1d(PchipInterpolator(*course.T)(height), 2.0, mode="nearest")
    back_y = 0.9 * gaussian_filter1d(np.maximum(spine_y, DEEPEST_BACK_MM), 8.0, mode="nearest")
    return Trunk(girth, fat_mm, float(centres[0, 2]), height, spine_y, back_y)
