"""A patient who goes on where the CT ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xray3d.volumes.ct import CTVolume

_SUPERIOR_RAS = (0.0, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class ExtendedCT:
    """A CT with copies of its first and of its last slice beyond them.

    Attributes:
        ct: the longer volume.
        axis: 0, 1 or 2, which of i, j, k is nearest to the patient's length.
        added: voxels added at its start.
        original: voxels along it that the CT itself has.
    """

    ct: CTVolume
    axis: int
    added: int
    original: int


def extended(ct: CTVolume, by_mm: float) -> ExtendedCT:
    """The CT carried on at both ends along the patient: rays there meet tissue, as those of a real X-ray do."""
    directions = ct.ijk_to_ras[:3, :3] / ct.spacing_mm
    axis = int(np.argmax(np.abs(np.asarray(_SUPERIOR_RAS) @ directions)))
    added = round(by_mm / ct.spacing_mm[axis])
    widths = [(added, added) if other == axis else (0, 0) for other in (2, 1, 0)]
    shift = np.eye(4)
    shift[axis, 3] = -added
    longer = CTVolume(np.pad(ct.hu, widths, mode="edge"), ct.ijk_to_ras @ shift, ct.name)
    return ExtendedCT(longer, axis, added, ct.size_ijk[axis])
