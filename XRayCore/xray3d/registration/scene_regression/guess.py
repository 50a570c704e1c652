"""What the CT looks like from where an X-ray may have been taken: what the X-ray is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xray3d.geometry import Projection
from xray3d.registration.scene_regression.conventions import COORDINATE_MM, STRIDE
from xray3d.registration.scene_regression.patient import Rendered, ray_directions
from xray3d.registration.scene_regression.picture import network_input

CHANNELS, DEPTHS = 4, 3


@dataclass(frozen=True, eq=False)
class Guess:
    """The CT from n guessed projections, whose intrinsics are those of the X-rays.

    Attributes:
        images: (n, 4, rows, cols) of `guess_images`.
        depths: (n, 3, rows, cols) of a `STRIDE`-th of that size: how far beyond the centre the ray enters and leaves
            bone, in units of `COORDINATE_MM`, and whether it does.
        to_ras: (n, 3, 3): axes of the cameras to RAS.
        plane: (n, 3, rows, cols): where the rays pass the plane through the centre that is parallel to the receptor,
            in RAS, relative to the centre, in those units.
        rays: (n, 3, rows, cols): from there on, in RAS, for each unit of depth.
    """

    images: Tensor
    depths: Tensor
    to_ras: Tensor
    plane: Tensor
    rays: Tensor


def guess_of(views: Sequence[Rendered], center_ras: NDArray[np.float64]) -> Guess:
    """The guesses that these views are."""
    soft, bone, points, valid = (
        torch.stack([getattr(view, name) for view in views]) for name in ("soft", "bone", "points", "valid")
    )
    axes = torch.tensor(np.stack([view.projection.extrinsic[:3, :3] for view in views]), dtype=torch.float32)
    axes = axes.to(soft.device)
    there = valid[:, None].to(soft.dtype)
    depths = torch.einsum("nk,nekhw->nehw", axes[:, 2], points.unflatten(1, (2, 3))) * there
    plane, rays = _plane([view.projection for view in views], center_ras)
    return Guess(
        guess_images(soft, bone),
        torch.cat([depths, there], dim=1),
        axes.transpose(1, 2),
        plane.to(soft.device),
        rays.to(soft.device),
    )


def guess_images(soft: Tensor, bone: Tensor) -> Tensor:
    """(n, 4, rows, cols): all tissue and bone alone, each over the image and over windows as by `network_input`.

    Args:
        soft, bone: (n, rows, cols) line integrals.
    """
    everywhere = torch.ones_like(soft)
    return torch.cat([network_input(of_kind, everywhere)[:, :2] for of_kind in (soft + bone, bone)], dim=1)


def _plane(projections: Sequence[Projection], center_ras: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
    """`Guess.plane` and `Guess.rays`."""
    rows, columns = projections[0].size_px
    rays = ray_directions([p.resampled((rows // STRIDE, columns // STRIDE)) for p in projections])
    from_source = np.stack([center_ras - projection.source_ras for projection in projections])
    depths = [projection.viewing_direction_ras @ way for projection, way in zip(projections, from_source, strict=True)]
    depth, start = (torch.tensor(np.array(values), dtype=torch.float32) for values in (depths, from_source))
    return (rays * depth[:, None, None, None] - start[:, :, None, None]) / COORDINATE_MM, rays
