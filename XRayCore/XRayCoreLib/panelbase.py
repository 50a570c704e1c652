"""What the panels of all modules have in common: parameter node, scene, packages, jobs and buttons."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from XRayCoreLib import packages
from XRayCoreLib.jobbar import JobBar
from XRayCoreLib.messages import reporting
from XRayCoreLib.scenewatch import SceneWatch


class PanelBase(VTKObservationMixin):
    """Shows the parameter node's state and takes the user's changes to it.

    A subclass says what it is with the class attributes, makes its `follower`, and shows the state in `_show`.

    Args:
        ui: the widgets of the module's .ui file, by name; the frame `jobBarFrame` is one of them.
        logic: the module's logic.
        isEntered: tells whether the user looks at the module.

    Attributes:
        moduleName: of the module; it owns the jobs.
        feature: what the panel needs packages for, a key of `requirements.FEATURES`.
        nodeNames: the parameters that are nodes; they are emptied when their node is deleted.
        follower: the Follower that shows the state in slice views.
        bar: the line that shows messages and jobs.
        parameters: the wrapped parameter node; None while the panel is closed.
        isBusy: whether a job is running.
    """

    moduleName: str
    feature: str
    nodeNames: tuple[str, ...]
    follower: Any

    def __init__(self, ui, logic, isEntered: Callable[[], bool]) -> None:
        VTKObservationMixin.__init__(self)
        self.ui = ui
        self.logic = logic
        self.parameters: Any = None
        self.isBusy = False
        self._guiTag = None
        self._updating = False
        self._hasPackages = False
        self._hintShown = ""
        self.bar = JobBar(self.moduleName, self._busyChanged)
        ui.jobBarFrame.layout().addWidget(self.bar.widget)
        self._sceneWatch = SceneWatch(self, isEntered)

    def open(self) -> None:
        """Take up the scene's parameter node."""
        if self.parameters is not None:
            return
        parameters = self.logic.getParameterNode()
        self._guiTag = parameters.connectGui(self.ui)
        self.addObserver(parameters.parameterNode, vtk.vtkCommand.ModifiedEvent, self._parametersModified)
        self.parameters = parameters
        self._opened()
        self.nodesChanged()
        if self.logic.unreadable:
            sentence = _("This scene has settings that this version cannot read ({names}); they have their defaults.")
            self.bar.showMessage(sentence.format(names=", ".join(self.logic.unreadable)))

    def close(self) -> None:
        """Let go of the parameter node."""
        self.follower.close()
        if self.parameters is None:
            return
        self.removeObservers()
        self.parameters.disconnectGui(self._guiTag)
        self.parameters = None
        self._closed()

    def cleanup(self) -> None:
        """Let go of everything, also of a running job."""
        self._sceneWatch.stop()
        self.close()
        self.bar.cleanup()
        self.isBusy = False

    @property
    def hasPackages(self) -> bool:
        """Whether the library can be imported; until then the panel shows the state and leaves the scene alone."""
        self._hasPackages = self._hasPackages or not packages.missing(self.feature)
        return self._hasPackages

    def sceneClosed(self) -> None:
        """The scene was closed: its nodes are gone."""
        self.logic.forgetPatient()

    def sceneReplaced(self) -> None:
        """The scene was closed or another one came into it: the parameter node may say something else now."""
        self.follower.forget()

    def nodesChanged(self) -> None:
        """Nodes came, went or were changed: show the scene as it is now."""
        if self.parameters is None or slicer.mrmlScene.IsBatchProcessing():
            return
        self._forgetDeletedNodes()
        self._showNodes()
        self.update()

    def update(self) -> None:
        """Show the parameter node's state, and let the follower follow."""
        if self.parameters is None or self._updating:
            return
        self._updating = True
        try:
            self._show()
            self._showHint()
            self._enable()
        finally:
            self._updating = False
        self.follower.stateChanged()

    def connectButtons(self, actions: dict[str, Callable[[], None]]) -> None:
        """Have the buttons of these names do something; whatever keeps them from it is shown in the panel."""
        for name, action in actions.items():
            getattr(self.ui, name).connect("clicked(bool)", partial(self._clicked, action))

    def connectLibraryButtons(self, actions: dict[str, Callable[[], None]]) -> None:
        """`connectButtons` for what needs the library, which may have to be installed first."""
        self.connectButtons({name: partial(self.withLibrary, action) for name, action in actions.items()})

    def do(self, action: Callable[[], None]) -> None:
        """Do something for the user, and show in the panel whatever keeps it from that."""
        if not self.isBusy:
            self.bar.clear()
        with reporting(self.bar.showMessage):
            action()

    def withLibrary(self, action: Callable[[], None]) -> None:
        """Do what needs the library, which may have to be installed first.

        Raises:
            PackagesMissing: the user declined, or they cannot be installed.
        """
        if not self.hasPackages:
            packages.ensure(self.feature)
            self.update()  # what needs the library could not be shown so far
        action()

    def _opened(self) -> None:
        """The panel has a parameter node now."""

    def _closed(self) -> None:
        """The panel has no parameter node any more."""

    def _showNodes(self) -> None:
        """Show which nodes the scene has."""

    def _show(self) -> None:
        """Show the parameter node's state in the panel and the scene."""
        raise NotImplementedError

    def _enable(self) -> None:
        """Enable what can be used in this state."""
        raise NotImplementedError

    def _hint(self) -> str:
        """What the user has to do before anything can be done, empty for nothing."""
        raise NotImplementedError

    def _showHint(self) -> None:
        """Show the hint where there is no other message, and take an earlier one away."""
        hint = self._hint()
        if self.bar.message in ("", self._hintShown):
            self.bar.showMessage(hint)
            self._hintShown = hint

    def _clicked(self, action: Callable[[], None], _checked: bool) -> None:
        self.do(action)

    def _parametersModified(self, _caller, _event) -> None:
        if not self.isBusy and not self._updating:
            self.bar.clear()  # it was about the state before
        self.update()

    def _forgetDeletedNodes(self) -> None:
        for name in self.nodeNames:
            node = getattr(self.parameters, name)
            if node is not None and not slicer.mrmlScene.IsNodePresent(node):
                setattr(self.parameters, name, None)

    def _busyChanged(self, busy: bool) -> None:
        self.isBusy = busy
        if self.parameters is not None:
            self._enable()
            self.follower.stateChanged()
