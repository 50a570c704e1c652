"""What a person judges the vertebrae by: an X-ray in a slice view, outlines on the X-rays, colours."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _

from XRayCoreLib.contentkey import parentKey, placementKey
from XRayCoreLib.follower import Follower
from XRayCoreLib.sliceview import drawIn, isShownIn, showInSliceView


class Judging(Follower):
    """Shows in the views what the panel says.

    Args:
        panel: the Panel.
    """

    def __init__(self, panel) -> None:
        sentence = _("Showing X-rays needs Python packages; press Reconstruct to install them.")
        Follower.__init__(self, panel, sentence)
        self._placed: tuple | None = None
        self._outlines: dict = {}  # by ID of the X-ray: the node of its outlines, and what they were made of

    def forget(self) -> None:
        """Take nothing for shown."""
        Follower.forget(self)
        self._placed = None

    def close(self) -> None:
        """Take the outlines out of the scene; show the X-ray anew when the panel is opened again."""
        Follower.close(self)
        self._shown = None
        for xrayId in list(self._outlines):
            self._remove(xrayId)

    def _render(self) -> None:
        parameters = self._panel.parameters
        if _hasImage(parameters.shownXray):
            placed = (parameters.shownXray.GetID(), parameters.sliceView)
            # Else where the user has moved the view to stays.
            if placed != self._placed or not isShownIn(parameters.shownXray, parameters.sliceView):
                showInSliceView(parameters.shownXray, parameters.sliceView, fit=False)
                self._placed = placed
        for model in self._panel.models:
            display = model.GetDisplayNode()
            if display is not None and bool(display.GetScalarVisibility()) != parameters.sigmaColors:
                display.SetScalarVisibility(parameters.sigmaColors)
        self._outline()

    def _outline(self) -> None:
        """Outline the vertebrae on the X-rays; what did not change since is not made again."""
        from xray3d.mrml.reconstruction import show_outlines

        parameters, models = self._panel.parameters, self._models()
        xrays = self._xrays() if parameters.outlines and models else []
        for xrayId in set(self._outlines) - {xray.GetID() for xray in xrays}:
            self._remove(xrayId)
        for xray in xrays:
            node, madeOf = self._outlines.get(xray.GetID(), (None, None))
            if node is not None and not slicer.mrmlScene.IsNodePresent(node):
                node, madeOf = None, None
            wanted = (_xrayKey(xray), [_modelKey(model) for model in models])
            if madeOf != wanted:
                node = show_outlines(models, xray, node)
                self._outlines[xray.GetID()] = (node, wanted)
            # Every X-ray's outlines lie on its own detector; over another X-ray they would mislead.
            drawIn(node, parameters.sliceView if xray is parameters.shownXray else "none")

    def _remove(self, xrayId: str) -> None:
        node, _madeOf = self._outlines.pop(xrayId)
        if slicer.mrmlScene.IsNodePresent(node):
            slicer.mrmlScene.RemoveNode(node.GetDisplayNode())
            slicer.mrmlScene.RemoveNode(node)

    def _models(self) -> list:
        """The vertebrae that are shown."""
        return [model for model in self._panel.models if model.GetDisplayVisibility() and model.GetPolyData()]

    def _xrays(self) -> list:
        """The X-rays on which the vertebrae are outlined: those checked and the one in the slice view."""
        checked, shown = self._panel.checked(), self._panel.parameters.shownXray
        beside = shown is not None and shown not in checked and self._panel.isUsable(shown)
        return [*checked, shown] if beside else checked

    def _hasInput(self) -> bool:
        parameters = self._panel.parameters
        return parameters is not None and bool(_hasImage(parameters.shownXray) or self._panel.models)

    def _state(self) -> tuple:
        parameters, shown = self._panel.parameters, self._panel.parameters.shownXray
        xrays = self._xrays() if self._panel.hasPackages else []
        return (
            None if shown is None else shown.GetID(),
            [_xrayKey(xray) for xray in xrays],
            [_modelKey(model) for model in self._models()],
            (parameters.outlines, parameters.sigmaColors, parameters.sliceView),
        )


def _hasImage(node) -> bool:
    return node is not None and node.GetImageData() is not None


def _xrayKey(node) -> tuple:
    """What an outline depends on of an X-ray: where it and its source are, and its size."""
    attributes = [(name, node.GetAttribute(name)) for name in node.GetAttributeNames()]
    return node.GetID(), node.GetImageData().GetDimensions(), attributes, *placementKey(node)


def _modelKey(node) -> tuple:
    return node.GetID(), node.GetPolyData().GetMTime(), *parentKey(node)
