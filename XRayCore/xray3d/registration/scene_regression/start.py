"""What a training begins with: a network that has learnt from other patients what patients have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import xray3d
from xray3d.drr.device import resolve_device
from xray3d.models.network_files import MISREAD, damaged
from xray3d.registration.scene_regression import model
from xray3d.registration.scene_regression.card import start_card
from xray3d.registration.scene_regression.files import read_network, save_network
from xray3d.registration.scene_regression.model import TrainingReport
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork

KIND = "scene coordinates, start"
SHIPPED = Path(xray3d.__file__).parent / "models" / "shipped" / "scene_coordinates"


@dataclass(frozen=True, eq=False)
class SceneCoordinateStart:
    """A network to begin a training with.

    Attributes:
        network: in evaluation mode.
        name: what it learnt from.
    """

    network: SceneCoordinateNetwork
    name: str

    @classmethod
    def shipped(cls, device: str = "cpu") -> SceneCoordinateStart:
        """The one that comes with the library.

        Raises:
            DeviceError: the device is not there.
        """
        return cls.load(SHIPPED, device)

    @classmethod
    def load(cls, folder: str | Path, device: str = "cpu") -> SceneCoordinateStart:
        """Read one, or the model of any patient.

        Raises:
            ModelError: no model, a damaged one, or one of another kind.
            DeviceError: the device is not there.
        """
        resolve_device(device)
        network, facts = read_network(folder, (KIND, model.KIND))
        try:
            name = str(facts["ct"]["name"] if facts["kind"] == model.KIND else facts["name"])
        except MISREAD as failure:
            raise damaged(folder) from failure
        return cls(network.to(device), name)

    def save(self, folder: str | Path, cts: Sequence[str], report: TrainingReport, overwrite: bool = False) -> None:
        """Write it as a folder.

        Args:
            cts: names of the CTs that it learnt from.
            report: of its training.

        Raises:
            OutputExistsError: there is one already, or it cannot be written.
        """
        facts = {"kind": KIND, "name": self.name, "cts": list(cts), "report": report.__dict__}
        task = "to begin with where X-rays of one patient are to be registered by scene coordinates"
        save_network(self.network, facts, task, start_card(cts, report.__dict__), folder, overwrite)
