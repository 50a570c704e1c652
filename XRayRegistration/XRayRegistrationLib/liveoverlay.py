"""The CT over the X-ray, following the controls."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _

from XRayCoreLib.contentkey import placementKey
from XRayCoreLib.follower import Follower, singleShot
from XRayCoreLib.messages import reporting
from XRayCoreLib.sliceview import drawIn, layOver, showInSliceView, takeOff

from .hand import handMotion
from .parameters import readAdjustment

QUICK_PX = 256
"""No picture that follows a slider has more rows or columns: it is there before the next move."""

SHARP_PX = 512
"""Nor has one that is made once nothing moves."""

_REST_MS = 400


class LiveOverlay(Follower):
    """Renders the overlay whenever what the panel shows has changed.

    The first picture of a patient, which takes seconds, is made in a job. Pictures are small while something moves, and
    made again larger when nothing does.

    Args:
        panel: the Panel.
    """

    def __init__(self, panel) -> None:
        Follower.__init__(self, panel, _("The overlay needs Python packages; press Register to install them."))
        self._pair = None
        self._pairState: tuple | None = None
        self._pairPx = 0
        self._image = None
        self._contours = None
        self._restTimer = singleShot(_REST_MS, self._sharpen)

    def stateChanged(self) -> None:
        """Render soon, if the state is not the one that is shown; without CT or X-ray there is nothing to show."""
        if self._hasInput():
            Follower.stateChanged(self)
        else:
            self.close()

    def again(self) -> None:
        """Render although the state is the one that is shown: what it refers to has changed."""
        self._pairState = None
        Follower.again(self)

    def forget(self) -> None:
        """Take nothing for shown."""
        Follower.forget(self)
        self._pairState = self._pair = None

    def close(self) -> None:
        """Take the overlay off the views and out of the scene."""
        Follower.close(self)
        self._restTimer.stop()
        for node in (self._image, self._contours):
            if node is not None and slicer.mrmlScene.IsNodePresent(node):
                takeOff(node)
                slicer.mrmlScene.RemoveNode(node.GetDisplayNode())
                slicer.mrmlScene.RemoveNode(node)
        self._image = self._contours = self._shown = None

    def _render(self) -> None:
        self._restTimer.stop()
        parameters = self._panel.parameters
        patient = self._panel.logic.patientOf(parameters.ct)
        if patient.isReady:
            self._show(patient)
            return

        def finish(_renderer) -> None:
            self._panel.logic.keep(patient)
            # Another patient may have been chosen meanwhile; its picture is on its way.
            if self._isWanted() and self._panel.logic.isKept(self._panel.parameters.ct):
                self._show(patient)
                self.stateChanged()

        def prepare(progress):
            progress(_("Preparing the CT"), 0.0)
            return patient.renderer()

        self._panel.bar.run(prepare, finish, [parameters.ct])

    def _sharpen(self) -> None:
        """Render what is shown once more, larger."""
        if not self._isWanted() or self._state() != self._shown:
            return
        with reporting(self._panel.bar.showMessage):
            patient = self._panel.logic.patientOf(self._panel.parameters.ct)
            if patient.isReady:
                self._show(patient, SHARP_PX)

    def _show(self, patient, largestPx: int = QUICK_PX) -> None:
        from xray3d.mrml.overlays import show_contours, show_image

        from .picture import mixed

        parameters = self._panel.parameters
        node = parameters.shownXray
        self._pairUp(patient, node, largestPx)
        image = mixed(self._pair, parameters.overlay, parameters.blend)
        size = self._pair.xray.shape
        showInSliceView(node, parameters.sliceView, fit=False)
        if image is not None:
            self._image = show_image(image, node, self._image)
            layOver(self._image, parameters.sliceView)
        elif self._image is not None:
            takeOff(self._image)
        lines = self._pair.contours if parameters.contours else []
        if lines or self._contours is not None:
            self._contours = show_contours(lines, size, node, self._contours)
            drawIn(self._contours, parameters.sliceView)
        if max(size) < min(SHARP_PX, max(node.GetImageData().GetDimensions())):
            self._restTimer.start()

    def _pairUp(self, patient, node, largestPx: int) -> None:
        """Render the CT from the present pose, unless that was done last, as large or larger."""
        from xray3d.mrml.registration import projection_at_start
        from xray3d.mrml.xrays import xray_from_node

        from .picture import pairOf

        state = (patient.key, self._state()[0])
        if self._pair is not None and self._pairState == state and self._pairPx >= largestPx:
            return
        xray = xray_from_node(node)
        start = projection_at_start(node) if self._panel.parameters.showStart else None
        projection = xray.projection.moved(handMotion(self._panel.parameters)) if start is None else start
        self._pair = pairOf(patient.renderer(), xray, projection, largestPx)
        self._pairState, self._pairPx = state, largestPx

    def _hasInput(self) -> bool:
        parameters = self._panel.parameters
        return parameters is not None and parameters.ct is not None and parameters.shownXray is not None

    def _state(self) -> tuple[tuple, tuple]:
        """What the rendering depends on, and what else the overlay depends on."""
        parameters = self._panel.parameters
        node = parameters.shownXray
        pose = (parameters.ct.GetID(), node.GetID(), parameters.showStart, readAdjustment(parameters))
        return (*pose, *map(placementKey, (parameters.ct, node)), *map(_voxelsTime, (parameters.ct, node))), (
            parameters.overlay,
            parameters.blend,
            parameters.contours,
            parameters.sliceView,
        )


def _voxelsTime(node) -> int:
    return 0 if node.GetImageData() is None else node.GetImageData().GetMTime()
