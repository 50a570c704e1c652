"""Names of vertebrae."""

from __future__ import annotations

import re

_REGIONS = "CTLS"
_LEVEL = re.compile(r"(C|Th?|L|S)\s*(\d+)", re.IGNORECASE)


def anatomical_order(name: str) -> tuple[int, int, str]:
    """What sorts names from head to foot: levels such as "T12" (or "Th12") before "L1"; other names last, by text."""
    level = _LEVEL.fullmatch(name.strip())
    if level is None:
        return len(_REGIONS), 0, name
    region, number = level.groups()
    return _REGIONS.index(region[0].upper()), int(number), name
