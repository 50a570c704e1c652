"""Vertebrae to be found: X-rays are read on the main thread, the work is done on any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slicer.i18n import tr as _

from xray3d.errors import GeometryError
from XRayCoreLib.modelatwork import ModelAtWork

from .readxrays import ReadXRays


@dataclass(frozen=True, eq=False)
class FindingTask:
    """X-rays, and what finds vertebrae on them.

    Attributes:
        read: the X-rays.
        locator: the library's, on whatever device.
        device: "cpu" or "cuda"; None for the graphics card if it can be used.
    """

    read: ReadXRays
    locator: ModelAtWork
    device: str | None

    def run(self, progress: Callable[[str, float], Any]) -> list:
        """What was found, from head to foot; `progress` may raise to stop. Free of MRML.

        Raises:
            GeometryError: nothing was, or X-rays that do not tell depth.
            VolumeError: an X-ray of one grey value.
        """
        progress(_("Reading the model"), 0.0)
        locator = self.locator.on(self.device)
        progress(_("Finding vertebrae"), 0.3)
        found = locator.locate(self.read.xrays)
        if not found:
            raise GeometryError(
                "No vertebra was found that the X-rays agree on; press New points and click on each in two X-rays."
            )
        return found


def shippedLocator(device: str):
    """The library's LevelLocator with the model that comes with it.

    Raises:
        DeviceError: the device is not there.
        ModelError: the model is not there, or damaged.
    """
    from xray3d.reconstruction.level_finding.locate import LevelLocator  # with PyTorch

    return LevelLocator.shipped(device)
