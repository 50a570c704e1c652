"""What a peer must offer for its own registration to be run beside ours."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray

from xray3d.geometry import Projection


class PeerAdapter(ABC):
    """A peer's renderer and registration module, spoken to in this project's conventions."""

    @abstractmethod
    def prepare(self, hu: NDArray[np.float32], ijk_to_ras: NDArray[np.float64]) -> None:
        """Take a CT (K, J, I) in Hounsfield units, and turn it into attenuation as the peer does for its users."""

    @abstractmethod
    def image(self, view: Projection) -> NDArray[np.float32]:
        """The peer's DRR (rows, cols), in its own unit."""

    @abstractmethod
    def begin(self, view: Projection) -> None:
        """Set up the peer's registration module at this pose and on this pixel grid."""

    @abstractmethod
    def render(self) -> torch.Tensor:
        """The DRR (1, 1, rows, cols) at the present estimate, differentiable by `pose_parameters`."""

    @property
    @abstractmethod
    def pose_parameters(self) -> tuple[torch.nn.Parameter, torch.nn.Parameter]:
        """The module's rotation (rad) and translation (mm), (1, 3) each, which the optimiser changes."""

    @property
    @abstractmethod
    def extrinsic(self) -> NDArray[np.float64]:
        """The present estimate, RAS to camera (4, 4)."""

    @abstractmethod
    def similarity(self, xray: torch.Tensor, drr: torch.Tensor) -> torch.Tensor:
        """The peer's own similarity of two images (1, 1, rows, cols), at most 1."""


def as_batch(matrix: NDArray[np.floating]) -> torch.Tensor:
    """A matrix as a float32 batch of one."""
    return torch.from_numpy(np.asarray(matrix)).float()[None]


def as_rigid(batch: torch.Tensor) -> NDArray[np.float64]:
    """The only transform (4, 4) of a float32 batch, its rotation made orthonormal to double precision."""
    transform = batch[0].detach().numpy().astype(np.float64)
    left, _, right = np.linalg.svd(transform[:3, :3])
    transform[:3, :3] = left @ right
    return transform
