"""The panel's widgets for models: the one in use, and the one to be trained."""

from __future__ import annotations

from pathlib import Path

from .folderchoice import FolderChoice
from .modelfolder import canResume


class ModelSection:
    """Keeps the folders and the parameter node the same, and tells what can be pressed.

    Args:
        ui: the panel's widgets.
    """

    def __init__(self, ui) -> None:
        self._ui = ui
        lines = {"model": ui.modelPathEdit, "pretrained": ui.pretrainedPathEdit, "newModel": ui.newModelPathEdit}
        self._folders = [FolderChoice(line, name) for name, line in lines.items()]

    def connect(self, parameters) -> None:
        """Work on this parameter node."""
        for folder in self._folders:
            folder.connect(parameters)

    def disconnect(self) -> None:
        """Work on none."""
        for folder in self._folders:
            folder.disconnect()

    def show(self) -> None:
        """Show what the parameter node says."""
        for folder in self._folders:
            folder.show()

    def takeFolders(self) -> None:
        """Have the parameter node say what the lines do."""
        for folder in self._folders:
            folder.take()

    def enable(self, parameters, isBusy: bool) -> None:
        """Enable what can be pressed."""
        ready = parameters.ct is not None and not isBusy
        self._ui.trainButton.enabled = ready
        self._ui.resumeButton.enabled = ready and canResume(Path(parameters.newModel))
