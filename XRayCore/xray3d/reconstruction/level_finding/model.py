"""A trained network that finds levels as a folder, what it learnt from, and how well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import xray3d
from xray3d.drr.device import resolve_device
from xray3d.models.network_files import MISREAD, damaged, read_facts, save_network
from xray3d.models.training.course import Course
from xray3d.reconstruction.level_finding.card import model_card
from xray3d.reconstruction.level_finding.lesson import LevelsMeasured
from xray3d.reconstruction.level_finding.network import LevelNetwork

KIND = "vertebrae on X-rays"
SHIPPED = Path(xray3d.__file__).parent / "models" / "shipped" / "x23d_levels"

_FORMAT = 2


@dataclass(frozen=True)
class LevelReport(Course):
    """How a network came about, and what it measured on spines that it had not seen.

    Attributes:
        measured: on single X-rays.
        cts: names of the CTs that it learnt from.
        vertebrae: how many it learnt from.
    """

    measured: LevelsMeasured
    cts: Sequence[str]
    vertebrae: int


def load_network(folder: str | Path, device: str = "cpu") -> tuple[LevelNetwork, LevelReport]:
    """Read a model, in evaluation mode.

    Raises:
        ModelError: no model, a damaged one, or one for something else.
        DeviceError: the device is not there.
    """
    resolve_device(device)
    weights, facts = read_facts(folder, [KIND], _FORMAT, "finding vertebrae on X-rays")
    try:
        network = LevelNetwork(facts["features"])
        network.load_state_dict(dict(weights))
        told = dict(facts["report"])
        report = LevelReport(**{**told, "measured": LevelsMeasured(**told["measured"])})
    except MISREAD as failure:
        raise damaged(folder) from failure
    return network.eval().to(device), report


def save_model(folder: str | Path, network: LevelNetwork, report: LevelReport, overwrite: bool = False) -> None:
    """Write a model.

    Raises:
        OutputExistsError: there is one already, or it cannot be written.
    """
    told: dict[str, Any] = asdict(report)
    facts = {"kind": KIND, "format": _FORMAT, "features": network.definition["features"], "report": told}
    task = "to find vertebrae on X-rays"
    save_network(network, network.definition, facts, task, model_card(told), folder, overwrite)
