"""X-rays to be taken of one patient: nodes are read on the main thread, the work is done on any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from slicer.i18n import tr as _

from xray3d import CTVolume, DRRRenderer, Implant, XRayImage
from xray3d.drr.exposure import expose
from xray3d.drr.physics.presets import preset
from xray3d.errors import VolumeError
from xray3d.mrml.models import implant_from_node
from xray3d.mrml.volumes import ct_from_node
from xray3d.volumes.xray_files import SDD_ATTRIBUTE
from XRayCoreLib.contentkey import contentKey

from .pose import previewOf, projectionOf
from .viewsettings import DEFAULTS, ViewSettings

Progress = Callable[[str, float], object]


def requireCt(ctNode) -> None:
    """Refuse what is no CT before anything is read.

    Raises:
        VolumeError: nothing chosen, or an X-ray.
    """
    if ctNode is None:
        raise VolumeError("No CT is chosen; choose the patient's CT volume.")
    if ctNode.GetAttribute(SDD_ATTRIBUTE):
        raise VolumeError(f"{ctNode.GetName()} is an X-ray; choose the patient's CT volume.")


class PreparedCt:
    """Renderer of the CT that was used last, kept while voxels, placement and device stay the same."""

    def __init__(self) -> None:
        self._key: tuple | None = None
        self._renderer: DRRRenderer | None = None

    def rendererFor(self, key: tuple) -> DRRRenderer | None:
        """The renderer of this content, or None when it has yet to be made."""
        return self._renderer if self._key == key else None

    def keep(self, exposures: Exposures) -> None:
        """Keep the renderer that was made for these."""
        self._key, self._renderer = exposures.contentKey, exposures.renderer

    def forget(self) -> None:
        """Free the memory."""
        self._key = self._renderer = None


@dataclass
class Exposures:
    """X-rays of one patient, ready to be taken off the main thread.

    Attributes:
        settings: one for each X-ray.
        implants: metal, in world coordinates.
        device: "cpu" or "cuda".
        renderer: of the CT, or None when it has yet to be made from `ct`.
        ct: the patient, where `renderer` is None.
        contentKey: under which a renderer may be kept.
    """

    settings: Sequence[ViewSettings]
    implants: Sequence[Implant]
    device: str
    contentKey: tuple
    renderer: DRRRenderer | None = None
    ct: CTVolume | None = None

    @classmethod
    def ofNodes(cls, ctNode, settings, implantNodes, device: str, prepared: PreparedCt) -> Exposures:
        """Read the nodes, on the main thread.

        Raises:
            VolumeError, GeometryError, MeshError: a CT, transform or implant that cannot be used.
        """
        requireCt(ctNode)
        for view in settings:
            projectionOf(view)
        implants = [implant_from_node(node) for node in implantNodes]
        key = contentKey(ctNode, device)
        renderer = prepared.rendererFor(key)
        ct = ct_from_node(ctNode) if renderer is None else None
        return cls(settings, implants, device, key, renderer, ct)

    @property
    def isPrepared(self) -> bool:
        """Whether taking an X-ray is a matter of milliseconds."""
        return self.renderer is not None

    def take(self, progress: Progress, largestPx: int | None = None) -> list[XRayImage]:
        """The X-rays, one after the other; `progress` may raise to stop between them. Free of MRML."""
        steps = len(self.settings) + 1
        progress(_("Preparing the CT"), 0.0)
        self._prepare()
        images = []
        for number, settings in enumerate(self.settings, start=1):
            text = _("X-ray {number} of {total}").format(number=number, total=len(self.settings))
            progress(text, number / steps)
            images.append(self.takeOne(settings, largestPx))
        progress(_("Done"), 1.0)
        return images

    def takeOne(self, settings: ViewSettings, largestPx: int | None = None) -> XRayImage:
        """One X-ray; for a preview with no more than so many rows and columns."""
        projection = projectionOf(settings)
        if largestPx is not None:
            projection = previewOf(projection, largestPx)
        technique = None if settings.physics == DEFAULTS.physics else preset(settings.physics)
        exposure = expose(self._prepare(), projection, technique, self.implants, settings.metal, settings.seed)
        return XRayImage(exposure.pixels.astype(np.float32), projection)

    def _prepare(self) -> DRRRenderer:
        if self.renderer is None:
            assert self.ct is not None
            self.renderer = DRRRenderer(self.ct, self.device)
        return self.renderer
