"""Named techniques: all that it takes to make an X-ray besides the geometry.

The radiographic ones follow the European guidelines on quality criteria for diagnostic radiographic images, EUR 16260
(1996): lumbar spine at 75 to 90 kV frontal and 80 to 95 kV lateral, at least 3 mm Al, a grid, some µGy at the receptor.
The fluoroscopic ones have the copper filtration of modern systems, and a load that leaves some tens of nGy in each
pulse at the receptor behind 20 cm of water, the order of magnitude of pulsed fluoroscopy (for the practice see Jones
et al., Med. Phys. 41(1), 014301, 2014); there is no automatic exposure control, so thicker patients are noisier. Grids
(10:1 and 12:1) and the caesium iodide panel carry nominal values.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from xray3d.drr.physics.collimator import Collimator
from xray3d.drr.physics.errors import PhysicsError, require_range
from xray3d.drr.physics.output import OutputCurve
from xray3d.drr.physics.scatter import AntiScatterGrid


@dataclass(frozen=True)
class FlatPanel:
    """An energy-integrating flat-panel detector.

    Attributes:
        csi_mm: thickness of the scintillator as solid caesium iodide (needles fill about 80 % of a layer).
        mtf50_per_mm: frequency in line pairs per mm at which its modulation transfer is one half; None for no blur.
        pixel_mm: side of the panel's own square pixels, to which its electronic noise refers.
        electronic_noise_quanta: standard deviation of that noise in absorbed photons per pixel of the panel.
    """

    csi_mm: float = 0.5
    mtf50_per_mm: float | None = 1.3
    pixel_mm: float = 0.2
    electronic_noise_quanta: float = 2.0

    def __post_init__(self) -> None:
        require_range("detector csi_mm", self.csi_mm, 0.01, 5.0)
        require_range("detector pixel_mm", self.pixel_mm, 0.01, 5.0)
        require_range("detector electronic_noise_quanta", self.electronic_noise_quanta, 0.0, 1e4)
        if self.mtf50_per_mm is not None:
            require_range("detector mtf50_per_mm", self.mtf50_per_mm, 0.05, 50.0)


@dataclass(frozen=True)
class XRayPreset:
    """One technique. Change a parameter with `dataclasses.replace(preset, mas=10)`.

    Attributes:
        kvp: peak tube voltage.
        mas: tube load in mAs, of one pulse in fluoroscopy.
        anode_angle_deg: anode angle of the tube.
        al_mm: total filtration in mm of aluminium.
        cu_mm: added filtration in mm of copper.
        energy_kev: when given, all photons have this energy, as many as the tube would emit.
        focal_spot_mm: side of the square focal spot.
        magnification: source to detector over source to object, where the object's distance is not known.
        scatter: whether the object scatters.
        grid: the anti-scatter grid, or None.
        collimator: the shutter, or None for the whole receptor.
        detector: the flat panel.
        quantum_noise: whether photons are counted one by one.
        output: how the image is stored.

    Raises:
        PhysicsError: a parameter out of range, by its name.
    """

    kvp: float = 75.0
    mas: float = 0.15
    anode_angle_deg: float = 12.0
    al_mm: float = 3.0
    cu_mm: float = 0.1
    energy_kev: float | None = None
    focal_spot_mm: float = 0.6
    magnification: float = 1.45
    scatter: bool = True
    grid: AntiScatterGrid | None = None
    collimator: Collimator | None = None
    detector: FlatPanel = field(default_factory=FlatPanel)
    quantum_noise: bool = True
    output: OutputCurve = field(default_factory=OutputCurve)

    def __post_init__(self) -> None:
        # The spectrum checks what only it uses: voltage, anode, filtration and energy.
        require_range("mas", self.mas, 1e-6, 1e5)
        require_range("focal_spot_mm", self.focal_spot_mm, 0.0, 5.0)
        require_range("magnification", self.magnification, 1.001, 20.0)


_FLUOROSCOPY = XRayPreset(grid=AntiScatterGrid(primary_transmission=0.70, scatter_transmission=0.12))
_RADIOGRAPHY = XRayPreset(
    kvp=80.0,
    mas=20.0,
    cu_mm=0.0,
    focal_spot_mm=1.0,
    magnification=1.2,
    grid=AntiScatterGrid(primary_transmission=0.68, scatter_transmission=0.08),
    detector=FlatPanel(pixel_mm=0.15, mtf50_per_mm=1.5),
    output=OutputCurve(bits=16, window=(1e-4, 1.0), inverted=True),
)

PRESETS: dict[str, XRayPreset] = {
    "fluoroscopy": _FLUOROSCOPY,
    "fluoroscopy-low-dose": replace(_FLUOROSCOPY, kvp=80.0, mas=0.06, cu_mm=0.2),
    "fluoroscopy-spot": replace(_FLUOROSCOPY, mas=2.0),
    "radiography": _RADIOGRAPHY,
    "radiography-lateral": replace(_RADIOGRAPHY, kvp=90.0, mas=50.0),
    "ideal": XRayPreset(
        energy_kev=70.0,
        focal_spot_mm=0.0,
        scatter=False,
        grid=None,
        detector=FlatPanel(mtf50_per_mm=None, electronic_noise_quanta=0.0),
        quantum_noise=False,
    ),
}
"""Techniques by name. "ideal" is a monochromatic beam at the reference energy without noise, blur or scatter."""


def preset(name: str) -> XRayPreset:
    """The preset of this name; PhysicsError, which lists the names, when there is none."""
    if name not in PRESETS:
        raise PhysicsError(f"There is no X-ray preset {name!r}; choose one of: {', '.join(PRESETS)}.")
    return PRESETS[name]
