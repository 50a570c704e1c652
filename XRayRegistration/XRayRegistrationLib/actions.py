"""What the panel's buttons do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import slicer
from slicer.i18n import tr as _

from XRayCoreLib import packages
from XRayCoreLib.messages import PanelError, reporting

from .adjustment import Adjustment
from .hand import handMotion
from .parameters import START_CHOICES, chosen, readAdjustment, writeAdjustment


class Actions:
    """The buttons of the panel; whatever one of them cannot do, it says in the panel.

    Args:
        panel: the Panel.
    """

    def __init__(self, panel) -> None:
        self._panel = panel
        # What can be undone: the change of the scene, and result and adjustment as they were before.
        self._history: list[tuple] = []
        buttons: dict[str, Callable[[], None]] = {
            "registerButton": partial(self._withLibrary, self.register),
            "undoButton": self.undo,
            "resetButton": self.reset,
            "useAsStartButton": partial(self._withLibrary, self.useAsStart),
        }
        for name, action in buttons.items():
            getattr(panel.ui, name).connect("clicked(bool)", lambda _checked, action=action: self._do(action))

    @property
    def canUndo(self) -> bool:
        """Whether something was done in this session that can be undone."""
        return bool(self._history)

    def isRegistered(self, node) -> bool:
        """Whether an X-ray was moved, so that there is a start to compare with."""
        if not self._panel.hasPackages:
            return False
        from xray3d.mrml.registration import START_ATTRIBUTE, registration_of

        return registration_of(node) is not None and node.GetAttribute(START_ATTRIBUTE) is not None

    def forget(self) -> None:
        """Nothing can be undone any more: the scene was replaced."""
        self._history.clear()

    def register(self) -> None:
        """Register in a job, and move the X-rays to the result unless that failed."""
        from .placing import applyOutcome

        parameters = self._panel.parameters
        request = self.request()
        task = self._panel.logic.task(parameters.ct, request)

        def finish(outcome) -> None:
            self._panel.logic.keep(task.patient)
            self._remember(applyOutcome(outcome, request), outcome.report.toJson())

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
            start=start,
            ctLandmarks=parameters.ctLandmarks if start == "landmarks" else None,
            landmarks=chosen(parameters, "landmarks"),
            anglesKnown=parameters.anglesKnown,
            region=region,
            searchAround=parameters.searchAround,
            relative=(parameters.relativeMm, parameters.relativeDeg) if parameters.viewsMayMove else None,
            motion=handMotion(parameters),
        )

    def undo(self) -> None:
        """Put the X-rays back to where they were before the last step."""
        change, result, adjustment = self._history.pop()
        if change is not None:
            change.undo()
        self._write(result, adjustment)

    def reset(self) -> None:
        """Take the adjustment by hand back."""
        writeAdjustment(self._panel.parameters, Adjustment())

    def useAsStart(self) -> None:
        """Move the X-rays to where the adjustment by hand has them."""
        from .placing import place

        request = self.request()
        self._remember(place(request, [request.motion] * len(request.xrays)), "")

    def _remember(self, change, result: str) -> None:
        """Show a result, and keep what was before it to be undone; `change` is None where nothing was moved."""
        parameters = self._parameters
        before = readAdjustment(parameters)
        if change is not None:
            self._history.append((change, parameters.result, before))
        self._write(result, before if change is None else Adjustment())

    def _write(self, result: str, adjustment: Adjustment) -> None:
        parameters = self._parameters
        with slicer.util.NodeModify(parameters):
            parameters.result = result
            parameters.showStart = False
            writeAdjustment(parameters, adjustment)
        self._panel.update()

    @property
    def _parameters(self):
        """Those of the scene, also when the user has gone to another module."""
        return self._panel.parameters or self._panel.logic.getParameterNode()

    def _do(self, action: Callable[[], None]) -> None:
        self._panel.bar.clear()
        with reporting(self._panel.bar.showMessage):
            action()

    def _withLibrary(self, action: Callable[[], None]) -> None:
        """Do what needs the library, which may have to be installed first."""
        if not self._panel.hasPackages:
            packages.ensure("registration")
            self._panel.update()  # the overlay could not follow so far
        if self._panel.isBusy:
            raise PanelError(_("A job is still running; wait for its end or cancel it."))
        action()
