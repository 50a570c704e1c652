"""Networks that were never trained, and made-up patients, for tests of what is done with them."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from xray3d.errors import VolumeError
from xray3d.inpainting.finding import Found
from xray3d.inpainting.finding_lesson import FindingMeasured
from xray3d.inpainting.model import NETWORKS, InpaintingReport, NetworkName, save_network_of
from xray3d.inpainting.network import ImplantNetwork, InpaintingNetwork
from xray3d.inpainting.painting import Painted
from xray3d.inpainting.painting_lesson import PaintingMeasured
from xray3d.inpainting.scenes import ScenePool

THIN = (4, 4, 4, 4, 4, 4)
MEASURED = {"finder": FindingMeasured(0.97, 0.0012, 0.021), "painter": PaintingMeasured(30.0, 1.1)}


def thin_network(name: NetworkName) -> ImplantNetwork | InpaintingNetwork:
    """In the place of `new_network`."""
    return ImplantNetwork(THIN) if name == "finder" else InpaintingNetwork(THIN)


def report_on(name: NetworkName) -> InpaintingReport:
    """Of a network that learnt for ten minutes."""
    return InpaintingReport(100, 8, 0, 600.0, "scratch", "2 CPU cores", asdict(MEASURED[name]), ["ct.nrrd"], 5, 4)


def save_model(folder: Path) -> None:
    """Thin networks as a model's folder."""
    torch.manual_seed(0)
    folder.mkdir()
    for name in NETWORKS:
        save_network_of(folder, name, thin_network(name), report_on(name))


def made_up_scenes(views: int, side_px: int, seed: int = 0) -> ScenePool:
    """Waves for a patient, a bar for metal."""
    row, column = np.mgrid[:side_px, :side_px] / 40.0
    patient = 2 + np.sin(row + np.random.default_rng(seed).random((views, 1, 1))) * np.cos(column)
    metal_mm = np.where(np.abs(column - 2.5) < 0.4, 5.0, 0.0) * np.ones((views, 1, 1))
    parts = [patient, 0.3 * patient, patient - 0.05, 0.3 * patient, metal_mm]
    return ScenePool(np.stack(parts, axis=1).astype(np.float16))


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
