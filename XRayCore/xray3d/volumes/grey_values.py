"""Grey values in the type of numbers that an image has."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray


def of_type(pixels: NDArray[np.floating], dtype: DTypeLike) -> NDArray:
    """Pixels of any shape, rounded and clipped where the type is one of whole numbers."""
    dtype = np.dtype(dtype)
    if dtype.kind not in "iu":
        return pixels.astype(dtype if dtype.kind == "f" else float)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(pixels), limits.min, limits.max).astype(dtype)
