"""What the panel's buttons do."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _

from XRayCoreLib.messages import PanelError

from . import viewpoint, views
from .parameters import readSettings
from .viewsettings import ViewSettings


class Actions:
    """The buttons of the panel; whatever one of them cannot do, it says in the panel.

    Args:
        panel: the Panel.
    """

    def __init__(self, panel) -> None:
        self._panel = panel
        panel.connectButtons({"newViewButton": self.newView, "removeViewButton": self.removeView})
        panel.connectLibraryButtons(
            {
                "applyButton": self.apply,
                "updateAllButton": self.takeAllAgain,
                "takeGeometryButton": self.takeGeometry,
                "viewFromHereButton": self.viewFromHere,
                "fromCameraButton": self.takeFromCamera,
                "exportButton": self.export,
            }
        )

    @property
    def _parameters(self):
        return self._panel.parameters

    def apply(self) -> None:
        """Take the X-ray at full resolution: the selected one again, or a new one."""
        current = self._parameters.currentView
        self._take([(readSettings(self._parameters), current)])

    def takeAllAgain(self) -> None:
        """Take every X-ray of the table with the present CT, implants, physics, seed and metal, where it was."""
        now = readSettings(self._parameters)
        jobs = []
        for node in views.simulatedViews():
            then = views.settingsOfView(node, now.isocenterRas)
            jobs.append((then.withTechniqueOf(now), node))
        self._take(jobs)

    def _take(self, jobs: list[tuple[ViewSettings, object]]) -> None:
        """Take X-rays in a job, each into its node, or into a new one."""
        parameters = self._parameters
        exposures = self._panel.logic.exposures(
            parameters.ct, [settings for settings, _node in jobs], self._panel.implantNodes()
        )

        def finish(images) -> None:
            self._panel.logic.keepPatient(exposures)
            nodes = [
                views.storeView(image, settings, node) for image, (settings, node) in zip(images, jobs, strict=True)
            ]
            self._finished(nodes)

        watched = [parameters.ct, *(node for _settings, node in jobs if node is not None)]
        self._panel.bar.run(exposures.take, finish, watched)

    def _finished(self, nodes: list) -> None:
        if self._parameters is None:
            return
        if len(nodes) == 1:
            self._parameters.currentView = nodes[0]
        self._panel.xraysTaken()
        if self._parameters.currentView is not None:
            self._panel.follower.showInstead(self._parameters.currentView)

    def selectView(self, node) -> None:
        """Show an X-ray of the table and work on its settings."""
        self._panel.do(lambda: self._panel.withLibrary(lambda: self._select(node)))

    def _select(self, node) -> None:
        settings = views.settingsOfView(node, readSettings(self._parameters).isocenterRas)
        with slicer.util.NodeModify(self._parameters):
            self._parameters.currentView = node
            self._panel.change(settings)
        self._panel.follower.showInstead(node)

    def newView(self) -> None:
        """Let Apply make a further X-ray."""
        self._parameters.currentView = None
        self._panel.nodesChanged()

    def removeView(self) -> None:
        """Take the selected X-ray out of the scene."""
        views.removeView(self._parameters.currentView)

    def takeGeometry(self) -> None:
        """Set the C-arm up as it was when the chosen X-ray was taken."""
        node = self._panel.ui.geometrySelector.currentNode()
        if node is None:
            raise PanelError(_("Choose the X-ray whose geometry is to be taken."))
        now = readSettings(self._parameters)
        self._panel.change(views.settingsOfView(node, now.isocenterRas).withTechniqueOf(now))

    def viewFromHere(self) -> None:
        """Look at the scene from the X-ray source."""
        if not viewpoint.lookFromSource(readSettings(self._parameters)):
            raise PanelError(_("There is no 3D view; choose a layout with one."))

    def takeFromCamera(self) -> None:
        """Turn the C-arm so that it looks as the 3D view does."""
        settings = viewpoint.lookedFrom(readSettings(self._parameters))
        if settings is None:
            raise PanelError(_("There is no 3D view; choose a layout with one."))
        self._panel.change(settings)

    def export(self) -> None:
        """Write the X-rays of the table and their geometry."""
        from .export import exportViews

        ui = self._panel.ui
        paths = exportViews(views.simulatedViews(), ui.exportPathEdit.currentPath, ui.overwriteCheckBox.checked)
        sentence = _("{count} X-rays with their geometry are in {folder}.")
        self._panel.bar.showMessage(sentence.format(count=len(paths), folder=ui.exportPathEdit.currentPath))
