"""What the panels with a table of X-rays have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import slicer
import vtk
from slicer.i18n import tr as _

from XRayCoreLib.follower import singleShot
from XRayCoreLib.messages import PanelError
from XRayCoreLib.offeredxrays import Row
from XRayCoreLib.panelbase import PanelBase
from XRayCoreLib.xraystable import XRaysTable


class XRaysPanel(PanelBase):
    """A panel whose parameters have `xrays`, those that are checked, and `shownXray`, the one that is selected.

    A subclass says in `_listed` and `_rowOf` what the table `xraysTable` shows.

    Args:
        headings: of the table's columns.

    Attributes:
        xrays: the X-rays that are listed.
    """

    def __init__(self, ui, logic, isEntered: Callable[[], bool], headings: Sequence[str]) -> None:
        PanelBase.__init__(self, ui, logic, isEntered)
        self.xrays: list = []
        self._watched: list = []
        self._table = XRaysTable(ui.xraysTable, headings, self._takeChecked, self._takeShown)
        # A node gets its image after it was added, which tells whether it may be an X-ray.
        self._listTimer = singleShot(0, lambda: PanelBase.nodesChanged(self))

    @property
    def sceneParameters(self):
        """Those of the scene, also when the user has gone to another module."""
        return self.parameters or self.logic.getParameterNode()

    def checked(self) -> list:
        """The X-rays that are worked on; those deleted meanwhile, or not usable any more, are left out."""
        known = self.parameters.xrays
        present = [node for node in known if node is not None and slicer.mrmlScene.IsNodePresent(node)]
        return [node for node in present if self.isUsable(node)]

    def isUsable(self, _node) -> bool:
        """Whether an X-ray can be worked on, as far as the table tells."""
        return True

    def requireIdle(self) -> None:
        """Refuse what would be a second job, or would change what the running one is about.

        Raises:
            PanelError: a job is running.
        """
        if self.isBusy:
            raise PanelError(_("A job is still running; wait for its end or cancel it."))

    def sceneClosed(self) -> None:
        """The model stays: it is for any patient."""

    def nodesChanged(self) -> None:
        """Nodes came, went or were changed: show the scene as it is now, and once it has settled."""
        PanelBase.nodesChanged(self)
        self._listTimer.start()

    def _listed(self) -> list:
        """The nodes that the table offers."""
        raise NotImplementedError

    def _rowOf(self, node) -> Row:
        """What the table says of a node."""
        raise NotImplementedError

    def _alsoWatched(self) -> list:
        """Nodes besides the X-rays whose changes are to be shown."""
        return []

    def _closed(self) -> None:
        self._watched = []
        self._listTimer.stop()

    def _forgetDeletedNodes(self) -> None:
        PanelBase._forgetDeletedNodes(self)
        if len(self.checked()) != len(self.parameters.xrays):
            self.parameters.xrays = self.checked()

    def _show(self) -> None:
        parameters, checked = self.parameters, self.checked()
        self.xrays = self._listed()
        self.xrays += [node for node in checked if node not in self.xrays]
        if parameters.shownXray not in self.xrays:
            parameters.shownXray = checked[0] if checked else None
        self._table.show(self.xrays, [self._rowOf(node) for node in self.xrays], checked, parameters.shownXray)
        self._watch([*self.xrays, *self._alsoWatched()])

    def _watch(self, nodes: list) -> None:
        """Follow the nodes' names, places, images and display, by whatever module they are changed."""
        if nodes == self._watched:
            return
        self.removeObservers(self._nodeChanged)
        self._watched = list(nodes)
        for node in nodes:
            self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._nodeChanged)
            self.addObserver(node, slicer.vtkMRMLTransformableNode.TransformModifiedEvent, self._nodeChanged)
            self.addObserver(node, slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent, self._nodeChanged)
            self.addObserver(node, slicer.vtkMRMLDisplayableNode.DisplayModifiedEvent, self._nodeChanged)

    def _nodeChanged(self, _caller, _event) -> None:
        self._listTimer.start()

    def _takeChecked(self) -> None:
        self.parameters.xrays = self._table.checked()

    def _takeShown(self, node) -> None:
        self.parameters.shownXray = node
