"""Scene-coordinate networks in model folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xray3d.models import network_files
from xray3d.models.network_files import MISREAD, damaged, read_facts
from xray3d.registration.scene_regression.network import NETWORKS, SceneCoordinateNetwork

_FORMAT = 4


def save_network(
    network: SceneCoordinateNetwork, facts: Mapping[str, Any], task: str, card: str, folder: str | Path, overwrite: bool
) -> None:
    """Write a model's folder.

    Args:
        facts: what this project needs to know of it beside the network, its "kind" first of all.
        task: what it is for.
        card: the model card.

    Raises:
        OutputExistsError: there is one already, or it cannot be written.
    """
    of_network = {"compares": network.compares, "features": network.features}
    facts = {"format": _FORMAT, "network": of_network, **facts}
    network_files.save_network(network, network.definition, facts, task, card, folder, overwrite)


def read_network(folder: str | Path, kinds: Sequence[str]) -> tuple[SceneCoordinateNetwork, dict[str, Any]]:
    """The network, in evaluation mode, and the facts that `save_network` was given.

    Raises:
        ModelError: no model, a damaged one, or one of another kind.
    """
    weights, facts = read_facts(folder, kinds, _FORMAT, "scene coordinates")
    try:
        of_network = facts["network"]
        network = NETWORKS[bool(of_network["compares"])](of_network["features"])
        network.load_state_dict(dict(weights))
    except MISREAD as failure:
        raise damaged(folder) from failure
    return network.eval(), facts
