"""What X-rays say of where levels are, put together in space."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xray3d.reconstruction.level_finding.column import likeliest_column
from xray3d.reconstruction.level_finding.found import Found
from xray3d.reconstruction.level_finding.views import Evidence
from xray3d.reconstruction.scenes import LEVELS
from xray3d.reconstruction.unprojection import grid_points, unprojected

_STEP_MM, _FINE_MM = 4.0, 1.0
# About the best point of the coarse grid: so far the fine one reaches, and what lies so near to its best point is
# averaged.
_REACH_MM, _AVERAGED_MM = 14.0, 6.0
# Of each level so many points are taken for places of vertebrae, if they are so far from better ones of any level; and
# what is said so near to them counts, where peaks of other levels may be.
_PEAKS, _APART_MM, _NEAR_MM = 8, 12.0, 8.0
# So many slices are looked at together: detectors that see much at once would need much memory.
_SLICES = 16
# By so many times a view has to make a point likelier to be one that shows the vertebra there.
_SHOWS = 3.0


def located(evidence: Sequence[Evidence], box_ras: NDArray[np.float64]) -> list[Found]:
    """The likeliest column of `LEVELS`, from head to foot; of none where nothing is seen.

    Args:
        evidence: of each view.
        box_ras: lowest and highest corner (2, 3) in mm of where to look.
    """
    lowest, sides_mm = box_ras[0], box_ras[1] - box_ras[0]
    i, j, k = (max(1, int(side) + 1) for side in np.ceil(sides_mm / _STEP_MM))
    points, scores = _searched(evidence, _grid(lowest, _STEP_MM), (i, j, k))
    places = points[_peaks(points, scores)]
    near = torch.cdist(places, points) < _NEAR_MM
    says = torch.stack([scores[:, of_place].amax(dim=1) for of_place in near], dim=1)
    absent = torch.stack([one.outside for one in evidence]).sum(dim=0)
    at_ras, of_levels, of_absence = (of.cpu().numpy().astype(float) for of in (places, says, absent))
    column = likeliest_column(at_ras, of_levels, of_absence)
    return [_refined(evidence, level, at_ras[place], confidence) for level, (place, confidence) in column.items()]


def _peaks(points: Tensor, scores: Tensor) -> list[int]:
    """Numbers of points (m, 3) that may be middles of vertebrae: for each level the best few that are apart.

    Args:
        scores: (levels, m).
    """
    chosen: set[int] = set()
    for of_level in scores:
        left = of_level.clone()
        for _ in range(_PEAKS):
            best = int(left.argmax())
            chosen.add(best)
            left[(points - points[best]).norm(dim=1) < _APART_MM] = -torch.inf
    kept: list[int] = []
    for number in sorted(chosen, key=lambda one: -float(scores[:, one].max())):
        if all((points[number] - points[other]).norm() > _APART_MM for other in kept):
            kept.append(number)
    return kept


def _refined(evidence: Sequence[Evidence], level: str, near_ras: NDArray[np.float64], confidence: float) -> Found:
    """A level of which it is known about where it is."""
    number, side = LEVELS.index(level), 2 * round(_REACH_MM / _FINE_MM) + 1
    points, scores = _searched(evidence, _grid(near_ras - _REACH_MM, _FINE_MM), (side, side, side))
    shares = torch.softmax(scores[number], dim=0)
    best = points[shares.argmax()]
    weights = shares * ((points - best).abs() <= _AVERAGED_MM).all(dim=1)
    middle = (weights[:, None] * points).sum(dim=0) / weights.sum()
    variance = (shares * (points - middle).square().sum(dim=1)).sum()
    at = middle.reshape(1, 1, 1, 1, 3)
    says = [_of_view(one, at)[0][number].item() for one in evidence]
    return Found(
        level,
        middle.cpu().numpy().astype(float),
        sigma_mm=variance.sqrt().item(),
        confidence=confidence,
        seen_by=sum(score > math.log(_SHOWS) for score in says),
    )


def _grid(first_ras: NDArray[np.float64], step_mm: float) -> NDArray[np.float64]:
    to_ras = np.diag([step_mm, step_mm, step_mm, 1.0])
    to_ras[:3, 3] = first_ras
    return to_ras


def _searched(
    evidence: Sequence[Evidence], ijk_to_ras: NDArray[np.float64], size_ijk: tuple[int, int, int]
) -> tuple[Tensor, Tensor]:
    """Points (m, 3) of a grid that two views see, and what all views together say of them (levels, m)."""
    i, j, k = size_ijk
    device, points, scores = evidence[0].inside.device, [], []
    for first in range(0, k, _SLICES):
        to_ras = ijk_to_ras.copy()
        to_ras[:3, 3] += first * to_ras[:3, 2]
        slab = grid_points(torch.from_numpy(to_ras[None]).float().to(device), (i, j, min(_SLICES, k - first)))
        of_views = [_of_view(one, slab) for one in evidence]
        twice = torch.stack([visible for _, visible in of_views]).sum(dim=0) >= 2
        points.append(slab[0][twice])
        scores.append(torch.stack([score for score, _ in of_views]).sum(dim=0)[:, twice])
    return torch.cat(points), torch.cat(scores, dim=1)


def _of_view(evidence: Evidence, points_ras: Tensor) -> tuple[Tensor, Tensor]:
    """What a view says of points (1, k, j, i, 3): (levels, k, j, i), and (k, j, i) whether it sees them."""
    more = evidence.inside - evidence.outside[:, None, None]
    carried, visible = unprojected(more[None, None], evidence.matrix[None, None], points_ras)
    return carried[0, 0] + evidence.outside[:, None, None, None], visible[0, 0, 0] > 0
