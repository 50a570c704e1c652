"""The process that scikit-image runs in: `python -m xray3d.benchmarks.inpainting.biharmonic_worker scikit-image`."""

from __future__ import annotations

from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.serving import serve


class _Worker:
    def version(self) -> str:
        return import_module("skimage").__version__

    def fill(self, image: NDArray[np.float64], holes: NDArray[np.bool_]) -> NDArray[np.float64]:
        return import_module("skimage.restoration").inpaint_biharmonic(image, holes)


if __name__ == "__main__":
    serve(_Worker())
