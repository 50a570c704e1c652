"""What a renderer must offer to be benchmarked."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from xray3d.geometry import Projection


class Engine(ABC):
    """A renderer with its volume and geometry set up, so that only rendering is timed."""

    differentiable = True

    @abstractmethod
    def prepare(self, attenuation: NDArray[np.float32], ijk_to_ras: NDArray[np.float64], view: Projection) -> None:
        """Take a volume (K, J, I) in 1/mm and a geometry, and do everything that need not be repeated per image."""

    @abstractmethod
    def forward(self) -> NDArray[np.float32]:
        """Render one image (rows, cols) of dimensionless line integrals."""

    def forward_backward(self) -> NDArray[np.float32]:
        """Render one image, differentiate it by the six parameters of a rigid pose, and return the derivative."""
        raise NotImplementedError(f"{type(self).__name__} has no derivatives")

    def forward_seconds(self) -> float:
        """How long one `forward` takes."""
        return seconds_of(self.forward)

    def forward_backward_seconds(self) -> float:
        """How long one `forward_backward` takes."""
        return seconds_of(self.forward_backward)


def seconds_of(action: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


OURS = "xray3d"
RTK = "itk-rtk 2.7"
NANODRR = "nanodrr 0.1.7"
OURS_CUDA = "xray3d on CUDA"
NANODRR_TRITON = "nanodrr 0.1.7 Triton"

ENGINES: dict[str, str] = {
    OURS: "xray3d_renderer:XRay3DEngine",
    RTK: "rtk_joseph:RTKJosephEngine",
    "plastimatch 1.10": "plastimatch_exact:PlastimatchEngine",
    NANODRR: "nanodrr_torch:NanoDRREngine",
    "diffdrr 0.6.1 trilinear": "diffdrr_torch:DiffDRRTrilinearEngine",
    "diffdrr 0.6.1 Siddon": "diffdrr_torch:DiffDRRSiddonEngine",
    OURS_CUDA: "xray3d_renderer:XRay3DCudaEngine",
    NANODRR_TRITON: "nanodrr_torch:NanoDRRTritonEngine",
}
"""Display name to module and class in this folder."""

CPU_ENGINES = tuple(name for name in ENGINES if name not in (OURS_CUDA, NANODRR_TRITON))


def create_engine(name: str) -> Engine:
    """The engine called `name`; ImportError where its package is not installed."""
    module, class_name = ENGINES[name].split(":")
    return getattr(import_module(f"{__package__}.{module}"), class_name)()
