"""What cannot be registered, said before the work begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from xray3d.drr import DRRRenderer
from xray3d.errors import GeometryError, OutOfViewError, VolumeError, XRay3DError
from xray3d.geometry import Projection
from xray3d.geometry.poses import rotation_angle
from xray3d.volumes import XRayImage

Search = Literal["off", "auto", "wide"]
SEARCHES = get_args(Search)
_SAME_POSITION_MM, _SAME_ANGLE_RAD = 0.5, 0.002
_LEAST_SEEN = 0.01
_GLANCE_PX = 32


def checked_initial(xrays: Sequence[XRayImage], initial: Sequence[Projection] | None) -> list[Projection]:
    """The start of each X-ray.

    Raises:
        GeometryError: no X-ray, starts that do not fit the X-rays, or one view given twice.
    """
    if not xrays:
        raise GeometryError("There is no X-ray to register; give at least one.")
    projections = [xray.projection for xray in xrays] if initial is None else list(initial)
    if len(projections) != len(xrays):
        raise GeometryError(
            f"There are {len(xrays)} X-rays but {len(projections)} start poses; give one for each X-ray."
        )
    for xray, projection in zip(xrays, projections, strict=True):
        if projection.size_px != xray.projection.size_px:
            raise GeometryError(
                f"The start pose of {xray.name} is for {projection.size_px} pixels, the X-ray has "
                f"{xray.projection.size_px}; give the geometry of this X-ray."
            )
    for second in range(len(projections)):
        for first in range(second):
            if _same_place(projections[first], projections[second]):
                raise GeometryError(
                    f"{xrays[first].name} and {xrays[second].name} were taken from the same place; "
                    "give views from different directions, or one of them alone."
                )
    return projections


def checked_masks(
    xrays: Sequence[XRayImage], masks: Sequence[NDArray[np.bool_] | None] | None
) -> Sequence[NDArray[np.bool_] | None]:
    """A mask, or None, for each X-ray; VolumeError when there are more or fewer."""
    if masks is None:
        return [None] * len(xrays)
    if len(masks) != len(xrays):
        raise VolumeError(
            f"There are {len(xrays)} X-rays but {len(masks)} masks; give one for each X-ray, or None for those without."
        )
    return masks


def check_search(search: str) -> None:
    """Raise XRay3DError for a search that there is not."""
    if search not in SEARCHES:
        raise XRay3DError(f"There is no search called {search!r}; choose one of: {', '.join(SEARCHES)}.")


def _same_place(one: Projection, other: Projection) -> bool:
    between = one.extrinsic @ np.linalg.inv(other.extrinsic)
    apart_mm = np.linalg.norm(one.source_ras - other.source_ras)
    return bool(rotation_angle(between) < _SAME_ANGLE_RAD and apart_mm < _SAME_POSITION_MM)


def require_common_view(
    renderer: DRRRenderer, projections: Sequence[Projection], xrays: Sequence[XRayImage], search: Search
) -> None:
    """Raise OutOfViewError for a view in which, from its start pose, next to nothing of the CT is to be seen.

    Rays for which the CT is too short count where there is a search: it may find a pose for which they are not.
    """
    for projection, xray in zip(projections, xrays, strict=True):
        glance = projection.resampled((_GLANCE_PX, _GLANCE_PX))
        meets = renderer.render(glance) > 0
        seen = float((meets if search != "off" else meets & ~renderer.lacks_tissue(glance)).mean())
        if seen < _LEAST_SEEN:
            raise OutOfViewError(
                f"The CT does not cover what {xray.name} shows: from its start pose {seen:.0%} of its rays pass "
                "through the CT; give a start nearer to the truth, or landmarks."
            )
