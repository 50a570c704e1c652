"""For what data of a patient may be used, the same whenever it is asked, and for all that is of one patient."""

from __future__ import annotations

import hashlib
from typing import Literal

Part = Literal["training", "validation", "test"]

_SHARES: tuple[tuple[Part, float], ...] = (("training", 0.8), ("validation", 0.1), ("test", 0.1))


def part_of(patient: str) -> Part:
    """The part of a patient, which the name draws."""
    draw = int.from_bytes(hashlib.sha256(patient.encode()).digest()[:8], "big") / 2**64
    for part, share in _SHARES:
        if draw < share:
            return part
        draw -= share
    return _SHARES[-1][0]
