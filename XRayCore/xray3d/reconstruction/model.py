"""A trained reconstruction network as a folder, what it learnt from, and how well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

import xray3d
from xray3d.drr.device import resolve_device
from xray3d.models.network_files import MISREAD, damaged, read_facts, save_network
from xray3d.models.training.course import Course
from xray3d.reconstruction.card import model_card
from xray3d.reconstruction.lesson import ReconstructionMeasured
from xray3d.reconstruction.network import ReconstructionNetwork

KIND = "reconstruction"
SHIPPED = Path(xray3d.__file__).parent / "models" / "shipped" / "x23d"

# 1 was without contrast evened and without maps of rays.
_FORMAT = 2

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class ReconstructionReport(Course):
    """How a network came about, and what it measured on spines that it had not seen.

    Attributes:
        measured: from four views.
        cts: names of the CTs that it learnt from.
        vertebrae: how many it learnt from.
    """

    measured: ReconstructionMeasured
    cts: Sequence[str]
    vertebrae: int


def load_network(folder: str | Path, device: str = "cpu") -> tuple[ReconstructionNetwork, ReconstructionReport]:
    """Read a model, in evaluation mode.

    Raises:
        ModelError: no model, a damaged one, or one for something else.
        DeviceError: the device is not there.
    """
    return load_weights(folder, KIND, _new, device)


def save_model(
    folder: str | Path, network: ReconstructionNetwork, report: ReconstructionReport, overwrite: bool = False
) -> None:
    """Write a model.

    Raises:
        OutputExistsError: there is one already, or it cannot be written.
    """
    save_weights(folder, KIND, network, report, model_card(asdict(report)), overwrite)


def load_weights(
    folder: str | Path, kind: str, new: Callable[[dict[str, Any]], Network], device: str
) -> tuple[Network, ReconstructionReport]:
    """A network of a kind, in evaluation mode, and what was reported of it.

    Args:
        new: makes one that has not learnt anything, of its definitions.

    Raises:
        ModelError: no model, a damaged one, or one for something else.
        DeviceError: the device is not there.
    """
    resolve_device(device)
    weights, facts = read_facts(folder, [kind], _FORMAT, kind)
    try:
        network = new(facts["networks"])
        network.load_state_dict(dict(weights))
        told = dict(facts["report"])
        report = ReconstructionReport(**{**told, "measured": ReconstructionMeasured(**told["measured"])})
    except MISREAD as failure:
        raise damaged(folder) from failure
    return network.eval().to(device), report


def save_weights(
    folder: str | Path, kind: str, network: Any, report: ReconstructionReport, card: str, overwrite: bool
) -> None:
    """Write a network of a kind that has `definitions`, what is reported of it, and its model card.

    Raises:
        OutputExistsError: there is one already, or it cannot be written.
    """
    told: dict[str, Any] = asdict(report)
    facts = {"kind": kind, "format": _FORMAT, "networks": network.definitions, "report": told}
    task = "to reconstruct vertebrae from a few X-rays"
    save_network(network, network.definitions, facts, task, card, folder, overwrite)


def _new(definitions: dict[str, Any]) -> ReconstructionNetwork:
    return ReconstructionNetwork(*(definition["features"] for definition in definitions.values()))
