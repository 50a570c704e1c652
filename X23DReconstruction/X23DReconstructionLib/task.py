"""Vertebrae to be reconstructed: nodes are read on the main thread, the work is done on any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from slicer.i18n import tr as _

from xray3d import XRayImage
from xray3d.errors import GeometryError
from xray3d.mrml.places import Place, places_from_node
from xray3d.mrml.reconstruction import Vertebra
from XRayCoreLib.modelatwork import ModelAtWork

from .readxrays import ReadXRays

Progress = Callable[[str, float], Any]


@dataclass(frozen=True, eq=False)
class Made:
    """What came of a task.

    Attributes:
        vertebrae: one for each place.
        doubts: a sentence on each X-ray that shows them elsewhere.
    """

    vertebrae: Sequence[Vertebra]
    doubts: Sequence[str]


@dataclass(frozen=True, eq=False)
class Task:
    """Places, the X-rays to reconstruct from, and what does it.

    Attributes:
        read: the X-rays.
        places: where the vertebrae are.
        reconstructor: the library's, on whatever device.
        device: "cpu" or "cuda"; None for the graphics card if it can be used.
    """

    read: ReadXRays
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
        read = ReadXRays.ofNodes(nodes)
        places = places_from_node(placesNode, [xray.projection for xray in read.xrays])
        task = cls(read, places, reconstructor, device)
        for place in places:
            if not task.seeing(place):
                raise GeometryError(f"None of the X-rays shows {place.name}; move the place, or choose others.")
        return task

    def seeing(self, place: Place) -> list[XRayImage]:
        """The X-rays that show a place."""
        return [xray for xray in self.read.xrays if place.is_seen_by(xray.projection)]

    def run(self, progress: Progress) -> Made:
        """Reconstruct the vertebra of each place; `progress` may raise to stop. Free of MRML.

        Raises:
            VolumeError: an X-ray of one grey value, or nothing found at a place.
        """
        from xray3d.reconstruction.agreement import disagreements  # with the renderer

        progress(_("Reading the model"), 0.0)
        reconstructor = self.reconstructor.on(self.device)
        sentence, vertebrae, made = _("Reconstructing {name}"), [], []
        for place in self.places:
            progress(sentence.format(name=place.name), len(vertebrae) / len(self.places))
            xrays = self.seeing(place)
            found = reconstructor.reconstruct(xrays, place.frame_to_ras)
            vertebrae.append(Vertebra.of(found, place.name, [xray.name for xray in xrays]))
            made.append((found, xrays))
        progress(_("Comparing with the X-rays"), 1.0)
        return Made(vertebrae, disagreements(made))


def shippedReconstructor(device: str):
    """The library's Reconstructor with the model that comes with it.

    Raises:
        DeviceError: the device is not there.
        ModelError: the model is not there, or damaged.
    """
    from xray3d.reconstruction.reconstruct import Reconstructor  # with PyTorch, which takes seconds to import

    return Reconstructor.shipped(device)
