"""Settings of a view to its projection and back; any pinhole X-ray with an orthogonal detector has its settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from slicer.i18n import tr as _

from xray3d import Projection
from xray3d.errors import GeometryError
from xray3d.geometry.carm import carm_angles_deg, carm_extrinsic

from .viewsettings import RANGES, ViewSettings

# The isocentre of a geometry that was taken over lies between source and detector, with room to either.
_ISOCENTER_SHARE = (0.1, 0.95)
_SAME_GEOMETRY_MM = 0.01


def projectionOf(settings: ViewSettings) -> Projection:
    """The projection of a view.

    Raises:
        GeometryError: an isocentre that does not lie between source and detector.
    """
    if settings.sodMm >= settings.sddMm:
        sentence = _("The isocentre is {sod:g} mm from the source, beyond the detector at {sdd:g} mm; move it closer.")
        raise GeometryError(sentence.format(sod=settings.sodMm, sdd=settings.sddMm))
    size = (settings.rows, settings.columns)
    spacing = (settings.pixelRowMm, settings.pixelColumnMm)
    carm = Projection.from_carm(
        settings.primaryDeg,
        settings.secondaryDeg,
        settings.isocenterRas,
        settings.sddMm,
        settings.sodMm,
        size,
        spacing,
    )
    intrinsic = carm.intrinsic.copy()
    intrinsic[0, 2] += settings.offsetColumnMm / settings.pixelColumnMm
    intrinsic[1, 2] += settings.offsetRowMm / settings.pixelRowMm
    # A detector that turns clockwise sees the patient turn the other way.
    return replace(carm, intrinsic=intrinsic, extrinsic=_turnedAboutZ(-settings.rollDeg) @ carm.extrinsic)


def settingsOf(projection: Projection, base: ViewSettings, aboutRas) -> ViewSettings:
    """The settings that give this projection.

    Args:
        projection: of any X-ray.
        base: where physics, seed and metal come from.
        aboutRas: (3,) mm; the isocentre is the point of the normal ray that is nearest to it.

    Raises:
        GeometryError: a detector whose rows and columns are not at right angles, or numbers out of the panel's range.
    """
    direction = projection.viewing_direction_ras
    depth = float((np.asarray(aboutRas, float) - projection.source_ras) @ direction)
    sod = float(np.clip(depth, *np.multiply(_ISOCENTER_SHARE, projection.sdd_mm)))
    primary, secondary = carm_angles_deg(direction)
    isocenter = projection.source_ras + sod * direction
    turned = carm_extrinsic(primary, secondary, isocenter, sod)[:3, :3] @ projection.extrinsic[:3, :3].T
    rows, columns = projection.size_px
    pixelRow, pixelColumn = projection.pixel_mm[0], projection.sdd_mm / float(projection.intrinsic[0, 0])
    found = replace(
        base.withIsocenter(isocenter),
        primaryDeg=primary,
        secondaryDeg=secondary,
        rollDeg=float(np.rad2deg(np.arctan2(turned[1, 0], turned[0, 0]))),
        sddMm=projection.sdd_mm,
        sodMm=sod,
        rows=rows,
        columns=columns,
        pixelRowMm=pixelRow,
        pixelColumnMm=pixelColumn,
        offsetRowMm=float(projection.intrinsic[1, 2] - (rows - 1) / 2) * pixelRow,
        offsetColumnMm=float(projection.intrinsic[0, 2] - (columns - 1) / 2) * pixelColumn,
    )
    found = _tidied(found)
    if not sameGeometry(projectionOf(found), projection):
        raise GeometryError("The rows and columns of this X-ray are not at right angles; no C-arm takes such an image.")
    _requireRanges(found)
    return found


def sameGeometry(one: Projection, other: Projection) -> bool:
    """Whether two projections have the same pixels at the same places and the same source, to a hundredth of a mm."""
    if one.size_px != other.size_px:
        return False
    rows, columns = one.size_px
    corners = np.array([[c, r, 0, 1] for c in (0, columns - 1) for r in (0, rows - 1)]).T
    detector = np.abs((one.image_to_ras - other.image_to_ras) @ corners).max()
    return bool(max(detector, np.abs(one.source_ras - other.source_ras).max()) < _SAME_GEOMETRY_MM)


def previewOf(projection: Projection, largestPx: int) -> Projection:
    """The same field of view with no more than so many rows and columns."""
    share = min(1.0, largestPx / max(projection.size_px))
    rows, columns = (max(1, round(n * share)) for n in projection.size_px)
    return projection.resampled((rows, columns))


def _turnedAboutZ(deg: float) -> np.ndarray:
    turn = np.eye(4)
    c, s = np.cos(np.deg2rad(deg)), np.sin(np.deg2rad(deg))
    turn[:2, :2] = [[c, -s], [s, c]]
    return turn


def _tidied(settings: ViewSettings) -> ViewSettings:
    """Rid of rounding errors, so that the panel shows 0 and not -0.0000001."""
    numbers: dict[str, Any] = {name: getattr(settings, name) for name in RANGES}
    rounded: dict[str, Any] = {name: round(n, 9) + 0.0 for name, n in numbers.items() if isinstance(n, float)}
    return replace(settings, **rounded)


def _requireRanges(settings: ViewSettings) -> None:
    for name, (low, high) in RANGES.items():
        value = getattr(settings, name)
        if not low <= value <= high:
            raise GeometryError(
                f"The geometry of this X-ray has {name} = {value:.4g}, outside of the simulator's {low:g} to {high:g}."
            )
