"""How an X-ray was stored, and how it must be turned to be seen from the source.

A `Projection` is right handed, so it can only describe the picture as the source sees it. Clinical images are mostly
stored the other way round: a frontal one is shown as if one faced the patient, the patient's left on the right hand
side, whichever side the source was on. DICOM says how in Patient Orientation (0020,0020): the direction in which the
columns increase along a row, and the one in which the rows increase down a column.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import GeometryError

Number = TypeVar("Number", int, float)

_TOWARDS_RAS = {
    "L": (-1, 0, 0),
    "R": (1, 0, 0),
    "A": (0, 1, 0),
    "P": (0, -1, 0),
    "H": (0, 0, 1),
    "F": (0, 0, -1),
}


@dataclass(frozen=True)
class Reorientation:
    """A transpose, then flips, that make a stored image the one that the source sees."""

    transpose: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    def apply(self, pixels: NDArray) -> NDArray:
        """The reoriented copy of an image (rows, columns)."""
        pixels = pixels.T if self.transpose else pixels
        return np.ascontiguousarray(pixels[:: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1])

    def apply_to_pair(self, pair: tuple[Number, Number]) -> tuple[Number, Number]:
        """A (row, column) pair of the stored image, such as its size or spacing, for the reoriented one."""
        return (pair[1], pair[0]) if self.transpose else pair

    def _axes(self, along_row: NDArray, along_column: NDArray) -> tuple[NDArray, NDArray]:
        if self.transpose:
            along_row, along_column = along_column, along_row
        return (-along_row if self.flip_columns else along_row), (-along_column if self.flip_rows else along_column)


def reorientation_to_source(
    patient_orientation: tuple[str, str], extrinsic: NDArray[np.float64], name: str
) -> Reorientation:
    """The turn and flip that bring a stored image closest to what the camera sees.

    Args:
        patient_orientation: letters of the directions along a row and down a column, such as ("L", "F").
        extrinsic: RAS to camera (4, 4).
        name: what messages call the file.

    Raises:
        GeometryError: letters that are none, or that leave open which way round the image is.
    """
    along_row, along_column = (direction_ras(letters, name) for letters in patient_orientation)
    right, down = extrinsic[0, :3], extrinsic[1, :3]

    def agreement(candidate: Reorientation) -> float:
        new_row, new_column = candidate._axes(along_row, along_column)
        return float(new_row @ right + new_column @ down)

    candidates = sorted((Reorientation(*flags) for flags in product((False, True), repeat=3)), key=agreement)
    if agreement(candidates[-1]) - agreement(candidates[-2]) < 0.1:
        raise GeometryError(
            f"{name}: Patient Orientation (0020,0020) {', '.join(patient_orientation)} does not fit the positioner "
            "angles, so the image may be mirrored; pass patient_orientation in GivenGeometry."
        )
    return candidates[-1]


def direction_ras(letters: str, name: str) -> NDArray[np.float64]:
    """Unit vector (3,) of DICOM orientation letters, the first the strongest: "L", "LA", "FPR"."""
    known = [_TOWARDS_RAS.get(letter) for letter in letters.strip().upper()]
    if not known or None in known:
        raise GeometryError(
            f"{name}: Patient Orientation (0020,0020) has the direction {letters!r}, which is not made of the letters "
            "L R A P H F; pass patient_orientation in GivenGeometry, for example ('L', 'F')."
        )
    weights = 0.5 ** np.arange(len(known))
    direction = weights @ np.array(known, float)
    return direction / np.linalg.norm(direction)
