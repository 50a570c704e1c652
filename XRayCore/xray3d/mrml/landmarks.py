"""Landmarks that were marked in the CT and on X-rays, as pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer.util
from numpy.typing import NDArray

from xray3d.errors import GeometryError
from xray3d.mrml.xrays import projection_from_node


@dataclass(frozen=True, eq=False)
class LandmarkPairs:
    """Points of the anatomy and where X-rays show them.

    Attributes:
        names: of the n points.
        points_ras: (n, 3) mm, in the CT.
        pixels: for each X-ray (n, 2), column and row; NaN where the point was not marked in it.
    """

    names: tuple[str, ...]
    points_ras: NDArray[np.float64]
    pixels: tuple[NDArray[np.float64], ...]


def landmark_pairs(ct_markups: Any, xray_markups: Sequence[Any], xray_nodes: Sequence[Any]) -> LandmarkPairs:
    """The landmarks of a CT with those on X-rays.

    Those of an X-ray are paired by their names where the CT has a point of every name, else by their order.

    Args:
        ct_markups: a point list in the CT.
        xray_markups: for each X-ray a point list on its detector, or None.
        xray_nodes: the X-rays.

    Raises:
        GeometryError: no point list where one is needed, one without points, or lists that do not fit together.
        VolumeError: as `projection_from_node`.
    """
    names, points = _points(ct_markups, "the CT")
    if all(markups is None for markups in xray_markups):
        raise GeometryError("No landmarks on an X-ray are chosen; choose a point list for at least one X-ray.")
    pixels = [_pixels(names, ct_markups, markups, node) for markups, node in zip(xray_markups, xray_nodes, strict=True)]
    return LandmarkPairs(tuple(names), points, tuple(pixels))


def _pixels(names: list[str], ct_markups: Any, markups: Any, xray_node: Any) -> NDArray[np.float64]:
    pixels = np.full((len(names), 2), np.nan)
    if markups is None:
        return pixels
    xray_names, points = _points(markups, xray_node.GetName())
    pixels[_partners(names, ct_markups, xray_names, markups)] = projection_from_node(xray_node).project(points)
    return pixels


def _partners(names: list[str], ct_markups: Any, xray_names: list[str], markups: Any) -> list[int]:
    """For each point of an X-ray's list, which of the CT's points it is."""
    unique = len(set(names)) == len(names) and len(set(xray_names)) == len(xray_names)
    if unique and set(xray_names) <= set(names):
        return [names.index(name) for name in xray_names]
    if len(xray_names) != len(names):
        raise GeometryError(
            f"{ct_markups.GetName()} has {len(names)} points and {markups.GetName()} has {len(xray_names)}, and their "
            "names do not tell which belong together; give each pair the same name, or mark the same points in the "
            "same order."
        )
    return list(range(len(names)))


def _points(markups: Any, where: str) -> tuple[list[str], NDArray[np.float64]]:
    """Names and positions (n, 3) in RAS mm of the points that were placed."""
    if markups is None:
        raise GeometryError(f"No landmarks in {where} are chosen; choose a point list with the landmarks marked there.")
    placed = [
        n
        for n in range(markups.GetNumberOfControlPoints())
        if markups.GetNthControlPointPositionStatus(n) == slicer.vtkMRMLMarkupsNode.PositionDefined
    ]
    if not placed:
        raise GeometryError(f"{markups.GetName()} has no points yet; mark the landmarks in {where} first.")
    points = slicer.util.arrayFromMarkupsControlPoints(markups, world=True)[placed]
    return [markups.GetNthControlPointLabel(n) for n in placed], points
