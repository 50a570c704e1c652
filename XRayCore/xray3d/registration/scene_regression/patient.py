"""A CT as the networks are shown it: line integrals, and where rays enter and leave bone, of any view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import warp as wp
from numpy.typing import ArrayLike
from torch import Tensor

from xray3d.datasets.pose_range import PoseRange
from xray3d.drr import DRRRenderer
from xray3d.drr.scene_coordinates import SceneCoordinateRenderer
from xray3d.geometry import Projection
from xray3d.registration.drr_library import DRRLibrary
from xray3d.registration.pyramid import coarser
from xray3d.registration.scene_regression.conventions import COORDINATE_MM, STRIDE
from xray3d.volumes import CTVolume
from xray3d.volumes.extension import extended
from xray3d.volumes.skeleton import skeleton

# Voxels for pixels that are so large at the patient, and for all that are smaller.
_ROUGH_MM, _ROUGH_PIXEL_MM, _FINE_MM = 4.0, 2.5, 2.0
_BEYOND_MM = 100.0


@dataclass(frozen=True, eq=False)
class Rendered:
    """One view of the CT, without any looks.

    Attributes:
        projection: of the line integrals.
        soft, bone: (rows, cols) line integrals at the reference energy, of soft tissue and of compact bone.
        points: (6, rows, cols) of a `STRIDE`-th of that size: where the ray enters and leaves bone, relative to the
            centre, in units of `COORDINATE_MM`; zero where not `valid`.
        valid: (rows, cols) bool: rays that meet bone where the CT shows it.
        known: (rows, cols) bool: rays of which that can be said: not those that meet bone beyond the CT.
        along: (3, rows, cols) unit directions of the rays in RAS.
    """

    projection: Projection
    soft: Tensor
    bone: Tensor
    points: Tensor
    valid: Tensor
    known: Tensor
    along: Tensor


class PatientRenderer:
    """A patient ready to be X-rayed a million times.

    Args:
        ct: the patient.
        center_ras: (3,) mm, what coordinates are relative to.
        bone_hu: what counts as bone.
        device: "cpu", "cuda" or "cuda:N".

    Raises:
        VolumeError: no bone above the threshold.
    """

    def __init__(self, ct: CTVolume, center_ras: ArrayLike, bone_hu: float, device: str = "cpu") -> None:
        longer = extended(ct, _BEYOND_MM)
        self.device, self.center_ras = torch.device(device), np.asarray(center_ras, float)
        self._renderer, self._rough = (
            DRRRenderer(coarser(longer.ct, voxel_mm), device) for voxel_mm in (_FINE_MM, _ROUGH_MM)
        )
        bones = extended(skeleton(ct, bone_hu), _BEYOND_MM).ct
        # A ray that grazes bone has its points at uncertain depths, but on it: a pose needs no more.
        self._scene = SceneCoordinateRenderer(bones, bone_hu, device, least_cosine=0.0)
        ras_to_ijk = np.linalg.inv(ct.ijk_to_ras)[longer.axis]
        self._along = torch.tensor(ras_to_ijk, dtype=torch.float32, device=self.device)
        self._last = longer.original - 1.0
        self._center = torch.tensor(self.center_ras, dtype=torch.float32, device=self.device)

    def has_source_outside(self, projection: Projection) -> bool:
        """Whether there is anything to see: a source within the patient shows nothing."""
        return self._renderer.has_source_outside(projection)

    def render(self, projections: Sequence[Projection]) -> list[Rendered]:
        """Views of one size, of which both sides are multiples of `STRIDE`."""
        soft, bone = self.line_integrals(projections)
        rows, columns = projections[0].size_px
        reduced = [projection.resampled((rows // STRIDE, columns // STRIDE)) for projection in projections]
        points, valid, known = self._scene_coordinates(reduced)
        fields = (projections, soft, bone, points, valid, known, self._directions(reduced))
        return [Rendered(*of_view) for of_view in zip(*fields, strict=True)]

    def line_integrals(self, projections: Sequence[Projection]) -> tuple[Tensor, Tensor]:
        """`Rendered.soft` and `Rendered.bone` of views of one size, (n, rows, cols) each."""
        first = projections[0]
        distance_mm = first.viewing_direction_ras @ (self.center_ras - first.source_ras)
        is_rough = distance_mm / first.intrinsic[0, 0] > _ROUGH_PIXEL_MM
        integrals = (self._rough if is_rough else self._renderer).render_materials(projections)
        return wp.to_torch(integrals.soft), wp.to_torch(integrals.bone)

    def library(self, poses: PoseRange) -> DRRLibrary:
        """What the patient looks like from everywhere in a range."""
        return DRRLibrary(self._rough, poses)

    def _scene_coordinates(self, projections: Sequence[Projection]) -> tuple[Tensor, Tensor, Tensor]:
        """`points`, `valid` and `known` of all the views."""
        maps = self._scene.render_maps_on_device(projections)
        points, meets = wp.to_torch(maps.points_ras).nan_to_num(0.0), wp.to_torch(maps.valid)
        valid = meets.clone()
        for first in (0, 3):
            index = points[..., first : first + 3] @ self._along[:3] + self._along[3]
            valid &= (index > 0) & (index < self._last)
        relative = (points - self._center.repeat(2)) / COORDINATE_MM
        return torch.where(valid[..., None], relative, 0.0).permute(0, 3, 1, 2).contiguous(), valid, valid | ~meets

    def _directions(self, projections: Sequence[Projection]) -> Tensor:
        """(n, 3, rows, cols) unit directions of the rays in RAS."""
        return torch.nn.functional.normalize(ray_directions(projections), dim=1).to(self.device)


def ray_directions(projections: Sequence[Projection]) -> Tensor:
    """(n, 3, rows, cols): from the sources through the pixels, in RAS, scaled to 1 mm of depth."""
    rows, columns = projections[0].size_px
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    pixels = torch.stack([column, row, torch.ones_like(row)]).float().flatten(1)
    matrices = torch.tensor(np.stack([p.pixel_to_ras_direction for p in projections]), dtype=torch.float32)
    return (matrices @ pixels).unflatten(2, (rows, columns))
