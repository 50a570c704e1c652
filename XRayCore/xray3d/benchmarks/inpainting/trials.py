"""Registrations without implants, with them, and with them masked or painted over, from the same starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xray3d.registration.metrics import PoseError

Condition = Literal[
    "without implants",
    "with implants",
    "true mask",
    "mask found",
    "inpainted",
    "inpainted and masked",
]
Search = Literal["off", "auto"]
BIN_MM = 5.0


@dataclass(frozen=True)
class Protocol:
    """Which starts are tried.

    Attributes:
        views: 1 or 2.
        search: of the registration.
        nearest_mm, farthest_mm: the edges of the first and of the last bin of initial mTREs.
        starts_per_bin: at each place.
    """

    views: int
    search: Search
    nearest_mm: float
    farthest_mm: float
    starts_per_bin: int


@dataclass(frozen=True)
class Trial:
    """One registration.

    Attributes:
        protocol: that it belongs to.
        condition: what the X-rays show, and what is ignored.
        initial, final: the errors before and after; of what was refused the same.
    """

    protocol: Protocol
    condition: Condition
    initial: PoseError
    final: PoseError
