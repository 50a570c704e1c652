"""HDF5 files of public data sets, with one clear sentence where one cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from xray3d.datasets.registration_case import DataSetError
from xray3d.errors import XRay3DError
from xray3d.files import require_file


@contextmanager
def open_hdf5(path: Path, data_set: str) -> Iterator[Any]:
    """The open file, an `h5py.File`.

    Whatever goes wrong with reading from it within the context becomes a DataSetError that names the file.

    Args:
        data_set: what the file should be, for messages.
    """
    require_file(path, DataSetError)
    try:
        import h5py  # type: ignore[import-untyped]
    except ImportError as missing:
        raise DataSetError(f"Reading {path} needs h5py; install it: pip install h5py.") from missing
    try:
        with h5py.File(path, "r") as file:
            yield file
    except XRay3DError:
        raise
    except (KeyError, OSError, ValueError, TypeError) as failure:
        detail = failure.args[0] if failure.args else type(failure).__name__
        raise DataSetError(
            f"{path} is not the {data_set} file, or is damaged ({detail}); download it again."
        ) from failure


def number(group: Any, name: str) -> float:
    """A single number of a group."""
    return float(np.asarray(group[name][()]).item())


def matrix(group: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of a group as float64 of the given shape; ValueError where there are more or fewer."""
    return np.asarray(group[name][()], float).reshape(shape)
