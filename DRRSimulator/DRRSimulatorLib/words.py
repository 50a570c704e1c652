"""A C-arm's pose in the words that are used at the table."""

from __future__ import annotations

import math

from slicer.i18n import tr as _

from .viewsettings import ViewSettings

# Less than this is no angle that a C-arm's scale shows.
_SMALLEST_DEG = 0.05
# A side with less than this share of the direction goes without saying.
_SMALLEST_SHARE = 0.1
# Within so many degrees of a standard direction a view goes by its name.
_STANDARD_DEG = 5.0


def degrees(value: float) -> str:
    """20 as "20°", 12.34 as "12.3°"; without a sign, which the words around it say."""
    return f"{abs(value):.1f}".removesuffix(".0") + "°"


def primaryInWords(primaryDeg: float) -> str:
    """LAO or RAO, or 0°."""
    if abs(primaryDeg) < _SMALLEST_DEG:
        return "0°"
    return f"{'LAO' if primaryDeg > 0 else 'RAO'} {degrees(primaryDeg)}"


def secondaryInWords(secondaryDeg: float) -> str:
    """CRA or CAU, or 0°."""
    if abs(secondaryDeg) < _SMALLEST_DEG:
        return "0°"
    return f"{'CRA' if secondaryDeg > 0 else 'CAU'} {degrees(secondaryDeg)}"


def directionInWords(primaryDeg: float, secondaryDeg: float) -> str:
    """The two angles together: "LAO 20°, CAU 10°"; a standard view by its name, as in "LAO 90° (lateral)"."""
    angled = [words for words in (primaryInWords(primaryDeg), secondaryInWords(secondaryDeg)) if words != "0°"]
    if not angled:
        return _("AP (0°, 0°)")
    name = _standardName(primaryDeg, secondaryDeg)
    return ", ".join(angled) + (f" ({name})" if name else "")


def detectorInWords(primaryDeg: float, secondaryDeg: float) -> str:
    """Where the detector stands about the patient, the main side first: "in front, on the left"."""
    primary, secondary = math.radians(primaryDeg), math.radians(secondaryDeg)
    front = math.cos(primary) * math.cos(secondary)
    left = math.sin(primary) * math.cos(secondary)
    sides = [
        (abs(front), _("in front") if front > 0 else _("behind")),
        (abs(left), _("on the patient's left") if left > 0 else _("on the patient's right")),
        (abs(math.sin(secondary)), _("towards the head") if secondary > 0 else _("towards the feet")),
    ]
    named = [words for size, words in sorted(sides, key=lambda side: -side[0]) if size > _SMALLEST_SHARE]
    return _("Detector {sides}.").format(sides=", ".join(named))


def distancesInWords(settings: ViewSettings) -> str:
    """What follows from distances and detector: magnification and the field of view at the isocentre."""
    magnification = settings.sddMm / settings.sodMm
    across = settings.columns * settings.pixelColumnMm / magnification
    down = settings.rows * settings.pixelRowMm / magnification
    sentence = _("Magnification {magnification:.2f}; {across:.0f} × {down:.0f} mm in view at the isocentre.")
    return sentence.format(magnification=magnification, across=across, down=down)


def _standardName(primaryDeg: float, secondaryDeg: float) -> str:
    if abs(secondaryDeg) >= _STANDARD_DEG:
        return ""
    names = {0.0: _("AP"), 90.0: _("lateral"), 180.0: _("PA")}
    return next((str(name) for angle, name in names.items() if abs(abs(primaryDeg) - angle) < _STANDARD_DEG), "")
