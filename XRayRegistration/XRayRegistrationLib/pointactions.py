"""What the panel's buttons do with the points that a model saw on the bones."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _


class PointActions:
    """Shows and exports the points of the last registration.

    Args:
        panel: the Panel.
    """

    def __init__(self, panel) -> None:
        self._panel = panel
        self._points = None
        panel.connectLibraryButtons({"showPointsButton": self.show, "exportPointsButton": self.export})

    @property
    def areThere(self) -> bool:
        """Whether the last registration gave points, and its CT is still in the scene."""
        return self._points is not None and bool(slicer.mrmlScene.IsNodePresent(self._points.ct))

    def take(self, points) -> None:
        """Offer the `BonePoints` of a registration; None where it gave none."""
        self._points = points

    def show(self) -> None:
        """Show the points on the CT, in the model node that showed them before, if any."""
        parameters = self._panel.parameters
        parameters.bonePoints = self._points.show(parameters.bonePoints)

    def export(self) -> None:
        """Write the points to a file that the user picks."""
        title = _("Export bone points")
        path = qt.QFileDialog.getSaveFileName(
            slicer.util.mainWindow(), title, _("bone points.ply"), _("PLY (*.ply);;VTK polydata (*.vtp)")
        )
        if path:
            self._points.save(path, overwrite=True)  # the dialog has asked
            self._panel.bar.showMessage(_("The points are in {path}.").format(path=path))
