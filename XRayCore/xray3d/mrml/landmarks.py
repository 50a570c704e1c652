"""Landmarks that were marked in the CT and on X-rays, from their nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xray3d.errors import GeometryError
from xray3d.geometry.markups import PointList
from xray3d.mrml.points import placed_points
from xray3d.mrml.xrays import projection_from_node
from xray3d.registration.landmark_pairs import LandmarkPairs, pair_landmarks


def landmark_pairs(ct_markups: Any, xray_markups: Sequence[Any], xray_nodes: Sequence[Any]) -> LandmarkPairs:
    """The landmarks of a CT with those on X-rays, paired as `pair_landmarks` does.

    Args:
        ct_markups: a point list in the CT.
        xray_markups: for each X-ray a point list on its detector, or None.
        xray_nodes: the X-rays.

    Raises:
        GeometryError: no point list where one is needed, one without points, or lists that do not fit together.
        VolumeError: as `projection_from_node`.
    """
    in_ct = _points(ct_markups, "the CT")
    if all(markups is None for markups in xray_markups):
        raise GeometryError("No landmarks on an X-ray are chosen; choose a point list for at least one X-ray.")
    on_xrays = [
        None if markups is None else _points(markups, node.GetName())
        for markups, node in zip(xray_markups, xray_nodes, strict=True)
    ]
    return pair_landmarks(in_ct, on_xrays, [projection_from_node(node) for node in xray_nodes])


def _points(markups: Any, where: str) -> PointList:
    """The points that were placed."""
    if markups is None:
        raise GeometryError(f"No landmarks in {where} are chosen; choose a point list with the landmarks marked there.")
    points = placed_points(markups)
    if not points.names:
        raise GeometryError(f"{points.source} has no points yet; mark the landmarks in {where} first.")
    return points
