"""A trained model: a folder with one of each network, which are trained apart, what they learnt from, and how well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import xray3d
from xray3d.drr.device import resolve_device
from xray3d.errors import XRay3DError
from xray3d.inpainting.card import model_card
from xray3d.inpainting.network import ImplantNetwork, InpaintingNetwork
from xray3d.models.network_files import MISREAD, damaged, read_facts, save_network
from xray3d.models.training.course import Course

NetworkName = Literal["finder", "painter"]
NETWORKS: tuple[NetworkName, ...] = get_args(NetworkName)
"""Also the names of their folders in that of a model."""
SHIPPED = Path(xray3d.__file__).parent / "models" / "shipped" / "inpainting"

_FORMAT = 4
_TASKS: dict[NetworkName, str] = {
    "finder": "to find implants on X-rays",
    "painter": "to paint what implants on X-rays hide",
}
_CLASSES: dict[NetworkName, type[ImplantNetwork | InpaintingNetwork]] = {
    "finder": ImplantNetwork,
    "painter": InpaintingNetwork,
}


@dataclass(frozen=True)
class InpaintingReport(Course):
    """How a network came about, and what it measured on X-rays that it had not seen.

    Attributes:
        measured: the fields of `FindingMeasured` or of `PaintingMeasured`.
        cts: names of the CTs that it learnt from.
        radiographs: how many real ones.
        radiograph_patients: and of how many patients.
    """

    measured: Mapping[str, float]
    cts: Sequence[str]
    radiographs: int
    radiograph_patients: int


@dataclass(frozen=True, eq=False)
class InpaintingModel:
    """Networks for any patient, in evaluation mode.

    Attributes:
        finder: says where there is metal.
        painter: says what it hides.
    """

    finder: ImplantNetwork
    painter: InpaintingNetwork

    @classmethod
    def load(cls, folder: str | Path, device: str = "cpu") -> InpaintingModel:
        """Read a model.

        Raises:
            ModelError: no model, one of which a network is missing or damaged, or one of another kind.
            DeviceError: the device is not there.
        """
        return cls(*(load_network(folder, name, device)[0] for name in NETWORKS))


def network_name(name: str) -> NetworkName:
    """One of `NETWORKS` by its name; XRay3DError where there is none of that name."""
    for known in NETWORKS:
        if known == name:
            return known
    raise XRay3DError(f"No network is called {name!r}; choose one of: {', '.join(NETWORKS)}.")


def new_network(name: NetworkName) -> ImplantNetwork | InpaintingNetwork:
    """One that has not learnt anything."""
    return _CLASSES[name]()


def load_network(folder: str | Path, name: NetworkName, device: str = "cpu") -> tuple[Any, InpaintingReport]:
    """Read one network of a model, in evaluation mode; raises as `InpaintingModel.load`."""
    place = Path(folder) / name
    resolve_device(device)
    weights, facts = read_facts(place, [kind_of(name)], _FORMAT, "inpainting")
    try:
        network = _CLASSES[name](facts["features"])
        network.load_state_dict(dict(weights))
        report = InpaintingReport(**facts["report"])
    except MISREAD as failure:
        raise damaged(place) from failure
    return network.eval().to(device), report


def save_network_of(
    folder: str | Path, name: NetworkName, network: ImplantNetwork | InpaintingNetwork, report: InpaintingReport
) -> None:
    """Write one network of a model, over what is there.

    Raises:
        OutputExistsError: it cannot be written.
    """
    told = asdict(report)
    facts = {"kind": kind_of(name), "format": _FORMAT, "features": network.definition["features"], "report": told}
    card, place = model_card(name, told), Path(folder) / name
    save_network(network, network.definition, facts, _TASKS[name], card, place, overwrite=True)


def kind_of(name: NetworkName) -> str:
    """What its folder says that it is."""
    return f"inpainting, {name}"
