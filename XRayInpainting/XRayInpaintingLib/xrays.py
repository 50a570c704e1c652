"""Which volumes of the scene are offered as X-rays, and what has been made of them."""

from __future__ import annotations

from dataclasses import dataclass

import slicer
from slicer.i18n import tr as _


@dataclass(frozen=True)
class Row:
    """An X-ray as the panel lists it.

    Attributes:
        name: of its node.
        implants: whether implants were found.
        clean: whether there is a copy without them.
    """

    name: str
    implants: str = "–"
    clean: str = "–"


def offeredXRays(hasLibrary: bool) -> list:
    """The volumes of one slice, also those in colour or without an image, about which the panel says more."""
    nodes = [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if _mayBeXRay(node)]
    if not hasLibrary:
        return nodes
    from xray3d.mrml.inpainting import is_output

    return [node for node in nodes if not is_output(node)]


def rowOf(node, hasLibrary: bool) -> Row:
    """What has been made of an X-ray."""
    if not hasLibrary:
        return Row(node.GetName())
    from xray3d.mrml.inpainting import CLEAN, IMPLANTS, output_of
    from xray3d.mrml.segmentations import has_voxels

    implants, clean = output_of(node, IMPLANTS), output_of(node, CLEAN)
    found = "–" if implants is None else _("found") if has_voxels(implants) else _("none")
    return Row(node.GetName(), found, "–" if clean is None else _("made"))


def _mayBeXRay(node) -> bool:
    """Not a label map, nor what modules draw or preview, nor a CT."""
    if node.IsA("vtkMRMLLabelMapVolumeNode") or node.GetHideFromEditors() or not node.GetSaveWithScene():
        return False
    image = node.GetImageData()
    return image is None or image.GetDimensions()[2] <= 1
