"""DiffDRR's registration module (Gopalakrishnan and Golland, 2022) and its similarities."""

from __future__ import annotations

import numpy as np
import torch
from diffdrr.data import read
from diffdrr.drr import DRR
from diffdrr.pose import RigidTransform
from numpy.typing import NDArray
from torchio import ScalarImage

from xray3d.benchmarks.registration.peer_adapter import PeerAdapter, as_batch, as_rigid
from xray3d.benchmarks.registration.torchvision_standin import stand_in_for_torchvision
from xray3d.geometry import Projection

stand_in_for_torchvision()
from diffdrr.metrics import GradientNormalizedCrossCorrelation2d, MultiscaleNormalizedCrossCorrelation2d  # noqa: E402
from diffdrr.registration import Registration  # noqa: E402

# Its detector runs up and leftwards: half a turn about the viewing axis from ours.
_HALF_TURN = np.diag([-1.0, -1.0, 1.0, 1.0])
_ROTATION, _AXES = "euler_angles", "ZXY"


class DiffDRRRegistration(PeerAdapter):
    """DiffDRR with its trilinear renderer at its default of 500 samples a ray.

    As in its tutorials the CT's middle is the origin and the pose is a C-arm's: angles about the patient's axes from
    the anterior-posterior view, then the source's place in the turned frame.
    """

    def __init__(self) -> None:
        self._multiscale = MultiscaleNormalizedCrossCorrelation2d([None, 9], [0.5, 0.5])
        self._gradient = GradientNormalizedCrossCorrelation2d(patch_size=11, sigma=0.0)

    def prepare(self, hu: NDArray[np.float32], ijk_to_ras: NDArray[np.float64]) -> None:
        """It takes Hounsfield units and scales them to 0 .. 1."""
        image = ScalarImage(tensor=torch.from_numpy(hu).permute(2, 1, 0)[None], affine=ijk_to_ras)
        self._to_ras = np.eye(4)
        self._to_ras[:3, 3] = image.get_center()
        self._subject = read(image, orientation="AP", center_volume=True)
        self._reorient = self._subject.reorient.numpy().astype(float)

    def image(self, view: Projection) -> NDArray[np.float32]:
        """No gradients recorded."""
        with torch.no_grad():
            return self._renderer(view)(self._pose(view))[0, 0].numpy()

    def begin(self, view: Projection) -> None:
        """Its parameters are the whole pose."""
        rotation, translation = self._pose(view).convert(_ROTATION, _AXES)
        self._module = Registration(self._renderer(view), rotation, translation, _ROTATION, _AXES)

    def render(self) -> torch.Tensor:
        """As its module does."""
        return self._module()

    @property
    def pose_parameters(self) -> tuple[torch.nn.Parameter, torch.nn.Parameter]:
        """Euler angles and translation."""
        return self._module.rotation, self._module.translation

    @property
    def extrinsic(self) -> NDArray[np.float64]:
        """Out of its own frame: the inverse of `_pose`."""
        camera_to_ras = self._to_ras @ as_rigid(self._module.pose.matrix) @ self._reorient @ _HALF_TURN
        return np.linalg.inv(camera_to_ras)

    def similarity(self, xray: torch.Tensor, drr: torch.Tensor) -> torch.Tensor:
        """Half multiscale, half gradient normalised cross correlation, in the patches that xvr has."""
        return 0.5 * (self._multiscale(xray, drr) + self._gradient(xray, drr))

    def _pose(self, view: Projection) -> RigidTransform:
        camera_to_ras = np.linalg.inv(view.extrinsic) @ _HALF_TURN @ np.linalg.inv(self._reorient)
        return RigidTransform(as_batch(np.linalg.inv(self._to_ras) @ camera_to_ras))

    def _renderer(self, view: Projection) -> DRR:
        (rows, cols), (row_mm, col_mm) = view.size_px, view.pixel_mm
        across_px, down_px = view.intrinsic[:2, 2] - [(cols - 1) / 2, (rows - 1) / 2]
        offsets = {"x0": float(col_mm * across_px), "y0": float(row_mm * down_px)}
        return DRR(self._subject, view.sdd_mm, rows, col_mm, cols, row_mm, **offsets, renderer="trilinear")
