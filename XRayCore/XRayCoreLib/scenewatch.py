"""A panel told of what happens to the scene, for as long as its module is loaded."""

from __future__ import annotations

from collections.abc import Callable

import slicer
from slicer.util import VTKObservationMixin


class SceneWatch(VTKObservationMixin):
    """Closes a panel before the scene is closed or loaded, and opens it again afterwards.

    Args:
        panel: a PanelBase.
        isEntered: tells whether the user looks at the module; else the panel waits to be opened.
    """

    def __init__(self, panel, isEntered: Callable[[], bool]) -> None:
        VTKObservationMixin.__init__(self)
        self._panel = panel
        self._isEntered = isEntered
        scene = slicer.mrmlScene
        for event in (scene.StartCloseEvent, scene.StartImportEvent):
            self.addObserver(scene, event, self._sceneStarts)
        self.addObserver(scene, scene.EndCloseEvent, self._sceneClosed)
        self.addObserver(scene, scene.EndImportEvent, self._sceneImported)
        for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent):
            self.addObserver(scene, event, self._nodesChanged)

    def stop(self) -> None:
        """Tell the panel nothing any more."""
        self.removeObservers()

    def _sceneStarts(self, _caller, _event) -> None:
        self._panel.close()

    def _sceneClosed(self, _caller, _event) -> None:
        self._panel.sceneClosed()
        self._replaced()

    def _sceneImported(self, _caller, _event) -> None:
        self._replaced()

    def _replaced(self) -> None:
        self._panel.sceneReplaced()
        if self._isEntered():
            self._panel.open()

    def _nodesChanged(self, _caller, _event) -> None:
        self._panel.nodesChanged()
