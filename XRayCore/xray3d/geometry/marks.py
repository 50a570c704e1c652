"""Points that were marked on X-rays: a click on an image in Slicer is a point on its detector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import GeometryError, about
from xray3d.geometry.markups import PointList
from xray3d.geometry.projection import Projection
from xray3d.geometry.triangulation import triangulated

# A point in the patient is hundreds of millimetres before the detector.
_ON_DETECTOR_MM = 2.0


def in_patient(points: PointList, projections: Sequence[Projection]) -> PointList:
    """A list in which all marks of a name on X-rays are one point, the one that is nearest to their rays.

    Points on no detector are in the patient already and stay as they are, whatever their names.

    Args:
        points: in the patient or on detectors.
        projections: of the X-rays, as they stood when points were marked on them.

    Raises:
        GeometryError: a name marked on one X-ray only or twice on the same one, or rays that do not tell where the
            point is, see `triangulated`; it names the point.
    """
    detector = _detector_of(points.points_ras, projections)
    names, places = [], []
    for number, (name, point) in enumerate(zip(points.names, points.points_ras, strict=True)):
        if detector[number] < 0:
            names.append(name)
            places.append(point)
            continue
        marks = [other for other in np.flatnonzero(detector >= 0).tolist() if points.names[other] == name]
        if marks[0] == number:
            names.append(name)
            places.append(_met(name, points, marks, detector[marks].tolist(), projections))
    return PointList(points.source, tuple(names), np.reshape(places, (-1, 3)))


def _detector_of(points_ras: NDArray[np.float64], projections: Sequence[Projection]) -> NDArray[np.int64]:
    """Which X-ray's detector each point (n, 3) lies on, (n,); -1 for none.

    Of detectors that meet it is the nearest, and of X-rays that share one the first.
    """
    off_mm = np.full((1 + len(projections), len(points_ras)), _ON_DETECTOR_MM)
    for of_view, projection in zip(off_mm[1:], projections, strict=True):
        depth_mm = points_ras @ projection.extrinsic[2, :3] + projection.extrinsic[2, 3]
        of_view[:] = np.where(projection.sees(points_ras), np.abs(depth_mm - projection.sdd_mm), np.inf)
    return np.asarray(off_mm.argmin(axis=0) - 1)


def _met(
    name: str, points: PointList, marks: list[int], detectors: list[int], projections: Sequence[Projection]
) -> NDArray[np.float64]:
    """The point (3,) where the rays meet that end at marks on detectors."""
    if len(set(detectors)) < len(detectors):
        raise GeometryError(f"{points.source} marks {name} twice on the same X-ray; leave one of the two points there.")
    if len(detectors) < 2:
        raise GeometryError(
            f"{points.source} marks {name} on one of the chosen X-rays only, which does not tell its depth; two must "
            "show it: mark it on another one and give both points the same name."
        )
    pixels: list[NDArray[np.float64] | None] = [None] * len(projections)
    for mark, detector in zip(marks, detectors, strict=True):
        pixels[detector] = projections[detector].project(points.points_ras[mark])
    with about(f"{name} of {points.source}"):
        return triangulated(projections, pixels)
