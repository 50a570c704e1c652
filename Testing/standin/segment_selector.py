"""qMRMLSegmentSelectorWidget: choose a segment of a segmentation."""

from typing import Any

import slicer
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from standin.node_combo_box import qMRMLNodeComboBox
from standin.widget_properties import forwarded, stored, with_setters

SEGMENT_EVENTS = (
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentRemoved,
    slicer.vtkSegmentation.SegmentModified,
)


@with_setters
class qMRMLSegmentSelectorWidget(QWidget):  # noqa: N801  Slicer's name
    """A selector of the segmentation node and, beside it, of one of its segments."""

    currentNodeChanged = Signal(object)
    currentSegmentChanged = Signal(str)
    mrmlSceneChanged = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._nodes = qMRMLNodeComboBox(self)
        self._nodes.nodeTypes = ["vtkMRMLSegmentationNode"]
        self._segments = QComboBox(self)
        self._segment_id = ""
        self._tags: list[tuple[Any, int]] = []
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._nodes)
        layout.addWidget(self._segments)
        self._nodes.currentNodeChanged.connect(self._take_node)
        self._segments.currentIndexChanged.connect(lambda index: self._choose(self._segments.itemData(index) or ""))

    noneEnabled = forwarded(bool, "_nodes", "noneEnabled")
    segmentationNodeSelectorVisible = forwarded(bool, "_nodes", "visible")
    editEnabled = stored(bool, "editEnabled", False)
    horizontalLayout = stored(bool, "horizontalLayout", False)
    multiSelection = stored(bool, "multiSelection", False)

    def mrmlScene(self) -> Any:
        """The scene whose segmentations are offered."""
        return self._nodes.mrmlScene()

    def setMRMLScene(self, scene: Any) -> None:
        """Offer the segmentations of this scene."""
        self._nodes.setMRMLScene(scene)
        self.mrmlSceneChanged.emit(scene)

    def currentNode(self) -> Any:
        """The segmentation node chosen, None for none."""
        return self._nodes.currentNode()

    def currentNodeID(self) -> str:
        """Its ID, empty for none."""
        return self._nodes.currentNodeID

    def setCurrentNode(self, node: Any) -> None:
        """Choose a segmentation node."""
        self._nodes.setCurrentNode(node)

    def setCurrentNodeID(self, node_id: str) -> None:
        """Choose a segmentation node by its ID."""
        self._nodes.setCurrentNode(node_id)

    def currentSegmentID(self) -> str:
        """The ID of the segment chosen, empty for none."""
        return self._segment_id

    def setCurrentSegmentID(self, segment_id: str) -> None:
        """Choose a segment; one that the segmentation does not have leaves none chosen."""
        self._choose(segment_id if self._segments.findData(segment_id) >= 0 else "")

    def segmentIDs(self) -> list[str]:
        """The IDs of the segments offered."""
        return [segment_id for segment_id in map(self._segments.itemData, range(self._segments.count)) if segment_id]

    def _take_node(self, node: Any) -> None:
        for observed, tag in self._tags:
            observed.RemoveObserver(tag)
        segmentation = node.GetSegmentation() if node else None
        self._tags = (
            [(segmentation, segmentation.AddObserver(event, self._refresh)) for event in SEGMENT_EVENTS]
            if segmentation
            else []
        )
        self._refresh()
        self.currentNodeChanged.emit(node)

    def _refresh(self, *_: Any) -> None:
        node = self.currentNode()
        segmentation = node.GetSegmentation() if node else None
        segment_ids = list(segmentation.GetSegmentIDs()) if segmentation else []
        blocked = self._segments.blockSignals(True)
        self._segments.clear()
        if self.noneEnabled:
            self._segments.addItem("None", "")
        for segment_id in segment_ids:
            self._segments.addItem(segmentation.GetSegment(segment_id).GetName(), segment_id)
        self._segments.blockSignals(blocked)
        first = "" if self.noneEnabled or not segment_ids else segment_ids[0]
        self._choose(self._segment_id if self._segment_id in segment_ids else first)

    def _choose(self, segment_id: str) -> None:
        changed, self._segment_id = segment_id != self._segment_id, segment_id
        blocked = self._segments.blockSignals(True)
        self._segments.setCurrentIndex(self._segments.findData(segment_id))
        self._segments.blockSignals(blocked)
        if changed:
            self.currentSegmentChanged.emit(segment_id)
