"""Where the middle of a vertebra's body is, of one that was reconstructed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xray3d.datasets.vertebra_frame import upright_vertebra
from xray3d.errors import VolumeError
from xray3d.reconstruction.reconstruct import Reconstruction
from xray3d.volumes.labels import LabelVolume

_BONE = 1


def body_middle(found: Reconstruction) -> NDArray[np.float64] | None:
    """(3,) RAS in mm, by the rules that label maps of CTs are read by.

    The network was shown where vertebrae are to some 4 mm only, and finds their bodies nearer than that.

    Returns:
        None where body and canal cannot be told apart.
    """
    bone = LabelVolume(np.where(found.inside, _BONE, 0).astype(np.uint8), found.ijk_to_ras, "the reconstruction")
    try:
        return upright_vertebra(bone, _BONE).to_ras[:3, 3]
    except VolumeError:
        return None
