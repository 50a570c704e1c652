"""One vertebra from a few X-rays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import label, map_coordinates
from torch import nn

from xray3d.errors import GeometryError, VolumeError
from xray3d.geometry import Projection
from xray3d.models.levels import levelled
from xray3d.reconstruction.crops import crop_about
from xray3d.reconstruction.grid import GRID_SIZE_IJK, grid_about
from xray3d.reconstruction.model import SHIPPED, load_network
from xray3d.reconstruction.region import frame_of
from xray3d.reconstruction.source import VIEW_PX
from xray3d.volumes import XRayImage
from xray3d.volumes.isosurface import isosurface

INSIDE = 0.5
"""What is likelier inside a bone than not."""

# What rises less is not known at all: to 20 mm.
_LEAST_SLOPE_PER_MM = 0.02


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """A bone in space.

    Attributes:
        occupancy: (K, J, I) float32, how likely it is that a voxel is inside, 0 to 1.
        ijk_to_ras: (4, 4) of these voxels, in mm.
    """

    occupancy: NDArray[np.float32]
    ijk_to_ras: NDArray[np.float64]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """(K, J, I) the largest piece that is likely inside; there is one bone."""
        pieces, count = label(self.occupancy > INSIDE)
        if not count:
            return pieces > 0
        return np.asarray(pieces == 1 + np.bincount(pieces.ravel())[1:].argmax())

    @property
    def volume_ml(self) -> float:
        """Of what is inside."""
        return float(self.inside.sum() * abs(np.linalg.det(self.ijk_to_ras[:3, :3])) / 1000)

    def mesh(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Vertices (n, 3) in RAS mm and triangles (m, 3), counter-clockwise from outside, of one closed surface.

        Raises:
            VolumeError: there is nothing inside.
        """
        inside = self.inside
        if not inside.any():
            raise VolumeError("Nothing was reconstructed; is there a vertebra where the X-rays are said to see one?")
        kept = np.where(inside, self.occupancy, np.minimum(self.occupancy, INSIDE * 0.98))
        padded, to_ras = np.pad(kept, 1), self.ijk_to_ras.copy()
        to_ras[:3, 3] -= to_ras[:3, :3].sum(axis=1)
        return isosurface(padded, INSIDE, to_ras, smoothed=True)

    def sigma_mm(self, vertices_ras: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far off the surface may be at vertices (n, 3) of it, (n,) one standard deviation along its normal.

        Where it is not known, occupancy rises across a surface as the chance that it has been passed, with the slope
        1/(√(2π) σ) at its middle, if that is normally distributed.
        """
        along_k, along_j, along_i = np.gradient(self.occupancy)
        per_voxel = np.stack([along_i, along_j, along_k], axis=-1)
        per_mm = per_voxel @ np.linalg.inv(self.ijk_to_ras[:3, :3])
        slope = np.linalg.norm(per_mm, axis=-1)
        to_ijk = np.linalg.inv(self.ijk_to_ras)
        kji = (np.asarray(vertices_ras) @ to_ijk[:3, :3].T + to_ijk[:3, 3]).T[::-1]
        at = map_coordinates(slope, kji, order=1, mode="nearest")
        return np.asarray(1 / (np.sqrt(2 * np.pi) * np.maximum(at, _LEAST_SLOPE_PER_MM)), float)


class Reconstructor:
    """A network at work.

    Args:
        network: a `ReconstructionNetwork` in evaluation mode, or one that is shown and says the same.
    """

    def __init__(self, network: nn.Module) -> None:
        self._network = network

    @classmethod
    def shipped(cls, device: str = "cpu") -> Reconstructor:
        """With the network that comes with the library.

        Raises:
            ModelError: it is damaged.
            DeviceError: the device is not there.
        """
        return cls(load_network(SHIPPED, device)[0])

    def reconstruct(self, xrays: Sequence[XRayImage], region: ArrayLike) -> Reconstruction:
        """See `reconstruct`."""
        if not xrays:
            raise VolumeError("There is no X-ray to reconstruct from; give at least one.")
        frame = frame_of(region)
        crops = []
        for xray in xrays:
            if not np.ptp(xray.pixels) > 0:
                raise VolumeError(f"{xray.name} has one grey value; choose another X-ray.")
            try:
                crops.append(crop_about(xray.pixels, xray.projection, frame[:3, 3], VIEW_PX))
            except GeometryError as wrong:
                raise GeometryError(f"{xray.name}: {wrong}") from wrong
        to_ras = grid_about(frame)
        device = next(self._network.parameters()).device
        shown = levelled(torch.from_numpy(np.stack([part for part, _ in crops]))[:, None])[:, 0]
        matrices = np.stack([projection.matrix for _, projection in crops]).astype(np.float32)
        given = [shown[None], torch.from_numpy(matrices)[None], torch.from_numpy(to_ras.astype(np.float32))[None]]
        with torch.inference_mode():
            logits = self._network(*(of_all.to(device) for of_all in given), GRID_SIZE_IJK)
        return Reconstruction(torch.sigmoid(logits)[0, 0].cpu().numpy(), to_ras)


def reconstruct(
    xrays: Sequence[XRayImage], projections: Sequence[Projection] | None, roi: ArrayLike, device: str = "cpu"
) -> Reconstruction:
    """Reconstruct one vertebra, after X23D (Jecklin et al., J. Imaging 2022, 8(10):271).

    Args:
        xrays: of the same bone, one or more, on any grey scale, attenuation bright or dark.
        projections: of each, in place of its own; None for its own.
        roi: see `frame_of`.
        device: "cpu", "cuda" or "cuda:N".

    Raises:
        VolumeError: no X-ray, or one that shows nothing.
        GeometryError: an X-ray that does not see the place, no place, or another number of projections.
        DeviceError: the device is not there.
    """
    if projections is not None:
        if len(projections) != len(xrays):
            raise GeometryError(f"There are {len(projections)} projections for {len(xrays)} X-rays; give one for each.")
        xrays = [replace(xray, projection=one) for xray, one in zip(xrays, projections, strict=True)]
    return _shipped(device).reconstruct(xrays, roi)


@lru_cache(maxsize=2)
def _shipped(device: str) -> Reconstructor:
    return Reconstructor.shipped(device)
