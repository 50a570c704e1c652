"""Which nodes of a scene a selector offers, and when that changes."""

from collections.abc import Callable
from typing import Any

import slicer
import vtk

SCENE_EVENTS = (
    slicer.vtkMRMLScene.NodeAddedEvent,
    slicer.vtkMRMLScene.NodeRemovedEvent,
    slicer.vtkMRMLScene.EndBatchProcessEvent,
    slicer.vtkMRMLScene.EndImportEvent,
    slicer.vtkMRMLScene.EndCloseEvent,
    slicer.vtkMRMLScene.EndRestoreEvent,
)


class NodeFilter:
    """Node classes, attributes and visibility, as the properties of qMRMLNodeComboBox define them."""

    def __init__(self) -> None:
        self.node_types: list[str] = []
        self.hidden_child_types: list[str] = []
        self.show_hidden = False
        self.show_child_types = True
        self.attributes: dict[tuple[str, str], Any] = {}

    def nodes(self, scene: Any) -> list[Any]:
        """Every node of the scene that passes, in the scene's order."""
        count = scene.GetNumberOfNodes() if scene else 0
        return [node for node in map(scene.GetNthNode, range(count)) if self.passes(node)] if count else []

    def passes(self, node: Any) -> bool:
        """Whether the selector offers this node."""
        if node.GetHideFromEditors() and not self.show_hidden:
            return False
        if any(node.IsA(hidden) for hidden in self.hidden_child_types):
            return False
        return any(self._is_of(node, node_type) for node_type in self.node_types)

    def _is_of(self, node: Any, node_type: str) -> bool:
        if not (node.IsA(node_type) if self.show_child_types else node.GetClassName() == node_type):
            return False
        asked = [(name, value) for (of_type, name), value in self.attributes.items() if of_type == node_type]
        return all(
            node.GetAttribute(name) is not None and (value is None or node.GetAttribute(name) == str(value))
            for name, value in asked
        )


class SceneObserver:
    """Calls back when the nodes of a scene, or their names or attributes, change."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._scene: Any = None
        self._tags: list[tuple[Any, int]] = []
        self._nodes: dict[Any, int] = {}

    def observe(self, scene: Any) -> None:
        """Follow this scene instead of the one before; None to follow none."""
        for observed, tag in [*self._tags, *self._nodes.items()]:
            observed.RemoveObserver(tag)
        self._nodes = {}
        self._scene = scene
        self._tags = [(scene, scene.AddObserver(event, self._on_scene)) for event in SCENE_EVENTS] if scene else []

    def observe_nodes(self, nodes: list[Any]) -> None:
        """Follow the names and attributes of these nodes."""
        for node in [n for n in self._nodes if n not in nodes]:
            node.RemoveObserver(self._nodes.pop(node))
        for node in nodes:
            if node not in self._nodes:
                self._nodes[node] = node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._on_node)

    def _on_scene(self, caller: Any, event: str) -> None:
        # While a scene is loaded or closed, its nodes are in no state to be offered: the end of it is an event too.
        if not caller.IsBatchProcessing():
            self._changed()

    def _on_node(self, caller: Any, event: str) -> None:
        self._on_scene(self._scene, event)


def class_tag(node_type: str) -> str:
    """``vtkMRMLScalarVolumeNode`` → ``ScalarVolume``."""
    return node_type.removeprefix("vtkMRML").removesuffix("Node")
