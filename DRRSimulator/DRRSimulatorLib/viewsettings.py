"""All that one simulated X-ray depends on besides the patient; plain values, kept with the X-ray in the scene."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace

PHYSICS_CHOICES = (
    "line integrals",
    "fluoroscopy",
    "fluoroscopy-low-dose",
    "fluoroscopy-spot",
    "radiography",
    "radiography-lateral",
    "ideal",
)
"""Line integrals, or the techniques of `xray3d.drr.physics.presets`; named here so that the panel opens without it."""

METAL_CHOICES = ("titanium", "Ti-6Al-4V", "stainless steel 316L", "cobalt-chrome", "tantalum")
"""The implant materials of `xray3d.drr.physics.materials`."""

RANGES = {
    "primaryDeg": (-180.0, 180.0),
    "secondaryDeg": (-90.0, 90.0),
    "rollDeg": (-180.0, 180.0),
    "isocenterR": (-5000.0, 5000.0),
    "isocenterA": (-5000.0, 5000.0),
    "isocenterS": (-5000.0, 5000.0),
    "sddMm": (200.0, 3000.0),
    "sodMm": (50.0, 2950.0),
    "rows": (8, 4096),
    "columns": (8, 4096),
    "pixelRowMm": (0.02, 20.0),
    "pixelColumnMm": (0.02, 20.0),
    "offsetRowMm": (-1000.0, 1000.0),
    "offsetColumnMm": (-1000.0, 1000.0),
    "seed": (0, 10**9),
}
"""Smallest and largest value of every number."""

CHOICES = {"physics": PHYSICS_CHOICES, "metal": METAL_CHOICES}


@dataclass(frozen=True)
class ViewSettings:
    """One X-ray to be taken.

    Attributes:
        primaryDeg: positioner primary angle, RAO negative, LAO positive.
        secondaryDeg: positioner secondary angle, CAU negative, CRA positive.
        rollDeg: how far the detector is turned about the central ray, clockwise as the source sees it; 0 for a C-arm.
        isocenterR: isocentre in RAS (R), mm.
        isocenterA: isocentre in RAS (A), mm.
        isocenterS: isocentre in RAS (S), mm.
        sddMm: source to detector.
        sodMm: source to isocentre.
        rows: of the image.
        columns: of the image.
        pixelRowMm: spacing of the rows on the detector.
        pixelColumnMm: spacing of the columns on the detector.
        offsetRowMm: how far below the image's centre the normal ray meets the detector; 0 for a C-arm.
        offsetColumnMm: how far right of it.
        physics: one of `PHYSICS_CHOICES`.
        seed: fixes the noise.
        metal: one of `METAL_CHOICES`.
    """

    primaryDeg: float = 0.0
    secondaryDeg: float = 0.0
    rollDeg: float = 0.0
    isocenterR: float = 0.0
    isocenterA: float = 0.0
    isocenterS: float = 0.0
    sddMm: float = 1020.0
    sodMm: float = 700.0
    rows: int = 512
    columns: int = 512
    pixelRowMm: float = 0.6
    pixelColumnMm: float = 0.6
    offsetRowMm: float = 0.0
    offsetColumnMm: float = 0.0
    physics: str = "line integrals"
    seed: int = 0
    metal: str = "titanium"

    @property
    def isocenterRas(self) -> tuple[float, float, float]:
        """(3,) mm."""
        return self.isocenterR, self.isocenterA, self.isocenterS

    def withIsocenter(self, pointRas) -> ViewSettings:
        """The same about another isocentre, (3,) RAS mm."""
        r, a, s = (float(x) for x in pointRas)
        return replace(self, isocenterR=r, isocenterA=a, isocenterS=s)

    def withTechniqueOf(self, other: ViewSettings) -> ViewSettings:
        """The same geometry, taken with another's physics, seed and metal."""
        return replace(self, physics=other.physics, seed=other.seed, metal=other.metal)

    def toJson(self) -> str:
        """For a node attribute."""
        return json.dumps(asdict(self))


SETTING_NAMES = tuple(field.name for field in fields(ViewSettings))
DEFAULTS = ViewSettings()


def settingsFromJson(text: str) -> tuple[ViewSettings, list[str]]:
    """Inverse of `toJson`, forgiving: what is missing or makes no sense takes its default and is named in the list."""
    try:
        stored = json.loads(text)
    except ValueError:
        stored = None
    if not isinstance(stored, dict):
        return DEFAULTS, list(SETTING_NAMES)
    replaced = [name for name in SETTING_NAMES if not isAllowed(name, stored.get(name))]
    return ViewSettings(**{name: stored[name] for name in SETTING_NAMES if name not in replaced}), replaced


def isAllowed(name: str, value: object) -> bool:
    """Whether the value is one that the setting of this name can have."""
    if name in CHOICES:
        return value in CHOICES[name]
    low, high = RANGES[name]
    kind = int if isinstance(low, int) else (int, float)
    return isinstance(value, kind) and not isinstance(value, bool) and low <= value <= high
