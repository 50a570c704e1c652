"""Networks in model folders, whatever they are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import monai
import numpy as np
import torch
from torch import nn

from xray3d import __version__
from xray3d.errors import ModelError
from xray3d.models.bundle import Bundle, load_bundle, save_bundle

# What facts of the wrong shape raise where they are read.
MISREAD = (AttributeError, LookupError, TypeError, ValueError, RuntimeError)


def save_network(
    network: nn.Module,
    definition: Mapping[str, Any],
    facts: Mapping[str, Any],
    task: str,
    card: str,
    folder: str | Path,
    overwrite: bool,
) -> None:
    """Write a model's folder.

    Args:
        definition: of the network, in MONAI's configuration language.
        facts: what this project needs to know of it, its "kind" and "format" first of all.
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
        "xray3d": dict(facts),
    }
    save_bundle(Bundle(network.state_dict(), metadata, {"network_def": dict(definition)}, card), folder, overwrite)


def read_facts(
    folder: str | Path, kinds: Sequence[str], version: int, purpose: str
) -> tuple[Mapping[str, torch.Tensor], dict[str, Any]]:
    """The weights of a network, and the facts that `save_network` was given.

    Args:
        kinds: of which it may be.
        version: of the format.
        purpose: what messages say a model should be trained for.

    Raises:
        ModelError: no model, a damaged one, or one of another kind.
    """
    bundle = load_bundle(folder)
    facts = bundle.metadata.get("xray3d")
    if not isinstance(facts, dict) or facts.get("kind") not in kinds or facts.get("format") != version:
        raise ModelError(f"{folder} holds a model for something else; choose one trained for {purpose}.")
    return bundle.weights, facts


def damaged(folder: str | Path) -> ModelError:
    """What to raise of a model that says something impossible."""
    return ModelError(f"The model in {folder} is damaged; copy it again or train it anew.")
