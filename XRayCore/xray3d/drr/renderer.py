"""The renderer: a CT on a device, ready to be seen from any projection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import warp as wp
from numpy.typing import NDArray

from xray3d.drr import joseph
from xray3d.drr.body import BodyOutline
from xray3d.drr.completeness import CutFaces
from xray3d.drr.device import launch, resolve_device
from xray3d.drr.grid import BorderedGrid, Grid
from xray3d.drr.implants import Implant
from xray3d.drr.line_integrals import LineIntegrals
from xray3d.drr.metal import MetalPaths
from xray3d.drr.physics.materials import METALS, bone_split
from xray3d.drr.rays import make_views
from xray3d.errors import GeometryError, MeshError
from xray3d.geometry import Projection
from xray3d.volumes.ct import CTVolume

Image = NDArray[np.float32]
Projections = Projection | Sequence[Projection]


class DRRRenderer:
    """Renders digitally reconstructed radiographs: line integrals of linear attenuation at `REFERENCE_ENERGY_KEV`.

    The first view compiles the kernels (some seconds, once a machine); the CT stays on the device for all later ones.

    Args:
        ct: the patient.
        device: "cpu", "cuda" or "cuda:N".

    Raises:
        DeviceError: the device is not there.
    """

    def __init__(self, ct: CTVolume, device: str = "cpu") -> None:
        self.ct = ct
        self.device = resolve_device(device)
        self.grid = BorderedGrid(ct.attenuation, ct.ijk_to_ras, self.device)
        self._body = BodyOutline(ct)
        self._cut_faces: CutFaces | None = None

    def render(self, projections: Projections) -> Image:
        """Line integrals, dimensionless: (rows, cols) of one projection, (n, rows, cols) of a sequence of them.

        Raises:
            GeometryError: a source inside the patient, or projections of different sizes.
        """
        return _like(projections, self.render_on_device(projections).numpy())

    def render_with_jacobian(self, projections: Projections) -> tuple[Image, Image]:
        """Line integrals and their derivative by a rigid motion of the anatomy, in one pass.

        Returns:
            drr: as `render` gives it.
            jacobian: (rows, cols, 6), or (n, rows, cols, 6): d drr / d twist, where the twist (translation in mm,
                then rotation in rad, both in the camera frame) is that of `Projection.perturbed`.
        """
        drr, jacobian = self.render_with_jacobian_on_device(projections)
        return _like(projections, drr.numpy()), _like(projections, jacobian.numpy())

    def leaves_cut_face(self, projections: Projections) -> NDArray[np.bool_]:
        """Marks, shaped as `render` shapes images, the rays that leave the body where the CT ends.

        Their line integrals lack the tissue beyond, and their Jacobian misses the moving edge: leave them out of
        similarities. See `BodyOutline`.
        """
        return _like(projections, np.stack([self._body.crosses_cut_face(p) for p in self._checked(projections)]))

    def has_source_outside(self, projection: Projection) -> bool:
        """Whether the X-ray source lies outside the patient, so that the projection can be rendered."""
        return self._body.has_source_outside(projection)

    def lacks_tissue(self, projections: Projections) -> NDArray[np.bool_]:
        """Marks, shaped as `render` shapes images, the rays that a real X-ray would see more tissue along.

        These are the rays of `leaves_cut_face`, and those that pass by the CT where the patient goes on: within the
        outline of a cut face carried 150 mm outwards.
        """
        if self._cut_faces is None:
            self._cut_faces = CutFaces(self._body, tuple(self.ct.spacing_mm), self.device)
        _, views, (n, rows, columns) = self._prepare(projections)
        marked = self._cut_faces.mark(views, rows, columns).numpy().reshape(n, rows, columns)
        return _like(projections, marked.astype(bool))

    def render_on_device(self, projections: Projections) -> wp.array:
        """`render` without leaving the device: always (n, rows, cols) float32."""
        grid, views, (n, rows, columns) = self._prepare(projections)
        drr = self._empty(n * rows, columns)
        launch(joseph.line_integrals, drr.shape, [grid, views, rows, drr], self.device)
        return drr.reshape((n, rows, columns))

    def render_with_jacobian_on_device(self, projections: Projections) -> tuple[wp.array, wp.array]:
        """`render_with_jacobian` without leaving the device: always (n, rows, cols) and (n, rows, cols, 6) float32."""
        grid, views, (n, rows, columns) = self._prepare(projections)
        drr, jacobian = self._empty(n * rows, columns), self._empty(n * rows, columns, 6)
        kernel = joseph.line_integrals_with_jacobian
        launch(kernel, drr.shape, [grid, views, rows, drr, jacobian], self.device)
        return drr.reshape((n, rows, columns)), jacobian.reshape((n, rows, columns, 6))

    def render_materials(
        self, projections: Projections, implants: Sequence[Implant] = (), metal: str = "titanium"
    ) -> LineIntegrals:
        """The line integrals split into soft tissue, compact bone and metal, on the device, for the X-ray physics.

        Args:
            implants: metal posed in the patient; it displaces the tissue where it is.
            metal: what the implants are made of, a key of `physics.materials.METALS`.
        """
        if metal not in METALS:
            raise MeshError(f"There is no metal {metal!r}; choose one of: {', '.join(METALS)}.")
        grid, views, (n, rows, columns) = self._prepare(projections)
        soft, bone = self._empty(n * rows, columns), self._empty(n * rows, columns)
        inputs = [grid, views, rows, *bone_split(), soft, bone]
        launch(joseph.material_integrals, soft.shape, inputs, self.device)
        metal_mm = None
        if implants:
            metal_mm = MetalPaths(implants, self.grid).subtract_tissue(self._checked(projections), soft, bone)
            metal_mm = metal_mm.reshape((n, rows, columns))
        return LineIntegrals(soft.reshape((n, rows, columns)), bone.reshape((n, rows, columns)), metal_mm, metal)

    def _prepare(self, projections: Projections) -> tuple[Grid, wp.array, tuple[int, int, int]]:
        checked = self._checked(projections)
        views, directions = make_views(checked, self.grid)
        return self.grid.serve(directions), views, (len(checked), *checked[0].size_px)

    def _checked(self, projections: Projections) -> list[Projection]:
        listed = [projections] if isinstance(projections, Projection) else list(projections)
        if not listed:
            raise GeometryError("There is no projection to render; give at least one.")
        for projection in listed:
            self._body.check_source(projection)
        return listed

    def _empty(self, *shape: int) -> wp.array:
        return wp.empty(shape, dtype=wp.float32, device=self.device)


def _like(projections: Projections, batch: NDArray) -> NDArray:
    """The batch, or its only member when a single projection was given."""
    return batch[0] if isinstance(projections, Projection) else batch
