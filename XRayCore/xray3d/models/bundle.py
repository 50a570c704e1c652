"""A trained model as a MONAI bundle: a folder that says what it is, can be looked into, and is safe to open.

The layout is that of the MONAI bundle specification; the weights are safetensors, which hold numbers and nothing that
runs. What MONAI has no field for is in the metadata under "xray3d". Where bytes count, the weights are compressed.
"""

from __future__ import annotations

import gzip
import json
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from safetensors import SafetensorError
from safetensors.torch import load, load_file, save, save_file
from torch import Tensor

from xray3d.errors import ModelError, OutputExistsError
from xray3d.models.quantized import dequantized, quantized

METADATA, INFERENCE = Path("configs/metadata.json"), Path("configs/inference.json")
WEIGHTS, CARD = Path("models/model.safetensors"), Path("docs/README.md")
COMPRESSED = WEIGHTS.with_name(f"{WEIGHTS.name}.gz")
"""In place of `WEIGHTS`."""
_GZIP_BITS = 16 + zlib.MAX_WBITS
_FILES = (METADATA, INFERENCE, WEIGHTS, COMPRESSED, CARD)


@dataclass(frozen=True, eq=False)
class Bundle:
    """What a model's folder holds.

    Attributes:
        weights: of the network, by name.
        metadata: what the model is; under "xray3d" what this project needs to use it.
        inference: the network in MONAI's configuration language, under "network_def".
        card: the model card, in Markdown.
        is_compressed: whether its weights are stored in as few bytes as can be.
    """

    weights: Mapping[str, Tensor]
    metadata: Mapping[str, Any]
    inference: Mapping[str, Any]
    card: str
    is_compressed: bool = False


def save_bundle(bundle: Bundle, folder: str | Path, overwrite: bool = False) -> None:
    """Write the folder whole or not at all: it is made beside its place and then put there.

    Raises:
        OutputExistsError: the folder is there and is not to be overwritten, is something else than a model, or cannot
            be written.
    """
    folder = Path(folder)
    check_bundle_output(folder, overwrite)
    place = folder.absolute()
    making, replaced = (place.with_name(f".{place.name}-{uuid4().hex}") for _ in range(2))
    try:
        _write(bundle, making)
        if place.exists():
            place.rename(replaced)
        making.rename(place)
    except (OSError, SafetensorError) as failure:
        raise OutputExistsError(f"{folder} cannot be written; check permissions and the space left.") from failure
    finally:
        if replaced.exists() and not place.exists():
            replaced.rename(place)
        for left in (making, replaced):
            shutil.rmtree(left, ignore_errors=True)


def _write(bundle: Bundle, folder: Path) -> None:
    for file in _FILES:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
    weights = {name: weight.contiguous().cpu() for name, weight in bundle.weights.items()}
    if bundle.is_compressed:
        (folder / COMPRESSED).write_bytes(_compressed(save(weights)))
    else:
        save_file(weights, folder / WEIGHTS)
    for file, content in ((METADATA, bundle.metadata), (INFERENCE, bundle.inference)):
        (folder / file).write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    (folder / CARD).write_text(bundle.card, encoding="utf-8")


def _compressed(content: bytes) -> bytes:
    """As gzip has it, by how often each byte is there alone: weights do not repeat, and to say so costs bytes."""
    deflate = zlib.compressobj(zlib.Z_BEST_COMPRESSION, zlib.DEFLATED, _GZIP_BITS, strategy=zlib.Z_HUFFMAN_ONLY)
    return deflate.compress(content) + deflate.flush()


def check_bundle_output(folder: Path, overwrite: bool) -> None:
    """Refuse a folder before the work whose result it is to hold.

    Raises:
        OutputExistsError: it is there and is not to be overwritten, or is something else than a model.
    """
    if not folder.exists():
        if not folder.absolute().parent.is_dir():
            raise OutputExistsError(f"The folder of {folder} does not exist; make it first or choose another.")
    elif folder.is_file() or (any(folder.iterdir()) and not (folder / METADATA).is_file()):
        raise OutputExistsError(f"{folder} holds something else than a model; choose another folder.")
    elif any(folder.iterdir()) and not overwrite:
        raise OutputExistsError(f"{folder} holds a model already; choose another folder or ask to overwrite it.")


def load_bundle(folder: str | Path) -> Bundle:
    """Read a model's folder.

    Raises:
        ModelError: it is not there, is no bundle, or is damaged.
    """
    folder = Path(folder)
    if not (folder / METADATA).is_file():
        raise ModelError(f"{folder} holds no model: there is no {METADATA.as_posix()} in it; choose a model's folder.")
    try:
        metadata, inference = (
            json.loads((folder / file).read_text(encoding="utf-8")) for file in (METADATA, INFERENCE)
        )
        is_compressed = (folder / COMPRESSED).is_file()
        stored = (
            load(gzip.decompress((folder / COMPRESSED).read_bytes())) if is_compressed else load_file(folder / WEIGHTS)
        )
        card = (folder / CARD).read_text(encoding="utf-8")
        weights = dequantized(stored)
    except (OSError, EOFError, ValueError, zlib.error, SafetensorError) as failure:
        raise _damaged(folder) from failure
    if not isinstance(metadata, dict) or not isinstance(inference, dict):
        raise _damaged(folder)
    return Bundle(weights, metadata, inference, card, is_compressed)


def make_small(folder: str | Path, bits: int = 8) -> None:
    """Store a model's weights in a quarter of their bytes or fewer, for the repository; `load_bundle` reads both.

    Args:
        bits: of each weight, see `quantized`.

    Raises:
        ModelError, OutputExistsError: as `load_bundle` and `save_bundle`.
    """
    bundle = load_bundle(folder)
    small = replace(bundle, weights=quantized(bundle.weights, bits), is_compressed=True)
    save_bundle(small, folder, overwrite=True)


def written_ns(folder: str | Path) -> tuple[int, ...]:
    """When each file of a model's folder was written last; 0 for one that is not there. Another model has others."""
    files = [Path(folder) / file for file in _FILES]
    return tuple(file.stat().st_mtime_ns if file.is_file() else 0 for file in files)


def _damaged(folder: Path) -> ModelError:
    return ModelError(f"The model in {folder} is damaged or incomplete; copy it again or train it anew.")
