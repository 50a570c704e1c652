"""The lumbar column: vertebrae stacked on the sacrum into a lordosis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from xray3d.datasets.deformity import Deformity
from xray3d.datasets.morphometry import VertebraShape, sample_shapes

Frame = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PlacedVertebra:
    """A vertebra of the patient: its shape and its frame (4, 4), vertebra to RAS in mm."""

    shape: VertebraShape
    to_ras: Frame


@dataclass(frozen=True, eq=False)
class LumbarColumn:
    """Vertebrae from T11 to L5, the discs below each, and the end plate they stand on.

    Attributes:
        vertebrae: from the head downwards.
        disc_to_ras: frames (4, 4) of the discs, centre of the disc to RAS, in the same order.
        sacral_to_ras: frame (4, 4) at the centre of the first sacral end plate, z its normal.
    """

    vertebrae: tuple[PlacedVertebra, ...]
    disc_to_ras: tuple[Frame, ...]
    sacral_to_ras: Frame

    def vertebra(self, level: str) -> PlacedVertebra:
        """The vertebra of that name."""
        return next(placed for placed in self.vertebrae if placed.shape.level == level)


def sample_column(random: np.random.Generator, deformity: Deformity | None = None) -> LumbarColumn:
    """A patient's column with the centre of L3 at the origin of RAS.

    The sacral slope is about 38° (Roussouly et al., Spine 30:346, 2005) and sets where the lordosis begins; every
    vertebra adds a degree or so of side bend and axial rotation, as healthy spines have it, and that of a deformity.
    """
    shapes = sample_shapes(random)
    slope = float(np.clip(random.normal(38.0, 4.0), 30.0, 46.0))
    cursor = np.eye(4)
    cursor[:3, :3] = Rotation.from_euler("x", -slope, degrees=True).as_matrix()
    sacral, vertebrae, discs = cursor.copy(), [], []
    deformity = deformity or Deformity()
    for shape, deformed in zip(reversed(shapes), deformity.bends_deg(len(shapes)), strict=True):
        disc = cursor @ _step(shape.disc_deg / 2, shape.disc_height_mm / 2, np.zeros(3))
        cursor = disc @ _step(shape.disc_deg / 2, shape.disc_height_mm / 2, np.zeros(3))
        cursor[:3, 3] += cursor[:3, 1] * deformity.slip_mm.get(shape.level, 0.0)
        bend = np.array([0.0, *(random.normal(0.0, (0.8, 0.8)) + deformed)])
        body = cursor @ _step(shape.wedge_deg / 2, shape.height_mm / 2, bend)
        cursor = body @ _step(shape.wedge_deg / 2, shape.height_mm / 2, np.zeros(3))
        vertebrae.append(PlacedVertebra(shape, body))
        discs.append(disc)
    return _centred_on_l3(LumbarColumn(tuple(vertebrae[::-1]), tuple(discs[::-1]), sacral))


def _step(opening_deg: float, up_mm: float, bend_deg: NDArray[np.float64]) -> Frame:
    """Half a disc or body: half of its wedge opens to the front, then its height follows."""
    frame = np.eye(4)
    rotation = Rotation.from_euler("xyz", bend_deg + np.array([opening_deg, 0.0, 0.0]), degrees=True).as_matrix()
    frame[:3, :3] = rotation
    half_turn = Rotation.from_euler("x", opening_deg / 2, degrees=True).as_matrix()
    frame[:3, 3] = half_turn @ [0.0, 0.0, up_mm]
    return frame


def _centred_on_l3(column: LumbarColumn) -> LumbarColumn:
    shift = np.eye(4)
    shift[:3, 3] = -column.vertebra("L3").to_ras[:3, 3]
    vertebrae = tuple(PlacedVertebra(placed.shape, shift @ placed.to_ras) for placed in column.vertebrae)
    return LumbarColumn(vertebrae, tuple(shift @ disc for disc in column.disc_to_ras), shift @ column.sacral_to_ras)
