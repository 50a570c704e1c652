"""What the panel's buttons do."""

from __future__ import annotations

from slicer.i18n import tr as _

from .placing import newPoints, storeFound


class Actions:
    """The buttons of the panel; whatever one of them cannot do, it says in the panel.

    Args:
        panel: the Panel.
    """

    def __init__(self, panel) -> None:
        self._panel = panel
        panel.connectButtons({"newPointsButton": self.addPoints})
        panel.connectLibraryButtons({"findButton": self.find, "reconstructButton": self.reconstruct})

    def addPoints(self) -> None:
        """Make a point list, choose it, and have the user place points."""
        self._panel.parameters.places = newPoints()
        sentence = _(
            "Click on each vertebral body in two X-rays or more, or place one point in its middle in 3D; then name "
            "each point by its level, such as L3, the same in every X-ray."
        )
        self._panel.bar.showMessage(sentence)

    def find(self) -> None:
        """Find the vertebrae on the X-rays that are checked, in a job, and choose the points that it makes."""
        from .words import foundInWords

        self._panel.requireIdle()
        task = self._panel.logic.findingTask(self._panel.checked())

        def finish(found) -> None:
            self._panel.parameters.places = storeFound(task, found)
            self._panel.bar.showMessage(foundInWords(found))

        self._panel.bar.run(task.run, finish, list(task.read.nodes))

    def reconstruct(self) -> None:
        """Reconstruct the vertebrae from the X-rays that are checked, in a job."""
        from .results import store
        from .words import reconstructedInWords

        self._panel.requireIdle()
        parameters = self._panel.parameters
        task = self._panel.logic.task(self._panel.checked(), parameters.places)

        def finish(made) -> None:
            store(task, made)
            self._panel.nodesChanged()
            self._panel.bar.showMessage(reconstructedInWords(task, made))

        self._panel.bar.run(task.run, finish, [*task.read.nodes, parameters.places])
