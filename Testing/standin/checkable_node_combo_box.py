"""qMRMLCheckableNodeComboBox: choose any number of nodes of the scene."""

from typing import Any

from PySide6.QtCore import Qt, Signal

from standin.node_combo_box import qMRMLNodeComboBox


class qMRMLCheckableNodeComboBox(qMRMLNodeComboBox):  # noqa: N801  Slicer's name
    """Every node offered has a check box."""

    checkedNodesChanged = Signal()

    def __init__(self, parent: Any = None) -> None:
        self._checked: list[str] = []
        super().__init__(parent)
        self._combo.model().itemChanged.connect(self._take_item)

    def checkedNodes(self) -> list[Any]:
        """The nodes checked, in the scene's order."""
        return [node for node in self.nodes() if node.GetID() in self._checked]

    def uncheckedNodes(self) -> list[Any]:
        """The nodes offered and not checked."""
        return [node for node in self.nodes() if node.GetID() not in self._checked]

    def allChecked(self) -> bool:
        """Whether every node offered is checked."""
        return not self.uncheckedNodes()

    def noneChecked(self) -> bool:
        """Whether no node is checked."""
        return not self.checkedNodes()

    def checkState(self, node: Any) -> Qt.CheckState:
        """Whether this node is checked."""
        return Qt.CheckState.Checked if node.GetID() in self._checked else Qt.CheckState.Unchecked

    def setCheckState(self, node: Any, state: Qt.CheckState) -> None:
        """Check this node, or not."""
        index = self._combo.findData(node.GetID())
        if index >= 0:
            self._combo.model().item(index).setCheckState(Qt.CheckState(state))

    def check(self, node: Any) -> None:
        """Check this node."""
        self.setCheckState(node, Qt.CheckState.Checked)

    def uncheck(self, node: Any) -> None:
        """Uncheck this node."""
        self.setCheckState(node, Qt.CheckState.Unchecked)

    def _take_item(self, item: Any) -> None:
        node_id = item.data(Qt.ItemDataRole.UserRole)
        checked = item.checkState() == Qt.CheckState.Checked
        if checked != (node_id in self._checked):
            self._checked = [*self._checked, node_id] if checked else [i for i in self._checked if i != node_id]
            self._show_choice()
            self.checkedNodesChanged.emit()

    def _show_choice(self) -> None:
        """The closed box tells the nodes checked."""
        super()._show_choice()
        names = ", ".join(node.GetName() for node in self.checkedNodes())
        blocked = self._combo.blockSignals(True)
        self._combo.setPlaceholderText(names or "None")
        self._combo.setCurrentIndex(-1)
        self._combo.blockSignals(blocked)

    def _refresh(self) -> None:
        super()._refresh()
        offered = [node.GetID() for node in self.nodes()]
        still = [node_id for node_id in self._checked if node_id in offered]
        changed, self._checked = still != self._checked, still
        for index in range(self._combo.count):
            item = self._combo.model().item(index)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            state = Qt.CheckState.Checked if item.data(Qt.ItemDataRole.UserRole) in still else Qt.CheckState.Unchecked
            item.setCheckState(state)
        self._show_choice()
        if changed:
            self.checkedNodesChanged.emit()
