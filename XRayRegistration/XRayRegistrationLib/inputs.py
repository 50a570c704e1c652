"""Whether CT and X-rays still are what a registration was made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slicer.i18n import tr as _

from xray3d.volumes.xray_files import PRINCIPAL_POINT_ATTRIBUTE, SDD_ATTRIBUTE
from XRayCoreLib.contentkey import contentKey
from XRayCoreLib.messages import PanelError


class Inputs:
    """Remembers nodes as they are when a registration begins.

    Args:
        ctNode: the CT.
        xrayNodes: the X-rays; these may be moved meanwhile.

    Raises:
        GeometryError: the CT is under a transform that is not linear.

    Attributes:
        ctNode: the CT.
    """

    def __init__(self, ctNode, xrayNodes: Sequence[Any]) -> None:
        self.ctNode = ctNode
        self._key = contentKey(ctNode, "")
        self._xrays = [(node, _image(node)) for node in xrayNodes]

    def requireSame(self) -> None:
        """Refuse a result for another CT or other images than there are now.

        Raises:
            PanelError: the CT was moved or changed, or the image of an X-ray was.
        """
        changed = [self.ctNode] if contentKey(self.ctNode, "") != self._key else []
        changed += [node for node, image in self._xrays if _image(node) != image]
        if changed:
            sentence = _("{name} was changed while the job ran, so the X-rays stay where they are; register again.")
            raise PanelError(sentence.format(name=changed[0].GetName()))


def _image(node) -> tuple:
    """An X-ray's pixels and where its source is before the detector; not where both are."""
    image = node.GetImageData()
    attributes = [node.GetAttribute(name) for name in (SDD_ATTRIBUTE, PRINCIPAL_POINT_ATTRIBUTE)]
    return (None if image is None else image.GetMTime(), *attributes)
