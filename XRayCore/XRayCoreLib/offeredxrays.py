"""Which volumes of the scene panels offer as X-rays."""

from __future__ import annotations

from dataclasses import dataclass

import slicer


@dataclass(frozen=True)
class Row:
    """An X-ray as a panel lists it.

    Attributes:
        texts: one for each column, the name of the node first.
        problem: one sentence that says why it cannot be used; empty where it can.
    """

    texts: tuple[str, ...]
    problem: str = ""


def offeredXRays() -> list:
    """The volumes of one slice, also those in colour or without an image, about which panels say more."""
    return [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if _mayBeXRay(node)]


def _mayBeXRay(node) -> bool:
    """Not a label map, nor what modules draw or preview, nor a CT."""
    if node.IsA("vtkMRMLLabelMapVolumeNode") or node.GetHideFromEditors() or not node.GetSaveWithScene():
        return False
    image = node.GetImageData()
    return image is None or image.GetDimensions()[2] <= 1
