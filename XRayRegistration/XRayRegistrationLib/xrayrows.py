"""The panel's rows of X-rays: a further one appears with each X-ray that is chosen."""

from __future__ import annotations

from slicer.i18n import tr as _

from .parameters import MAX_XRAYS

# Of a label; more would take the room of the selector beside it.
_LONGEST_NAME = 18


class XRayRows:
    """Selectors of X-rays, masks and landmarks.

    Args:
        ui: the panel's widgets.
    """

    def __init__(self, ui) -> None:
        self._ui = ui

    def show(self, parameters) -> None:
        """Show the rows in use and an empty one, and those of their landmarks."""
        chosen = [getattr(parameters, f"xray{n}") for n in range(1, MAX_XRAYS + 1)]
        used = [n for n, node in enumerate(chosen, start=1) if node is not None]
        last = min(max(used, default=0) + 1, MAX_XRAYS)
        for n, node in enumerate(chosen, start=1):
            for part in ("xrayRowLabel", "xraySelector", "maskSelector", "geometryButton"):
                getattr(self._ui, f"{part}{n}").setVisible(n <= last)
            getattr(self._ui, f"maskSelector{n}").enabled = node is not None
            for part in ("landmarksLabel", "landmarksSelector"):
                getattr(self._ui, f"{part}{n}").setVisible(node is not None)
            if node is not None:
                getattr(self._ui, f"landmarksLabel{n}").text = _("On {name}:").format(name=_short(node.GetName()))


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
