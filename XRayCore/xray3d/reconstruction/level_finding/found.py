"""Vertebrae that were found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# On average of all: where ribs and sacrum are seen on four X-rays it is more, where names are wrong, mostly less.
_SURE = 0.95


@dataclass(frozen=True, eq=False)
class Found:
    """A vertebra.

    Attributes:
        level: one of `LEVELS`.
        middle_ras: (3,) mm, of its body.
        sigma_mm: root mean square distance of the middle from the truth, as heat maps tell it that are known to be of
            this vertebra; no larger than about 15 mm, which is half way to the next one.
        confidence: from 0 to 1, how likely the vertebra of that name is there and not elsewhere.
        seen_by: how many X-rays show it there.
    """

    level: str
    middle_ras: NDArray[np.float64]
    sigma_mm: float
    confidence: float
    seen_by: int


def naming_doubt(found: Sequence[Found]) -> str | None:
    """One sentence, where the names of vertebrae that were found together may be wrong."""
    if not found or np.mean([one.confidence for one in found]) >= _SURE:
        return None
    return "Names may be those of the next vertebra up or down; count from the last rib or from the sacrum."
