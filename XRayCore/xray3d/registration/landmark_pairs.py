"""Which point on an X-ray is which point of the CT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.geometry.markups import PointList


@dataclass(frozen=True, eq=False)
class LandmarkPairs:
    """What `pose_from_landmarks` takes.

    Attributes:
        names: (n,).
        points_ras: (n, 3) mm, in the CT.
        pixels: (views, n, 2) as (column, row); NaN where a view does not show a point.
    """

    names: tuple[str, ...]
    points_ras: NDArray[np.float64]
    pixels: NDArray[np.float64]


def pair_landmarks(
    in_ct: PointList, on_xrays: Sequence[PointList | None], projections: Sequence[Projection]
) -> LandmarkPairs:
    """The points of a CT with those that were marked on X-rays.

    An X-ray's points are paired by their names where all of these are the CT's, and by their order where none is, or
    where a name occurs twice in a list.

    Args:
        on_xrays: for each view, or None.
        projections: of the views, as they stood when the points were marked on them.

    Raises:
        GeometryError: names of which only some are the CT's, lists of different lengths to be paired by order, or a
            point on an X-ray that lies behind its source.
    """
    pixels = np.full((len(projections), len(in_ct.names), 2), np.nan)
    for of_view, projection, marked in zip(pixels, projections, on_xrays, strict=True):
        if marked is not None:
            of_view[_partners(in_ct, marked)] = _pixels(marked, projection)
    return LandmarkPairs(in_ct.names, in_ct.points_ras, pixels)


def _pixels(marked: PointList, projection: Projection) -> NDArray[np.float64]:
    pixels = projection.project(marked.points_ras)
    behind = np.isnan(pixels).any(axis=1)
    if behind.any():
        name = marked.names[int(behind.argmax())]
        raise GeometryError(f"{name} of {marked.source} lies behind the X-ray's source; mark it on the X-ray.")
    return pixels


def _partners(in_ct: PointList, marked: PointList) -> list[int]:
    """For each point of an X-ray's list, which of the CT's points it is."""
    unknown = [name for name in marked.names if name not in in_ct.names]
    if len(set(in_ct.names)) == len(in_ct.names) and len(set(marked.names)) == len(marked.names):
        if not unknown:
            return [in_ct.names.index(name) for name in marked.names]
        if len(unknown) < len(marked.names):
            raise GeometryError(
                f"{marked.source} has the point {unknown[0]}, but {in_ct.source} has not; give both points of a pair "
                "the same name."
            )
    if len(marked.names) != len(in_ct.names):
        raise GeometryError(
            f"{in_ct.source} has {len(in_ct.names)} points and {marked.source} has {len(marked.names)}, and their "
            "names do not tell which belong together; give each pair the same name, or mark the same points in the "
            "same order."
        )
    return list(range(len(in_ct.names)))
