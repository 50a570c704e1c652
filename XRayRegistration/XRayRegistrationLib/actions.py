"""What the panel's buttons do."""

from __future__ import annotations

from functools import partial

import slicer

from .adjustment import Adjustment
from .hand import handMotion
from .loading import askForGeometry, askForImages, loadIntoRows
from .parameters import IMPLANT_CHOICES, MAX_XRAYS, START_CHOICES, chosen, readAdjustment, writeAdjustment


class Actions:
    """The buttons of the panel; whatever one of them cannot do, it says in the panel.

    Args:
        panel: the Panel.
    """

    def __init__(self, panel) -> None:
        self._panel = panel
        # What can be undone: the change of the scene, and result and adjustment as they were before.
        self._history: list[tuple] = []
        panel.connectButtons({"undoButton": self.undo, "resetButton": self.reset})
        panel.connectLibraryButtons(
            {
                "registerButton": self.register,
                "useAsStartButton": self.useAsStart,
                "loadXraysButton": self.loadXRays,
                **{f"geometryButton{n}": partial(self.takeGeometry, n) for n in range(1, MAX_XRAYS + 1)},
            }
        )

    @property
    def canUndo(self) -> bool:
        """Whether something was done in this session that can be undone."""
        return bool(self._history)

    def isRegistered(self, node) -> bool:
        """Whether a registration moved an X-ray, so that there is a start to compare with."""
        if not self._panel.hasPackages:
            return False
        from xray3d.mrml.registration import START_ATTRIBUTE, registration_of

        return registration_of(node) is not None and node.GetAttribute(START_ATTRIBUTE) is not None

    def forget(self) -> None:
        """Nothing can be undone any more: the scene was closed."""
        self._history.clear()

    def register(self) -> None:
        """Register in a job, and move the X-rays to the result unless that failed."""
        from .placing import applyOutcome, bonePointsOf

        self._panel.requireIdle()
        self._panel.model.takeFolders()
        parameters = self._panel.parameters
        request, adjustment = self.request(), readAdjustment(parameters)
        request.ensurePackages()
        task = self._panel.logic.task(parameters.ct, request)

        def finish(outcome) -> None:
            self._panel.logic.keep(task.patient)
            change, result = applyOutcome(outcome, task), outcome.report.toJson()
            self._panel.points.take(bonePointsOf(outcome, task))
            if change is None:
                self._write(result, readAdjustment(self._panel.sceneParameters))
            else:
                self._remember(change, result, adjustment)

        companions = [*request.masks, *request.landmarks, request.ctLandmarks]
        watched = [parameters.ct, *request.xrays, *(node for node in companions if node is not None)]
        self._panel.bar.run(task.run, finish, watched)

    def request(self):
        """What the panel asks for.

        Raises:
            VolumeError, GeometryError: an X-ray that was adjusted by hand and cannot be used.
        """
        from .task import Request

        parameters = self._panel.parameters
        start = START_CHOICES[parameters.start]
        region = None if parameters.region is None else (parameters.region, parameters.regionSegment)
        return Request(
            xrays=chosen(parameters, "xray"),
            masks=chosen(parameters, "mask"),
            implants=IMPLANT_CHOICES[parameters.implants],
            start=start,
            ctLandmarks=parameters.ctLandmarks if start == "landmarks" else None,
            landmarks=chosen(parameters, "landmarks"),
            anglesKnown=parameters.anglesKnown,
            model=parameters.model,
            region=region,
            searchAround=parameters.searchAround,
            relative=(parameters.relativeMm, parameters.relativeDeg) if parameters.viewsMayMove else None,
            motion=handMotion(parameters),
        )

    def undo(self) -> None:
        """Put the X-rays back to where they were before the last step."""
        change, result, adjustment = self._history.pop()
        change.undo()
        self._write(result, adjustment)
        self._panel.follower.again()

    def reset(self) -> None:
        """Take the adjustment by hand back."""
        writeAdjustment(self._panel.parameters, Adjustment())

    def useAsStart(self) -> None:
        """Move the X-rays to where the adjustment by hand has them."""
        from .placing import placeByHand

        self._panel.requireIdle()
        self._remember(placeByHand(self.request()), "", readAdjustment(self._panel.parameters))

    def loadXRays(self) -> None:
        """Load X-rays with their geometry, from files that the user picks, and choose them."""
        loadIntoRows(self._panel.parameters, askForImages())

    def takeGeometry(self, row: int) -> None:
        """Put an X-ray to where a file that the user picks says that it was taken."""
        from xray3d.mrml.xray_geometry import geometry_for_node, give_geometry

        self._panel.requireIdle()
        node = getattr(self._panel.parameters, f"xray{row}")
        path = askForGeometry(node)
        if path:
            change = give_geometry(node, geometry_for_node(node, path))
            self._remember(change, "", readAdjustment(self._panel.parameters))
            self._panel.follower.again()

    def _remember(self, change, result: str, adjustment: Adjustment) -> None:
        """Show a result, and keep how to undo it: the change, and the adjustment by hand that led to it."""
        self._history.append((change, self._panel.sceneParameters.result, adjustment))
        self._write(result, Adjustment())

    def _write(self, result: str, adjustment: Adjustment) -> None:
        parameters = self._panel.sceneParameters
        with slicer.util.NodeModify(parameters):
            parameters.result = result
            parameters.showStart = False
            writeAdjustment(parameters, adjustment)
        self._panel.update()
