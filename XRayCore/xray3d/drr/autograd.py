"""Line integrals as a torch function, differentiable by pose and by volume.

Torch is an optional dependency; importing this module needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
import warp as wp

from xray3d.drr import joseph
from xray3d.drr.device import launch, launch_serial
from xray3d.drr.grid import BorderedGrid, bordered_shape
from xray3d.drr.rays import make_views
from xray3d.drr.renderer import DRRRenderer
from xray3d.errors import GeometryError, VolumeError
from xray3d.geometry import Projection


def render(
    renderer: DRRRenderer,
    projections: Sequence[Projection],
    extrinsics: torch.Tensor | None = None,
    attenuation: torch.Tensor | None = None,
) -> torch.Tensor:
    """Line integrals (n, rows, cols) float32 on the renderer's device, with gradients to poses and voxels.

    Args:
        renderer: gives the grid, the device and, unless replaced, the voxels.
        projections: n geometries of one image size.
        extrinsics: (n, 4, 4) RAS-to-camera poses that replace those of `projections`, so that they can carry
            gradients; rigid. The gradient is that along rigid motions: what leaves the group gets none.
        attenuation: (K, J, I) float32 linear attenuation in 1/mm that replaces the CT's, so that it can carry
            gradients; on the renderer's device.

    Raises:
        GeometryError: extrinsics of another number or not rigid, projections of different sizes.
        VolumeError: an attenuation of another shape than the CT.
    """
    shape = renderer.ct.hu.shape
    if extrinsics is None:
        extrinsics = torch.tensor(np.stack([projection.extrinsic for projection in projections]))
    if extrinsics.shape != (len(projections), 4, 4):
        raise GeometryError(
            f"extrinsics must be ({len(projections)}, 4, 4), one for each projection, not {tuple(extrinsics.shape)}."
        )
    if attenuation is not None and attenuation.shape != shape:
        raise VolumeError(f"attenuation must have the CT's shape {shape}, not {tuple(attenuation.shape)}.")
    return _Render.apply(attenuation, extrinsics, renderer, tuple(projections))


class _Render(torch.autograd.Function):
    @staticmethod
    def forward(ctx, attenuation, extrinsics, renderer, projections):
        device = renderer.device
        grid = renderer.grid
        if attenuation is not None:
            voxels = wp.from_torch(attenuation.detach().contiguous(), dtype=wp.float32)
            grid = BorderedGrid(voxels, renderer.ct.ijk_to_ras, device)
        poses = extrinsics.detach().cpu().double().numpy()
        projections = [replace(projection, extrinsic=pose) for projection, pose in zip(projections, poses, strict=True)]
        views, directions = make_views(projections, grid)
        struct = grid.serve(directions)
        rows, columns = projections[0].size_px
        drr = wp.empty((len(projections) * rows, columns), dtype=wp.float32, device=device)
        jacobian = None
        if extrinsics.requires_grad:
            jacobian = wp.empty((*drr.shape, 6), dtype=wp.float32, device=device)
            launch(joseph.line_integrals_with_jacobian, drr.shape, [struct, views, rows, drr, jacobian], device)
        else:
            launch(joseph.line_integrals, drr.shape, [struct, views, rows, drr], device)
        ctx.scene = (struct, views, rows, device, grid.shape)
        ctx.jacobian = jacobian
        ctx.save_for_backward(extrinsics)
        return wp.to_torch(drr).reshape(len(projections), rows, columns)

    @staticmethod
    def backward(ctx, by_drr):
        by_attenuation = by_extrinsics = None
        by_drr = by_drr.contiguous()
        if ctx.needs_input_grad[0]:
            by_attenuation = _by_attenuation(ctx.scene, by_drr)
        if ctx.needs_input_grad[1]:
            (extrinsics,) = ctx.saved_tensors
            jacobian = wp.to_torch(ctx.jacobian).reshape(*by_drr.shape, 6)
            # Summed in double: thousands of pixels of either sign nearly cancel near the optimum.
            by_twist = torch.einsum("nrc,nrcp->np", by_drr.double(), jacobian.double()).to(extrinsics)
            by_extrinsics = _by_extrinsic(extrinsics, by_twist)
        return by_attenuation, by_extrinsics, None, None


def _by_attenuation(scene: tuple, by_drr: torch.Tensor) -> torch.Tensor:
    """Gradient (K, J, I) of the voxels from that of the images (n, rows, cols), by the transposed projection."""
    struct, views, rows, device, shape = scene
    by_drr = by_drr.reshape(-1, by_drr.shape[-1])
    memory = bordered_shape(shape)
    by_voxel = wp.zeros(int(np.prod(memory)), dtype=wp.float32, device=device)
    inputs = [struct, views, rows, wp.from_torch(by_drr), by_voxel]
    launch_serial(joseph.back_project, tuple(by_drr.shape), inputs, device)
    k, j, i = shape
    return wp.to_torch(by_voxel).reshape(memory)[1 : k + 1, 1 : j + 1, 1 : i + 1].contiguous()


def _by_extrinsic(extrinsics: torch.Tensor, by_twist: torch.Tensor) -> torch.Tensor:
    """Gradient (n, 4, 4) of the matrix entries that yields `by_twist` (n, 6) along every rigid motion.

    A left twist (t, w) changes [R|p] by [w× R | w × p + t]. With G = ½ m× R and g as the gradients of R and p,
    <G, w× R> = m·w and g·(w × p + t) = w·(p × g) + g·t; so g is the translation's and m the rotation's less p × g.
    """
    rotation, position = extrinsics[:, :3, :3], extrinsics[:, :3, 3]
    by_position, by_rotation = by_twist[:, :3], by_twist[:, 3:]
    moment = by_rotation - torch.linalg.cross(position, by_position)
    gradient = torch.zeros_like(extrinsics)
    gradient[:, :3, :3] = 0.5 * torch.linalg.cross(moment[:, :, None].expand_as(rotation), rotation, dim=1)
    gradient[:, :3, 3] = by_position
    return gradient
