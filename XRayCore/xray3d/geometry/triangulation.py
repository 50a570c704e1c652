"""Where in the patient a point is that X-rays show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import GeometryError
from xray3d.geometry.markups import finite_numbers
from xray3d.geometry.projection import Projection
from xray3d.geometry.rays import are_of_one_direction, nearest_to_rays, rays_of

# Rays that miss each other by more do not show the same point.
_MOST_APART_MM = 15.0


def triangulated(projections: Sequence[Projection], pixels: Sequence[Any]) -> NDArray[np.float64]:
    """The point (3,) in RAS mm that is nearest to the rays to a pixel of each view.

    Args:
        pixels: for each view (column, row), or None where it does not show the point.

    Raises:
        GeometryError: another number of pixels than of views, fewer than two, views from one direction, or rays that
            miss each other.
    """
    if not isinstance(pixels, Sequence) or len(pixels) != len(projections):
        raise GeometryError(f"There must be a pixel, or null, for each of {len(projections)} X-rays.")
    shown = [number for number, pixel in enumerate(pixels) if pixel is not None]
    marked = [finite_numbers(pixels[number], 2) for number in shown]
    if any(pixel is None for pixel in marked):
        raise GeometryError("Each pixel must be [column, row], two finite numbers, or null.")
    if len(shown) < 2:
        raise GeometryError("Two X-rays must show the point; mark it on another one.")
    sources = np.stack([projections[number].source_ras for number in shown])
    rays = np.concatenate(
        [rays_of(projections[number], np.array([pixel])) for number, pixel in zip(shown, marked, strict=True)]
    )
    point, information = nearest_to_rays(sources, rays)
    if are_of_one_direction(information):
        raise GeometryError("The X-rays that show the point are from one direction; mark it on one from another.")
    apart_mm = np.linalg.norm(np.cross(point - sources, rays), axis=1).max()
    if apart_mm > _MOST_APART_MM:
        raise GeometryError(
            f"The rays to the marked pixels miss each other by {apart_mm:.0f} mm: mark the same point on all X-rays, "
            "and check their geometry."
        )
    return point
