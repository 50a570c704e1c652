"""Models that were never trained, for tests of what is done with them."""

from pathlib import Path

import numpy as np
import torch

from xray3d.errors import VolumeError
from xray3d.inpainting.finding import Found
from xray3d.inpainting.model import InpaintingModel, InpaintingReport
from xray3d.inpainting.network import ImplantNetwork, InpaintingNetwork, InpaintingNetworks
from xray3d.inpainting.painting import Painted

THIN = (4, 4, 4, 4, 4, 4)


def save_model(folder: Path) -> None:
    """Thin networks as a model's folder."""
    torch.manual_seed(0)
    networks = InpaintingNetworks(ImplantNetwork(THIN), InpaintingNetwork(THIN)).eval()
    report = InpaintingReport(1, 1, 0, 1.0, "scratch", "1 CPU cores", 20.0, 0.5, 0.0, ["ct"], 0, 0)
    InpaintingModel(networks, report).save(folder)


def brighter_than(level: float):
    """A `find_metal` that takes for metal what is brighter."""

    def find_metal(network, image):
        mask = np.asarray(image) > level
        return Found(mask, mask.astype(float))

    return find_metal


class BrightInpainter:
    """An `Inpainter` that takes for metal what is brighter than a level, and paints it with one grey value.

    Attributes:
        devices: where it was asked to work.
    """

    def __init__(self, level: float, grey: float) -> None:
        self.devices: list[str] = []
        self._level, self._grey = level, grey

    def shipped(self, device="cpu"):
        """In the place of `Inpainter.shipped`."""
        self.devices.append(device)
        return self

    def find(self, xray):
        """What is bright."""
        return brighter_than(self._level)(None, xray.pixels)

    def paint(self, xray, mask=None):
        """Grey where there is metal."""
        where = self.find(xray).mask if mask is None else mask
        if where.all():
            raise VolumeError("The mask covers all of the X-ray; leave some of it to go on from.")
        return Painted(np.where(where, self._grey, xray.pixels), where, np.zeros(where.shape))
