"""A trained model: both networks, what they learnt from, and how well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import xray3d
from xray3d.drr.device import resolve_device
from xray3d.inpainting.card import model_card
from xray3d.inpainting.network import ImplantNetwork, InpaintingNetwork, InpaintingNetworks
from xray3d.models.network_files import MISREAD, damaged, read_facts, save_network
from xray3d.models.training.course import Course

KIND, _FORMAT = "inpainting", 1
SHIPPED = Path(xray3d.__file__).parent / "models" / "shipped" / "inpainting"
_TASK = "to find implants on X-rays and to paint what they hide"


@dataclass(frozen=True)
class InpaintingReport(Course):
    """How a model came about, and what it measured on X-rays that it had not seen.

    Attributes:
        psnr_db, dice, false_share: see `InpaintingMeasured`.
        cts: names of the CTs that it learnt from.
        radiographs: how many real ones.
        radiograph_patients: and of how many patients.
    """

    psnr_db: float
    dice: float
    false_share: float
    cts: Sequence[str]
    radiographs: int
    radiograph_patients: int


@dataclass(frozen=True, eq=False)
class InpaintingModel:
    """Networks for any patient.

    Attributes:
        networks: in evaluation mode.
        report: how they were trained.
    """

    networks: InpaintingNetworks
    report: InpaintingReport

    @classmethod
    def load(cls, folder: str | Path, device: str = "cpu") -> InpaintingModel:
        """Read a model.

        Raises:
            ModelError: no model, a damaged one, or one of another kind.
            DeviceError: the device is not there.
        """
        resolve_device(device)
        weights, facts = read_facts(folder, [KIND], _FORMAT, "inpainting")
        try:
            features = facts["network"]
            networks = InpaintingNetworks(ImplantNetwork(features["finder"]), InpaintingNetwork(features["painter"]))
            networks.load_state_dict(dict(weights))
            report = InpaintingReport(**facts["report"])
        except MISREAD as failure:
            raise damaged(folder) from failure
        return cls(networks.eval().to(device), report)

    def save(self, folder: str | Path, overwrite: bool = False) -> None:
        """Write the model as a folder.

        Raises:
            OutputExistsError: there is one already, or it cannot be written.
        """
        definition: dict[str, Any] = self.networks.definition
        features = {name: of_network["features"] for name, of_network in definition.items()}
        facts = {"kind": KIND, "format": _FORMAT, "network": features, "report": asdict(self.report)}
        save_network(self.networks, definition, facts, _TASK, model_card(asdict(self.report)), folder, overwrite)
