"""A folder in a line of the panel, which no parameter connection keeps as it was typed."""

from __future__ import annotations

import ctk


class FolderChoice:
    """Keeps a ctkPathLineEdit and a text parameter the same.

    Slicer's own connection is to a `Path`, which turns an empty line into "." and takes the slash away at which
    somebody is typing.

    Args:
        lineEdit: the panel's ctkPathLineEdit.
        name: of the parameter.
    """

    def __init__(self, lineEdit, name: str) -> None:
        self._lineEdit = lineEdit
        self._name = name
        self._parameters = None
        self._known = ""
        lineEdit.filters = ctk.ctkPathLineEdit.Dirs
        lineEdit.connect("currentPathChanged(QString)", lambda _path: self.take())

    def connect(self, parameters) -> None:
        """Work on this parameter node."""
        self._parameters = parameters
        self._known = getattr(parameters, self._name)
        self._lineEdit.currentPath = self._known

    def disconnect(self) -> None:
        """Work on none."""
        self._parameters = None

    def show(self) -> None:
        """Show what the parameter node says, where that has changed."""
        stored = getattr(self._parameters, self._name)
        if stored != self._known:
            self._known = stored
            self._lineEdit.currentPath = stored

    def take(self) -> None:
        """Make the line's text the parameter: to be called before that counts, as an emptied line does not tell."""
        if self._parameters is not None and self._lineEdit.currentPath != self._known:
            self._known = self._lineEdit.currentPath
            setattr(self._parameters, self._name, self._known)
