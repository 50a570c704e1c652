"""Folders of models, told apart by what is in them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ModelFolder:
    """Where a model is.

    Attributes:
        path: of the folder.
        digest: of its files, by which a benchmark that goes on knows that it is still the same.
    """

    path: Path
    digest: str


def model_folder(path: Path) -> ModelFolder | None:
    """A model's folder; None where there is none."""
    if not path.is_dir():
        return None
    digest = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        digest.update(file.read_bytes())
    return ModelFolder(path, digest.hexdigest())
