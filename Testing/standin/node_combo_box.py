"""qMRMLNodeComboBox: choose a node of the scene."""

from typing import Any

from PySide6.QtCore import Property, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from standin.scene_nodes import NodeFilter, SceneObserver, class_tag
from standin.widget_properties import stored, with_setters

NODE_ID = 0x0100  # Qt.UserRole, as the plain number that combo boxes take


@with_setters
class qMRMLNodeComboBox(QWidget):  # noqa: N801  Slicer's name
    """Offers the nodes of the scene that pass its filter, and "None" where that is allowed.

    Without "None" the first node is chosen as soon as there is one, as in Slicer.
    """

    currentNodeChanged = Signal(object)
    currentNodeIDChanged = Signal(str)
    nodeActivated = Signal(object)
    nodeAdded = Signal(object)
    nodeAddedByUser = Signal(object)
    mrmlSceneChanged = Signal(object)
    _validNodeChanged = Signal(bool)
    _signal_overloads = {"currentNodeChanged(bool)": "_validNodeChanged"}  # noqa: RUF012

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._filter = NodeFilter()
        self._observer = SceneObserver(self._refresh)
        self._current_id = ""
        self._combo = QComboBox(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo)
        self._combo.currentIndexChanged.connect(self._take_index)
        self._combo.activated.connect(lambda _: self.nodeActivated.emit(self.currentNode()))
        self.destroyed.connect(_stop(self._observer))

    baseName = stored(str, "baseName", "")
    addEnabled = stored(bool, "addEnabled", True)
    removeEnabled = stored(bool, "removeEnabled", True)
    editEnabled = stored(bool, "editEnabled", False)
    renameEnabled = stored(bool, "renameEnabled", False)
    selectNodeUponCreation = stored(bool, "selectNodeUponCreation", True)
    interactionNodeSingletonTag = stored(str, "interactionNodeSingletonTag", "")

    # What is offered

    def _set_filter(self, name: str, value: Any) -> None:
        setattr(self._filter, name, list(value) if isinstance(value, list | tuple) else value)
        self._refresh()

    nodeTypes = Property(
        "QStringList", lambda self: self._filter.node_types, lambda self, v: self._set_filter("node_types", v)
    )
    hideChildNodeTypes = Property(
        "QStringList",
        lambda self: self._filter.hidden_child_types,
        lambda self, v: self._set_filter("hidden_child_types", v),
    )
    showHidden = Property(
        bool, lambda self: self._filter.show_hidden, lambda self, v: self._set_filter("show_hidden", v)
    )
    showChildNodeTypes = Property(
        bool, lambda self: self._filter.show_child_types, lambda self, v: self._set_filter("show_child_types", v)
    )

    def addAttribute(self, node_type: str, name: str, value: Any = None) -> None:
        """Offer only nodes that have the attribute, and with this value where one is given."""
        self._filter.attributes[node_type, name] = value
        self._refresh()

    def removeAttribute(self, node_type: str, name: str) -> None:
        """Undo ``addAttribute``."""
        self._filter.attributes.pop((node_type, name), None)
        self._refresh()

    def _set_none(self, name: str, value: Any) -> None:
        setattr(self, name, value)
        self._refresh()

    _none_enabled = False
    _none_display = "None"
    noneEnabled = Property(bool, lambda self: self._none_enabled, lambda self, v: self._set_none("_none_enabled", v))
    noneDisplay = Property(str, lambda self: self._none_display, lambda self, v: self._set_none("_none_display", v))

    # The scene

    def mrmlScene(self) -> Any:
        """The scene whose nodes are offered, None before there is one."""
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        """Offer the nodes of this scene."""
        self._scene = scene
        self._observer.observe(scene)
        self._refresh()
        self.mrmlSceneChanged.emit(scene)

    def nodes(self) -> list[Any]:
        """The nodes offered."""
        return self._filter.nodes(self._scene)

    def nodeCount(self) -> int:
        """How many nodes are offered."""
        return len(self.nodes())

    def nodeFromIndex(self, index: int) -> Any:
        """The node of that number among those offered, None where there is none."""
        nodes = self.nodes()
        return nodes[index] if 0 <= index < len(nodes) else None

    # The choice

    def currentNode(self) -> Any:
        """The node chosen, None for none."""
        return self._scene.GetNodeByID(self._current_id) if self._scene and self._current_id else None

    def setCurrentNode(self, node: Any) -> None:
        """Choose a node, by itself or by its ID; a node that is not offered leaves none chosen."""
        self._choose((node if isinstance(node, str) else node.GetID() or "") if node else "")

    def setCurrentNodeIndex(self, index: int) -> None:
        """Choose the node of that number among those offered."""
        self.setCurrentNode(self.nodeFromIndex(index))

    currentNodeID = Property(str, lambda self: self._current_id, lambda self, v: self.setCurrentNode(v))

    def addNode(self, node_type: str = "") -> Any:
        """What the entry "Create new …" does."""
        node_type = node_type or self._filter.node_types[0]
        name = self._scene.GenerateUniqueName(self.baseName or class_tag(node_type))
        node = self._scene.CreateNodeByClass(node_type)
        node.UnRegister(None)
        node.SetName(name)
        for (of_type, attribute), value in self._filter.attributes.items():
            if of_type == node_type:
                node.SetAttribute(attribute, "" if value is None else str(value))
        node = self._scene.AddNode(node)
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        self.nodeAdded.emit(node)
        self.nodeAddedByUser.emit(node)
        return node

    def removeCurrentNode(self) -> None:
        """What the entry "Delete current …" does."""
        if self.currentNode():
            self._scene.RemoveNode(self.currentNode())

    def _choose(self, node_id: str) -> None:
        changed = node_id != self._current_id
        self._current_id = node_id
        self._show_choice()
        if changed:
            node = self.currentNode()
            self.currentNodeChanged.emit(node)
            self._validNodeChanged.emit(node is not None)
            self.currentNodeIDChanged.emit(self._current_id)

    def _show_choice(self) -> None:
        blocked = self._combo.blockSignals(True)
        index = self._combo.findData(self._current_id)
        self._combo.setCurrentIndex(index)
        self._combo.blockSignals(blocked)
        if index < 0:
            self._current_id = ""

    def _take_index(self, index: int) -> None:
        self._choose(self._combo.itemData(index) or "" if index >= 0 else "")

    def _refresh(self) -> None:
        nodes = self.nodes()
        self._observer.observe_nodes(nodes)
        index_before = self._combo.currentIndex
        blocked = self._combo.blockSignals(True)
        self._combo.clear()
        if self._none_enabled:
            self._combo.addItem(self._none_display, "")
        for node in nodes:
            self._combo.addItem(node.GetName() or "", node.GetID())
        self._combo.blockSignals(blocked)
        self._choose(self._still_possible([node.GetID() for node in nodes], index_before))

    def _still_possible(self, node_ids: list[str], index_before: int) -> str:
        if self._current_id in node_ids:
            return self._current_id
        if self._none_enabled or not node_ids:
            return ""
        return node_ids[max(0, min(index_before, len(node_ids) - 1))]


def _stop(observer: SceneObserver):
    return lambda *_: observer.observe(None)
