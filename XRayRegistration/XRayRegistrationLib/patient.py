"""The CT that was used last, kept prepared for the next picture and the next registration."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xray3d import CTVolume, DRRRenderer, LabelVolume
from xray3d.mrml.volumes import ct_from_node
from xray3d.registration.register import Registrar
from XRayCoreLib.contentkey import contentKey

if TYPE_CHECKING:  # PyTorch takes seconds to import, and need not be there for what needs no model
    from xray3d.registration.scene_regression.locating import Locator


class Patient:
    """A CT on a device. Made on the main thread; the rest is free of MRML and takes long only the first time.

    Args:
        ctNode: scalar volume node in HU.
        device: "cpu" or "cuda".

    Attributes:
        ct: the CT, where its transforms put it.
        key: its content, see `contentKey`.
        device: "cpu" or "cuda".

    Raises:
        VolumeError, GeometryError: as `ct_from_node`.
    """

    def __init__(self, ctNode, device: str) -> None:
        self.ct: CTVolume = ct_from_node(ctNode)
        self.key = contentKey(ctNode, device)
        self.device = device
        self._renderer: DRRRenderer | None = None
        self._registrar: Registrar | None = None
        self._region: str | None = None
        self._locator: Locator | None = None
        self._model: tuple[str, tuple[int, ...]] | None = None

    @property
    def isReady(self) -> bool:
        """Whether a picture is a matter of milliseconds."""
        return self._renderer is not None

    def renderer(self) -> DRRRenderer:
        """For pictures of the CT."""
        if self._renderer is None:
            self._renderer = DRRRenderer(self.ct, self.device)
        return self._renderer

    def registrar(self, region: LabelVolume | None) -> Registrar:
        """For registrations on a region of the CT, or on all of it; the last one is kept."""
        content = None if region is None else hashlib.sha1(np.packbits(region.labels != 0)).hexdigest()
        if self._registrar is None or self._region != content:
            self._registrar = Registrar(self.ct, device=self.device, region=region)
            self._region = content
        return self._registrar

    def locator(self, folder: str | Path) -> Locator:
        """What a model makes of X-rays of the CT; the last one is kept, until a file in its folder changes.

        It works on the processor: a look takes it a fraction of a second, and every build of PyTorch can.

        Raises:
            ModelError: the folder holds no model, or one for another CT.
        """
        from xray3d.models.bundle import written_ns
        from xray3d.registration.scene_regression.locating import Locator
        from xray3d.registration.scene_regression.model import SceneCoordinateModel

        model = (str(folder), written_ns(folder))
        if self._locator is None or self._model != model:
            self._locator = Locator(SceneCoordinateModel.load(folder), self.ct)
            self._model = model
        return self._locator
