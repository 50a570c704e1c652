"""nanodrr's registration module and its similarities."""

from __future__ import annotations

import numpy as np
import torch
from nanodrr.data import Subject
from nanodrr.drr import DRR
from nanodrr.metrics import GradientNormalizedCrossCorrelation2d, MultiscaleNormalizedCrossCorrelation2d
from nanodrr.registration import Registration
from numpy.typing import NDArray
from torchio import ScalarImage

from xray3d.benchmarks.registration.peer_adapter import PeerAdapter, as_batch, as_rigid
from xray3d.geometry import Projection

# Its pixels are counted from the corner of the first, ours from its centre.
_TO_CORNER = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])


class NanoDRRRegistration(PeerAdapter):
    """nanodrr at its default of 500 samples a ray."""

    def __init__(self) -> None:
        self._multiscale = MultiscaleNormalizedCrossCorrelation2d([None, 9], [0.5, 0.5])
        self._gradient = GradientNormalizedCrossCorrelation2d(patch_size=11, sigma=0.0)

    def prepare(self, hu: NDArray[np.float32], ijk_to_ras: NDArray[np.float64]) -> None:
        """Its world is RAS; it takes Hounsfield units."""
        tensor = torch.from_numpy(hu).permute(2, 1, 0)[None]
        self._subject = Subject.from_images(ScalarImage(tensor=tensor, affine=ijk_to_ras))

    def image(self, view: Projection) -> NDArray[np.float32]:
        """No gradients recorded."""
        with torch.no_grad():
            drr = DRR(_inverse_intrinsic(view), torch.tensor([view.sdd_mm]).float(), *view.size_px)
            return drr(self._subject, as_batch(np.linalg.inv(view.extrinsic)))[0, 0].numpy()

    def begin(self, view: Projection) -> None:
        """Its parameters turn and shift the camera about the middle of the CT, from the pose given."""
        camera_to_ras = as_batch(np.linalg.inv(view.extrinsic))
        sdd_mm = torch.tensor([view.sdd_mm]).float()
        self._module = Registration(self._subject, camera_to_ras, _inverse_intrinsic(view), sdd_mm, *view.size_px)

    def render(self) -> torch.Tensor:
        """As its module does."""
        return self._module()

    @property
    def pose_parameters(self) -> tuple[torch.nn.Parameter, torch.nn.Parameter]:
        """Logarithm of the rotation, and translation."""
        return self._module._rot, self._module._xyz

    @property
    def extrinsic(self) -> NDArray[np.float64]:
        """The inverse of its pose."""
        return np.linalg.inv(as_rigid(self._module.pose)).astype(np.float64)

    def similarity(self, xray: torch.Tensor, drr: torch.Tensor) -> torch.Tensor:
        """Half multiscale, half gradient normalised cross correlation, in the patches that xvr has."""
        return 0.5 * (self._multiscale(xray, drr) + self._gradient(xray, drr))


def _inverse_intrinsic(view: Projection) -> torch.Tensor:
    return as_batch(np.linalg.inv(_TO_CORNER @ view.intrinsic))
