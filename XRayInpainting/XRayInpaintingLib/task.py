"""X-rays to be worked on: read on the main thread, done on any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from slicer.i18n import tr as _

from xray3d.errors import VolumeError, about
from xray3d.inpainting.reading import grey_pixels
from xray3d.mrml.inpainting import frames_of
from xray3d.mrml.masks import implants_from_node, region_from_node
from xray3d.mrml.xrays import pixels_of
from xray3d.volumes.grey_values import of_type
from XRayCoreLib.messages import PanelError
from XRayCoreLib.modelatwork import ModelAtWork

if TYPE_CHECKING:  # PyTorch takes seconds to import
    from xray3d.inpainting.painting import Painted

Progress = Callable[[str, float], Any]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Subject:
    """An X-ray.

    Attributes:
        node: its volume node.
        name: what it is called.
        pixels: (rows, cols), a copy.
        mask: (rows, cols) where its implants are; None where that is to be found.
        region: (rows, cols) outside of which nothing counts that is found; None for everywhere.
        version: changes with the image.
    """

    node: Any
    name: str
    pixels: NDArray
    mask: Mask | None
    region: Mask | None
    version: int

    @classmethod
    def ofNode(cls, node, mask=None, region=None, name: str = "") -> Subject:
        """Read an X-ray.

        Args:
            node: one-slice scalar volume node, with or without geometry.
            mask: segmentation or label map node, or an array (rows, cols); None where implants are to be found.
            region: region of interest, segmentation or label map node, or None.
            name: what it is called; empty for the name of the node.

        Raises:
            VolumeError, GeometryError: one sentence on what cannot be used.
        """
        pixels = pixels_of(node).copy()
        name = name or node.GetName()
        with about(name):
            grey_pixels(pixels)
        if mask is not None:
            mask = implants_from_node(mask, node) if hasattr(mask, "GetID") else np.asarray(mask) != 0
        region = None if region is None else region_from_node(region, node)
        return cls(node, name, pixels, mask, region, node.GetImageData().GetMTime())

    def found(self, inpainter) -> Mask:
        """Where the library's Inpainter finds implants, (rows, cols)."""
        with about(self.name):
            mask = inpainter.find(self.pixels).mask
        return mask if self.region is None else mask & self.region

    def cleaned(self, inpainter) -> Cleaned:
        """What the library's Inpainter makes of it."""
        mask = self.found(inpainter) if self.mask is None else self.mask
        with about(self.name):
            return Cleaned(mask, inpainter.paint(self.pixels, mask))

    def requireSame(self) -> None:
        """Refuse a result for another image than there is now.

        Raises:
            PanelError: the image was changed.
        """
        if self.node.GetImageData() is None or self.node.GetImageData().GetMTime() != self.version:
            sentence = _("{name} was changed while the job ran, so nothing was made of it; try again.")
            raise PanelError(sentence.format(name=self.name))


@dataclass(frozen=True, eq=False)
class Cleaned:
    """An X-ray without implants.

    Attributes:
        mask: (rows, cols) where they were.
        painted: the library's: pixels, what was painted, standard error.
    """

    mask: Mask
    painted: Painted


@dataclass(frozen=True, eq=False)
class Task:
    """X-rays, and what works on them.

    Attributes:
        subjects: the X-rays.
        inpainter: the library's, on whatever device.
        device: "cpu" or "cuda"; None for the graphics card if it can be used.
    """

    subjects: Sequence[Subject]
    inpainter: ModelAtWork
    device: str | None

    @classmethod
    def ofNodes(cls, nodes, masks, region, inpainter: ModelAtWork, device: str | None) -> Task:
        """Read the nodes, on the main thread.

        Args:
            nodes: the X-rays.
            masks: for each what `Subject.ofNode` takes.
            region: for all of them, as for `Subject.ofNode`.

        Raises:
            VolumeError, GeometryError: one sentence on what cannot be used.
        """
        if not nodes:
            raise VolumeError("No X-ray is chosen; choose one or more X-rays.")
        subjects = [Subject.ofNode(node, mask, region) for node, mask in zip(nodes, masks, strict=True)]
        return cls(subjects, inpainter, device)

    @classmethod
    def ofSequence(cls, sequenceNode, region, inpainter: ModelAtWork, device: str | None) -> Task:
        """Read the frames of a sequence, as `ofNodes` reads X-rays whose implants are to be found.

        Raises:
            VolumeError, GeometryError: one sentence on what cannot be used.
        """
        frames = frames_of(sequenceNode)
        sentence = _("frame {number} of {count} of {name}")
        subjects = []
        for number, frame in enumerate(frames, start=1):
            name = sentence.format(number=number, count=len(frames), name=sequenceNode.GetName())
            subjects.append(Subject.ofNode(frame, region=region, name=name))
        return cls(subjects, inpainter, device)

    def find(self, progress: Progress) -> list[Mask]:
        """Find the implants of every X-ray; `progress` may raise to stop. Free of MRML."""
        return self._each(progress, _("Finding implants on {name}"), Subject.found)

    def clean(self, progress: Progress) -> list[Cleaned]:
        """Take the implants out of every X-ray; `progress` may raise to stop. Free of MRML."""
        return self._each(progress, _("Removing implants from {name}"), Subject.cleaned)

    def cleanPixels(self, progress: Progress) -> list[NDArray]:
        """`clean`, of which only the pixels are kept, (rows, cols) each of the X-ray's type: for long sequences."""

        def pixels(subject: Subject, inpainter) -> NDArray:
            return of_type(subject.cleaned(inpainter).painted.pixels, subject.pixels.dtype)

        return self._each(progress, _("Removing implants from {name}"), pixels)

    def requireSame(self) -> None:
        """Refuse results for other images than there are now; PanelError where one was changed."""
        for subject in self.subjects:
            subject.requireSame()

    def _each(self, progress: Progress, sentence: str, work: Callable[[Subject, Any], Any]) -> list:
        progress(_("Reading the model"), 0.0)
        inpainter = self.inpainter.on(self.device)
        done = []
        for subject in self.subjects:
            progress(sentence.format(name=subject.name), len(done) / len(self.subjects))
            done.append(work(subject, inpainter))
        return done


def shippedInpainter(device: str):
    """The library's Inpainter with the model that comes with it.

    Raises:
        DeviceError: the device is not there.
        ModelError: the model is not there, or damaged.
    """
    from xray3d.inpainting.inpainter import Inpainter  # with PyTorch, which takes seconds to import

    return Inpainter.shipped(device)
