"""This project's renderer."""

from __future__ import annotations

import numpy as np
import warp as wp
from numpy.typing import NDArray

from xray3d.benchmarks.engines.base import Engine, seconds_of
from xray3d.benchmarks.job import batch_of_views
from xray3d.drr.renderer import DRRRenderer
from xray3d.geometry import Projection
from xray3d.volumes.attenuation import REFERENCE_ENERGY_KEV, water_attenuation_per_mm
from xray3d.volumes.ct import CTVolume


class XRay3DEngine(Engine):
    """`xray3d.DRRRenderer` on the CPU; its derivative is the whole image's pose Jacobian (rows, cols, 6)."""

    def prepare(self, attenuation: NDArray[np.float32], ijk_to_ras: NDArray[np.float64], view: Projection) -> None:
        """Hand the volume over as the Hounsfield units that have this attenuation."""
        self._renderer = DRRRenderer(_as_ct(attenuation, ijk_to_ras), device="cpu")
        self._view = view

    def forward(self) -> NDArray[np.float32]:
        """Line integrals alone."""
        return self._renderer.render(self._view)

    def forward_backward(self) -> NDArray[np.float32]:
        """Line integrals and their Jacobian in one pass."""
        return self._renderer.render_with_jacobian(self._view)[1]


class XRay3DCudaEngine(Engine):
    """The same on an NVIDIA GPU: a batch of views that stays on the device."""

    differentiable = False

    def prepare(self, attenuation: NDArray[np.float32], ijk_to_ras: NDArray[np.float64], view: Projection) -> None:
        """As on the CPU."""
        self._renderer = DRRRenderer(_as_ct(attenuation, ijk_to_ras), device="cuda")
        self._views = batch_of_views(view)

    def forward(self) -> NDArray[np.float32]:
        """The first image of the batch."""
        return self._render().numpy()[0]

    def forward_seconds(self) -> float:
        """Until the device has finished, without bringing the images to the host."""
        return seconds_of(self._render)

    def _render(self) -> wp.array:
        images = self._renderer.render_on_device(self._views)
        wp.synchronize_device(self._renderer.device)
        return images


def _as_ct(attenuation: NDArray[np.float32], ijk_to_ras: NDArray[np.float64]) -> CTVolume:
    hu = attenuation * np.float32(1000.0 / water_attenuation_per_mm(REFERENCE_ENERGY_KEV))
    hu -= np.float32(1000.0)
    return CTVolume(hu, ijk_to_ras, "benchmark phantom")
