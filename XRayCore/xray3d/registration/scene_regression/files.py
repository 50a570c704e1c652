"""Networks in model folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import monai
import numpy as np
import torch

from xray3d import __version__
from xray3d.errors import ModelError
from xray3d.models.bundle import Bundle, load_bundle, save_bundle
from xray3d.registration.scene_regression.network import NETWORKS, SceneCoordinateNetwork

_FORMAT = 4
# What facts of the wrong shape raise where they are read.
MISREAD = (AttributeError, LookupError, TypeError, ValueError, RuntimeError)


def save_network(
    network: SceneCoordinateNetwork,
    facts: Mapping[str, Any],
    task: str,
    card: str,
    folder: str | Path,
    overwrite: bool,
) -> None:
    """Write a model's folder.

    Args:
        facts: what this project needs to know of it beside the network, its "kind" first of all.
        task: what it is for.
        card: the model card.

    Raises:
        OutputExistsError: there is one already, or it cannot be written.
    """
    metadata = {
        "version": __version__,
        "monai_version": monai.__version__,
        "pytorch_version": torch.__version__,
        "numpy_version": np.__version__,
        "task": task,
        "xray3d": {"format": _FORMAT, "network": {"compares": network.compares, "features": network.features}, **facts},
    }
    save_bundle(Bundle(network.state_dict(), metadata, {"network_def": network.definition}, card), folder, overwrite)


def read_network(folder: str | Path, kinds: Sequence[str]) -> tuple[SceneCoordinateNetwork, dict[str, Any]]:
    """The network, in evaluation mode, and the facts that `save_network` was given.

    Raises:
        ModelError: no model, a damaged one, or one of another kind.
    """
    bundle = load_bundle(folder)
    facts = bundle.metadata.get("xray3d")
    if not isinstance(facts, dict) or facts.get("kind") not in kinds or facts.get("format") != _FORMAT:
        raise ModelError(f"{folder} holds a model for something else; choose one trained for scene coordinates.")
    try:
        of_network = facts["network"]
        network = NETWORKS[bool(of_network["compares"])](of_network["features"])
        network.load_state_dict(dict(bundle.weights))
    except MISREAD as failure:
        raise damaged(folder) from failure
    return network.eval(), facts


def damaged(folder: str | Path) -> ModelError:
    """What to raise of a model that says something impossible."""
    return ModelError(f"The model in {folder} is damaged; copy it again or train it anew.")
