"""X-rays read of the scene for a job, and whether they still are what was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from slicer.i18n import tr as _

from xray3d import XRayImage
from xray3d.errors import VolumeError
from xray3d.mrml.xrays import xray_from_node
from XRayCoreLib.contentkey import contentKey
from XRayCoreLib.messages import PanelError


@dataclass(frozen=True, eq=False)
class ReadXRays:
    """X-rays as they were when a job began.

    Attributes:
        nodes: of the X-rays.
        keys: change with what was read of the nodes.
        xrays: what was read.
    """

    nodes: Sequence[Any]
    keys: Sequence[tuple]
    xrays: Sequence[XRayImage]

    @classmethod
    def ofNodes(cls, nodes: Sequence[Any]) -> ReadXRays:
        """Read the nodes, on the main thread.

        Raises:
            VolumeError, GeometryError: one sentence on what cannot be used.
        """
        if not nodes:
            raise VolumeError("No X-ray is chosen; choose one or more X-rays.")
        for one, other in combinations(nodes, 2):
            if one is other and one is not None:
                raise VolumeError(f"{one.GetName()} is chosen twice; choose every X-ray once.")
        xrays = [xray_from_node(node) for node in nodes]
        return cls(nodes, [contentKey(node, "") for node in nodes], xrays)

    def requireSame(self) -> None:
        """Refuse results of other X-rays than there are now.

        Raises:
            PanelError: the image or the place of one was changed.
        """
        for node, key, xray in zip(self.nodes, self.keys, self.xrays, strict=True):
            if contentKey(node, "") != key:
                sentence = _("{name} was changed while the job ran, so nothing was made of it; try again.")
                raise PanelError(sentence.format(name=xray.name))
