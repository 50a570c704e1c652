"""How the peers are driven: the recipe by which their author registers real X-rays with either module.

Gradient ascent with Adam on the similarity, coarse to fine, as the registration of xvr does (Gopalakrishnan et al.,
2025): 0.01 rad and 1 mm a step, half of that on each finer grid; a tenth once the similarity has stood still for ten
steps, and on to the next grid when that has happened twice. The tutorials of both peers have one grid, a fixed step and
no end but a correlation of 0.999, which only a DRR of their own reaches.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from xray3d.benchmarks.registration.peer_adapter import PeerAdapter
from xray3d.geometry import Projection

# xvr's first two grids are about 60 and 120 pixels wide. Its third, 240, would take minutes on a CPU.
_WIDTHS_PX = (64, 128)
_STEP_RAD, _STEP_MM = 1e-2, 1.0
_MOST_STEPS, _PATIENCE, _REDUCTION, _THRESHOLD, _REDUCTIONS = 500, 10, 0.1, 1e-4, 2
# xvr's: about what a DRR of 0 .. 1 has.
_MEAN, _DEVIATION = 0.15, 0.1


@dataclass(frozen=True)
class Ascent:
    """Where a peer ended: the geometry on the X-ray's grid, wall time, and its steps on all grids."""

    projection: Projection
    seconds: float
    iterations: int


def register(peer: PeerAdapter, pixels: NDArray[np.float32], initial: Projection) -> Ascent:
    """Run the recipe from `initial` on an X-ray (rows, cols) of any unit and either polarity.

    One untimed image and derivative come first, so that what is timed is warm.
    """
    view = _on_grid(initial, _WIDTHS_PX[0])
    peer.begin(view)
    start_drr = peer.render()
    start_drr.mean().backward()
    attenuation = _linearised(pixels, start_drr[0, 0].detach())
    start = time.perf_counter()
    iterations = 0
    extrinsic = initial.extrinsic
    for level, width in enumerate(_WIDTHS_PX):
        view = replace(_on_grid(initial, width), extrinsic=extrinsic)
        peer.begin(view)
        iterations += _ascend(peer, _standardised(_resampled(attenuation, view.size_px)), 0.5**level)
        extrinsic = peer.extrinsic
    return Ascent(replace(initial, extrinsic=extrinsic), time.perf_counter() - start, iterations)


def _ascend(peer: PeerAdapter, xray: torch.Tensor, step: float) -> int:
    """How many steps it took until the similarity stood still."""
    rotation, translation = peer.pose_parameters
    groups = [{"params": [rotation], "lr": _STEP_RAD * step}, {"params": [translation], "lr": _STEP_MM * step}]
    optimiser = torch.optim.Adam(groups, maximize=True)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, "max", _REDUCTION, _PATIENCE, _THRESHOLD)
    smallest = 1.5 * _STEP_MM * step * _REDUCTION**_REDUCTIONS
    for iteration in range(1, _MOST_STEPS + 1):
        optimiser.zero_grad()
        similarity = peer.similarity(xray, _standardised(peer.render()))
        similarity.backward()
        optimiser.step()
        plateau.step(similarity.item())
        if optimiser.param_groups[1]["lr"] < smallest:
            return iteration
    return _MOST_STEPS


def _on_grid(view: Projection, width: int) -> Projection:
    """The view on a grid whose longer side has `width` pixels, or as many as it has where they are fewer."""
    rows, cols = view.size_px
    share = min(1.0, width / max(rows, cols))
    return view.resampled((max(1, round(rows * share)), max(1, round(cols * share))))


def _linearised(pixels: NDArray[np.float32], drr: torch.Tensor) -> torch.Tensor:
    """The X-ray (1, 1, rows, cols) with bone bright: as it is if like the DRR (rows, cols), else its logarithm."""
    image = torch.from_numpy(pixels)[None, None]
    coarse = _resampled(image, drr.shape)[0, 0]
    if torch.corrcoef(torch.stack([coarse.flatten(), drr.flatten()]))[0, 1] > 0:
        return image
    # xvr's logarithm: of 1 .. 2, so that black is no infinity.
    share = (image - image.min()) / (image.max() - image.min())
    return -torch.log1p(share)


def _resampled(image: torch.Tensor, size_px: tuple[int, int] | torch.Size) -> torch.Tensor:
    """Averages over the new pixels, whose outer edges are those of the old."""
    return torch.nn.functional.interpolate(image, size=tuple(size_px), mode="area")


def _standardised(image: torch.Tensor) -> torch.Tensor:
    share = (image - image.min()) / (image.max() - image.min())
    return (share - _MEAN) / _DEVIATION
