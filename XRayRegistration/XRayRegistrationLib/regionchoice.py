"""The segment to register on: a segmentation and a segment's ID, which no parameter connection knows together."""

from __future__ import annotations


class RegionChoice:
    """Keeps the segment selector and the parameter node's `region` and `regionSegment` the same.

    Args:
        selector: the panel's qMRMLSegmentSelectorWidget.
    """

    def __init__(self, selector) -> None:
        self._selector = selector
        self._parameters = None
        self._showing = False
        selector.connect("currentNodeChanged(vtkMRMLNode*)", lambda _node: self._take())
        selector.connect("currentSegmentChanged(QString)", lambda _segment: self._take())

    def connect(self, parameters) -> None:
        """Work on this parameter node."""
        self._parameters = parameters

    def disconnect(self) -> None:
        """Work on none."""
        self._parameters = None

    def show(self) -> None:
        """Show what the parameter node says."""
        self._showing = True
        try:
            if self._selector.currentNode() is not self._parameters.region:
                self._selector.setCurrentNode(self._parameters.region)
            if self._selector.currentSegmentID() != self._parameters.regionSegment:
                self._selector.setCurrentSegmentID(self._parameters.regionSegment)
        finally:
            self._showing = False

    def _take(self) -> None:
        if self._parameters is None or self._showing:
            return
        self._parameters.region = self._selector.currentNode()
        self._parameters.regionSegment = self._selector.currentSegmentID()
