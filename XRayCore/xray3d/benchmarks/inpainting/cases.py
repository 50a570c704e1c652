"""X-rays with metal and the same without: what the inpainting benchmark paints, and what it compares that with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

TestSet = Literal["DRRs", "X-rays", "radiographs", "radiographs, clipped at white"]
PATIENTS = ("ct/abdomen_pelvis_acrin001.nii.gz", "ct/chest_lidc0001.nii.gz")
"""CTs that the model did not learn from, relative to the data folder."""
RADIOGRAPHS = "xray/spine_radiographs_cadma.zip"
"""Real ones, of which the model did not learn from the part "test"."""


@dataclass(frozen=True)
class Part:
    """Some cases; each follows from its number alone.

    Attributes:
        patient: one of `PATIENTS`.
        first: number of the first one.
        count: how many of each test set.
    """

    patient: str
    first: int
    count: int

    @property
    def numbers(self) -> range:
        """Of the cases."""
        return range(self.first, self.first + self.count)


@dataclass(frozen=True, eq=False)
class Case:
    """One X-ray.

    Attributes:
        test_set: where it belongs.
        name: what tables and pictures call it.
        image: (rows, cols) with metal.
        truth: (rows, cols) the same without, on the same grey scale.
        metal: (rows, cols) bool, where a ray meets metal.
    """

    test_set: TestSet
    name: str
    image: NDArray
    truth: NDArray
    metal: NDArray[np.bool_]
