"""The list of models of which some are metal in the patient."""

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer


class ImplantsList:
    """A check box for each model of the scene.

    Args:
        listWidget: the panel's QListWidget.
        onChanged: called after the user checked or unchecked a model.
    """

    def __init__(self, listWidget, onChanged: Callable[[], None]) -> None:
        self._list = listWidget
        self._onChanged = onChanged
        self._nodes: list = []
        self._filling = False
        listWidget.connect("itemChanged(QListWidgetItem*)", self._itemChanged)

    def show(self, checked: list) -> None:
        """List the models of the scene, the given ones checked."""
        nodes = [node for node in slicer.util.getNodesByClass("vtkMRMLModelNode") if _mayBeImplant(node)]
        self._filling = True
        if nodes != self._nodes or [node.GetName() for node in nodes] != self._names():
            self._nodes = nodes
            self._list.clear()
            for node in nodes:
                self._list.addItem(qt.QListWidgetItem(node.GetName()))
        for row, node in enumerate(nodes):
            self._list.item(row).setCheckState(qt.Qt.Checked if node in checked else qt.Qt.Unchecked)
        self._filling = False

    def checked(self) -> list:
        """The checked models."""
        return [node for row, node in enumerate(self._nodes) if self._list.item(row).checkState() == qt.Qt.Checked]

    def _names(self) -> list[str]:
        return [self._list.item(row).text() for row in range(self._list.count)]

    def _itemChanged(self, _item) -> None:
        if not self._filling:
            self._onChanged()


def _mayBeImplant(node) -> bool:
    """Not what modules draw, such as slice planes (hidden), the C-arm and frustums (not selectable)."""
    return bool(node.GetSelectable()) and not node.GetHideFromEditors()
