"""The process that is timed: `python -m xray3d.benchmarks.inpainting.speed_worker xray3d`."""

from __future__ import annotations

import time

import numpy as np
import torch
from numpy.typing import NDArray

from xray3d.benchmarks.job import THREADS
from xray3d.benchmarks.memory import peak_resident_bytes, resident_bytes
from xray3d.benchmarks.serving import serve
from xray3d.inpainting.inpainter import Inpainter


class _Worker:
    def start(self) -> int:
        """Load the networks; memory held then, in bytes."""
        torch.set_num_threads(THREADS)
        self._inpainter = Inpainter.shipped()
        return resident_bytes()

    def seconds(self, image: NDArray, metal: NDArray[np.bool_]) -> float:
        """Look for metal, and paint it out: where it is, for of what was not found nothing would be painted."""
        start = time.perf_counter()
        self._inpainter.find(image)
        self._inpainter.paint(image, metal)
        return time.perf_counter() - start

    def peak_resident_bytes(self) -> int:
        return peak_resident_bytes()


if __name__ == "__main__":
    serve(_Worker())
