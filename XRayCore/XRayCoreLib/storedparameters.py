"""Parameter nodes of other versions of XRay3D."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def repair(
    node, choices: Mapping[str, Sequence[str]], ranges: Mapping[str, tuple[float, float] | tuple[int, int]]
) -> list[str]:
    """Remove from a scripted module node, before it is wrapped, what the wrapper could not read; returns its names.

    Scenes come from other versions too, and one unreadable value would keep the whole panel from opening.

    Args:
        node: the parameter node.
        choices: what each parameter that is chosen from a list can be.
        ranges: smallest and largest value of each number; of a whole number as whole numbers.
    """
    wrong = [name for name, known in choices.items() if node.GetParameter(name) not in ("", *known)]
    wrong += [name for name, limits in ranges.items() if not _isInRange(node.GetParameter(name), *limits)]
    for name in wrong:
        node.UnsetParameter(name)
    return wrong


def _isInRange(text: str, low: float, high: float) -> bool:
    try:
        return not text or low <= type(low)(text) <= high
    except ValueError:
        return False
