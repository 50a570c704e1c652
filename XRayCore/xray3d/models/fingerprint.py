"""By what a CT is known again, whatever file or scene it comes from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray3d.volumes import CTVolume

# Files keep a placement in single precision; scenes, after some multiplications.
_SAME_PLACE_MM = 0.05


@dataclass(frozen=True, eq=False)
class CTFingerprint:
    """What tells one CT from another.

    Attributes:
        voxels: SHA-256 of the HU as whole numbers, in an order that does not depend on how the array is stored.
        corners_ras: (8, 3) mm, where the outer voxels are, in the same order.
    """

    voxels: str
    corners_ras: NDArray[np.float64]

    @classmethod
    def of(cls, ct: CTVolume) -> CTFingerprint:
        """The fingerprint of a CT: the same whether its slices are stored from head to feet or from feet to head."""
        hu, to_ras = _in_ras_order(ct)
        digest = hashlib.sha256(repr(hu.shape).encode())
        digest.update(np.clip(np.rint(hu), -32768, 32767).astype("<i2").tobytes())
        ends = np.array(np.meshgrid(*[(0, size - 1) for size in hu.shape[::-1]], indexing="ij")).reshape(3, -1).T
        return cls(digest.hexdigest(), ends @ to_ras[:3, :3].T + to_ras[:3, 3])

    def matches(self, other: CTFingerprint) -> bool:
        """Whether both are of one CT in one place."""
        near = bool(np.abs(self.corners_ras - other.corners_ras).max() < _SAME_PLACE_MM)
        return self.voxels == other.voxels and near

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"voxels_sha256": self.voxels, "corners_ras": np.round(self.corners_ras, 3).tolist()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> CTFingerprint:
        """What `to_dict` gave."""
        return cls(str(values["voxels_sha256"]), np.array(values["corners_ras"], float).reshape(8, 3))


def _in_ras_order(ct: CTVolume) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """The voxels (K, J, I) with i nearest to right, j to anterior and k to superior, and their placement."""
    hu, to_ras = ct.hu, np.array(ct.ijk_to_ras)
    cosines = np.abs(to_ras[:3, :3] / ct.spacing_mm)
    # Rounded: a CT halfway between two orders has one of them, in whatever precision its file keeps the axes.
    order = max(permutations(range(3)), key=lambda axes: round(float(cosines[range(3), axes].sum()), 3))
    hu = hu.transpose([2 - axis for axis in order[::-1]])
    to_ras[:, :3] = to_ras[:, order]
    for axis in range(3):
        if to_ras[axis, axis] < 0:
            to_ras[:3, 3] += to_ras[:3, axis] * (hu.shape[2 - axis] - 1)
            to_ras[:3, axis] *= -1
            hu = np.flip(hu, 2 - axis)
    return hu, to_ras
