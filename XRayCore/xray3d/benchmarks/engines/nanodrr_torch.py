"""nanodrr: trilinear ray marching in torch, with a fused Triton kernel on NVIDIA GPUs."""

from __future__ import annotations

import numpy as np
import torch
from nanodrr.data import Subject
from nanodrr.drr import DRR
from nanodrr.geometry import convert
from numpy.typing import NDArray
from torchio import ScalarImage

from xray3d.benchmarks.engines.base import Engine, seconds_of
from xray3d.benchmarks.job import THREADS, batch_of_views
from xray3d.geometry import Projection

_TINY_ROTATION_RAD = 1e-6


class NanoDRREngine(Engine):
    """nanodrr with its default of 500 samples a ray."""

    def prepare(self, attenuation: NDArray[np.float32], ijk_to_ras: NDArray[np.float64], view: Projection) -> None:
        """Its camera is ours but for the pixel's corner as origin; its world is RAS."""
        torch.set_num_threads(THREADS)
        tensor = torch.from_numpy(attenuation.transpose(2, 1, 0)[None].copy())
        self._subject = Subject.from_images(ScalarImage(tensor=tensor, affine=ijk_to_ras), convert_to_mu=False)
        corner_origin = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
        k_inv = _tensor(np.linalg.inv(corner_origin @ view.intrinsic))
        self._drr = DRR(k_inv, torch.tensor([view.sdd_mm], dtype=torch.float32), *view.size_px)
        self._pose = _tensor(np.linalg.inv(view.extrinsic))

    def forward(self) -> NDArray[np.float32]:
        """No gradients recorded."""
        with torch.no_grad():
            return self._drr(self._subject, self._pose)[0, 0].numpy()

    def forward_backward(self) -> NDArray[np.float32]:
        """The gradient (6,) of the image's sum: the one backward pass that its registration makes per step."""
        # As in its own Registration: no rotation at all would have no derivative.
        rotation = torch.full((1, 3), _TINY_ROTATION_RAD, requires_grad=True)
        translation = torch.zeros(1, 3, requires_grad=True)
        self._drr(self._subject, self._pose @ convert(rotation, translation, "so3_log")).sum().backward()
        gradients = (parameter.grad for parameter in (translation, rotation))
        return torch.cat([gradient[0] for gradient in gradients if gradient is not None]).numpy()


class NanoDRRTritonEngine(NanoDRREngine):
    """Its fused Triton kernel on an NVIDIA GPU: a batch of views that stays on the device."""

    differentiable = False

    def prepare(self, attenuation: NDArray[np.float32], ijk_to_ras: NDArray[np.float64], view: Projection) -> None:
        """As on the CPU, then moved."""
        super().prepare(attenuation, ijk_to_ras, view)
        self._subject, self._drr = self._subject.cuda(), self._drr.cuda()
        self._pose = torch.cat([_tensor(np.linalg.inv(one.extrinsic)) for one in batch_of_views(view)]).cuda()

    def forward(self) -> NDArray[np.float32]:
        """The first image of the batch."""
        return self._render()[0, 0].cpu().numpy()

    def forward_seconds(self) -> float:
        """Until the device has finished, without bringing the images to the host."""
        return seconds_of(self._render)

    def _render(self) -> torch.Tensor:
        with torch.no_grad():
            images = self._drr(self._subject, self._pose, backend="triton")
        torch.cuda.synchronize()
        return images


def _tensor(matrix: NDArray[np.floating]) -> torch.Tensor:
    return torch.from_numpy(matrix).float()[None]
