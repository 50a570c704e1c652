"""Vertebrae to be reconstructed: nodes are read on the main thread, the work is done on any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from slicer.i18n import tr as _

from xray3d import XRayImage
from xray3d.errors import GeometryError, VolumeError
from xray3d.mrml.places import Place, places_from_node
from xray3d.mrml.reconstruction import Vertebra
from xray3d.mrml.xrays import xray_from_node
from XRayCoreLib.contentkey import contentKey
from XRayCoreLib.messages import PanelError
from XRayCoreLib.modelatwork import ModelAtWork

Progress = Callable[[str, float], Any]


@dataclass(frozen=True, eq=False)
class Task:
    """Places, the X-rays to reconstruct from, and what does it.

    Attributes:
        nodes: of the X-rays.
        keys: change with what was read of the nodes.
        xrays: what was read.
        places: where the vertebrae are.
        reconstructor: the library's, on whatever device.
        device: "cpu" or "cuda"; None for the graphics card if it can be used.
    """

    nodes: Sequence[Any]
    keys: Sequence[tuple]
    xrays: Sequence[XRayImage]
    places: Sequence[Place]
    reconstructor: ModelAtWork
    device: str | None

    @classmethod
    def ofNodes(cls, nodes: Sequence[Any], placesNode, reconstructor: ModelAtWork, device: str | None) -> Task:
        """Read the nodes, on the main thread.

        Args:
            nodes: the X-rays.
            placesNode: point list, also of marks on these X-rays, or region of interest; see `places_from_node`.

        Raises:
            VolumeError, GeometryError: one sentence on what cannot be used.
        """
        if not nodes:
            raise VolumeError("No X-ray is chosen; choose one or more X-rays.")
        for one, other in combinations(nodes, 2):
            if one is other and one is not None:
                raise VolumeError(f"{one.GetName()} is chosen twice; choose every X-ray once.")
        xrays = [xray_from_node(node) for node in nodes]
        places = places_from_node(placesNode, [xray.projection for xray in xrays])
        task = cls(nodes, [contentKey(node, "") for node in nodes], xrays, places, reconstructor, device)
        for place in places:
            if not task.seeing(place):
                raise GeometryError(f"None of the X-rays shows {place.name}; move the place, or choose others.")
        return task

    def seeing(self, place: Place) -> list[XRayImage]:
        """The X-rays that show a place."""
        return [xray for xray in self.xrays if place.is_seen_by(xray.projection)]

    def run(self, progress: Progress) -> list[Vertebra]:
        """Reconstruct the vertebra of each place; `progress` may raise to stop. Free of MRML.

        Raises:
            VolumeError: an X-ray of one grey value, or nothing found at a place.
        """
        progress(_("Reading the model"), 0.0)
        reconstructor = self.reconstructor.on(self.device)
        sentence, vertebrae = _("Reconstructing {name}"), []
        for place in self.places:
            progress(sentence.format(name=place.name), len(vertebrae) / len(self.places))
            xrays = self.seeing(place)
            found = reconstructor.reconstruct(xrays, place.frame_to_ras)
            vertebrae.append(Vertebra.of(found, place.name, [xray.name for xray in xrays]))
        return vertebrae

    def requireSame(self) -> None:
        """Refuse results of other X-rays than there are now.

        Raises:
            PanelError: the image or the place of one was changed.
        """
        for node, key, xray in zip(self.nodes, self.keys, self.xrays, strict=True):
            if contentKey(node, "") != key:
                sentence = _("{name} was changed while the job ran, so nothing was made of it; try again.")
                raise PanelError(sentence.format(name=xray.name))


def shippedReconstructor(device: str):
    """The library's Reconstructor with the model that comes with it.

    Raises:
        DeviceError: the device is not there.
        ModelError: the model is not there, or damaged.
    """
    from xray3d.reconstruction.reconstruct import Reconstructor  # with PyTorch, which takes seconds to import

    return Reconstructor.shipped(device)
