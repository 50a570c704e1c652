"""Several names in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from slicer.i18n import tr as _

# More are counted.
_MOST_NAMES = 3


def namesInWords(names: Sequence[str]) -> str:
    """ "A, B and 5 more"."""
    if len(names) <= _MOST_NAMES + 1:
        return ", ".join(names)
    shown = ", ".join(names[:_MOST_NAMES])
    return _("{names} and {count} more").format(names=shown, count=len(names) - _MOST_NAMES)
