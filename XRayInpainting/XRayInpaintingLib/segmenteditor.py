"""Slicer's own Segment Editor, opened on the implants of an X-ray."""

from __future__ import annotations

import slicer

_MODULE = "SegmentEditor"


def openSegmentEditor(segmentationNode, xrayNode) -> None:
    """Let the user paint on an X-ray."""
    segmentationNode.CreateDefaultDisplayNodes()
    segmentationNode.SetDisplayVisibility(True)
    slicer.util.selectModule(_MODULE)
    if hasattr(slicer.modules, _MODULE.lower()):  # some applications built on Slicer leave it out
        editor = slicer.util.getModuleWidget(_MODULE).editor
        editor.setSegmentationNode(segmentationNode)
        editor.setSourceVolumeNode(xrayNode)
