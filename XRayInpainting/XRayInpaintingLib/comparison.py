"""An X-ray with what was made of it over it, and its implants outlined."""

from __future__ import annotations

from slicer.i18n import tr as _

from XRayCoreLib.follower import Follower
from XRayCoreLib.sliceview import isShownIn, layOver, showInSliceView, takeOff

# The roles of `xray3d.mrml.inpainting` that the choices of `parameters.OVERLAY_CHOICES` stand for.
_OUTPUTS = {"without implants": "CLEAN", "difference": "DIFFERENCE", "uncertainty": "UNCERTAINTY"}


class Comparison(Follower):
    """Shows in a slice view what the panel says.

    Args:
        panel: the Panel.
    """

    def __init__(self, panel) -> None:
        Follower.__init__(self, panel, _("Showing X-rays needs Python packages; press Find implants to install them."))
        self._placed: tuple | None = None
        self._over = None

    def forget(self) -> None:
        """Take nothing for shown."""
        Follower.forget(self)
        self._placed = self._over = None

    def close(self) -> None:
        """Show the X-ray anew when the panel is opened again: other modules use the views too."""
        Follower.close(self)
        self._shown = None

    def _render(self) -> None:
        xray, view = self._panel.parameters.shownXray, self._panel.parameters.sliceView
        placed = (xray.GetID(), view)
        if placed != self._placed or not isShownIn(xray, view):  # else where the user has moved the view to stays
            showInSliceView(xray, view, fit=False)
            self._placed = placed
        self._layOver(self._overlay())
        self._outline()

    def _overlay(self):
        """The node that is shown over the X-ray; None where it was not made."""
        from xray3d.mrml import inpainting

        parameters = self._panel.parameters
        return inpainting.output_of(parameters.shownXray, getattr(inpainting, _OUTPUTS[parameters.overlay]))

    def _layOver(self, node) -> None:
        from xray3d.mrml.inpainting import show_alike

        parameters = self._panel.parameters
        if self._over is not None and self._over is not node:
            takeOff(self._over)
        self._over = node
        if node is None:
            return
        if parameters.overlay == "without implants":
            show_alike(node, parameters.shownXray)
        layOver(node, parameters.sliceView, parameters.blend)

    def _outline(self) -> None:
        """Outline the implants of the X-ray that is shown, and no other's: X-rays may stand in the same place."""
        parameters = self._panel.parameters
        for xray in self._panel.xrays:
            node = self._found(xray)
            if node is not None and node is not parameters.implants:
                inUse = parameters.implants is None and xray is parameters.shownXray
                node.SetDisplayVisibility(inUse and parameters.outlines)
        if parameters.implants is not None:
            parameters.implants.SetDisplayVisibility(parameters.outlines)

    def _hasInput(self) -> bool:
        parameters = self._panel.parameters
        if parameters is None or parameters.shownXray is None:
            return False
        return parameters.shownXray.GetImageData() is not None

    def _state(self) -> tuple:
        parameters = self._panel.parameters
        xray = parameters.shownXray
        display = xray.GetDisplayNode()
        window = None if display is None else (display.GetWindow(), display.GetLevel(), display.GetColorNodeID())
        made = (self._overlay(), self._found(xray)) if self._panel.hasPackages else ()
        nodes = [None if node is None else node.GetID() for node in (xray, parameters.implants, *made)]
        return nodes, window, (parameters.overlay, parameters.blend, parameters.outlines, parameters.sliceView)

    def _found(self, xray):
        """The segmentation of what was found on an X-ray; None where nothing was looked for."""
        from xray3d.mrml.inpainting import IMPLANTS, output_of

        return output_of(xray, IMPLANTS)
