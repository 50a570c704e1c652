"""CTs of patients of other builds, from the CTs that there are: for networks that are to work on anybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from xray3d.volumes import CTVolume

_LEAST, _MOST = 0.87, 1.15
_BONE_HU, _AIR_HU = 100.0, -1000.0


def of_another_build(ct: CTVolume, center_ras: Sequence[float], seed: int) -> CTVolume:
    """The patient narrower or wider, flatter or deeper, shorter or taller, each by up to 15 per cent, and mirrored or
    not.

    Args:
        center_ras: (3,) mm, what stays where it is.
        seed: the same seed gives the same build.
    """
    rng = np.random.default_rng(seed)
    build = np.eye(4)
    build[:3, :3] = np.diag(rng.uniform(_LEAST, _MOST, 3) * [rng.choice([-1, 1]), 1, 1])
    build[:3, 3] = np.array(center_ras) - build[:3, :3] @ center_ras
    return replace(ct, ijk_to_ras=build @ ct.ijk_to_ras)


def bones_alone(ct: CTVolume) -> CTVolume:
    """The CT with all soft tissue cut away, as published CTs of bones are."""
    return replace(ct, hu=np.where(ct.hu > _BONE_HU, ct.hu, np.float32(_AIR_HU)))
