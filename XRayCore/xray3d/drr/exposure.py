"""One X-ray in one call: rendering, implants and physics together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xray3d.drr.implants import Implant
from xray3d.drr.physics.presets import XRayPreset
from xray3d.drr.physics.simulator import simulate_xray
from xray3d.drr.renderer import DRRRenderer
from xray3d.errors import GeometryError
from xray3d.geometry import Projection

# A focal spot this close to the object or the receptor would not be a C-arm's.
_DEPTH_OF_OBJECT = (0.1, 0.95)


@dataclass(frozen=True, eq=False)
class Exposure:
    """A view of the patient.

    Attributes:
        pixels: (rows, cols) line integrals (float32), or with a preset what the detector stores (uint16).
        metal_mask: (rows, cols) bool, the pixels that implants cover.
    """

    pixels: NDArray
    metal_mask: NDArray[np.bool_]


def expose(
    renderer: DRRRenderer,
    projection: Projection,
    preset: XRayPreset | None = None,
    implants: Sequence[Implant] = (),
    metal: str = "titanium",
    seed: int = 0,
) -> Exposure:
    """Take an X-ray of the renderer's CT.

    Args:
        preset: the technique; None for line integrals.
        implants: metal posed in the patient.
        metal: what the implants are made of, a key of `physics.materials.METALS`.
        seed: fixes the noise.

    Raises:
        GeometryError: a view that misses the CT, or a source inside the patient.
        MeshError: an unknown metal.
    """
    integrals = renderer.render_materials(projection, implants, metal)
    line_integrals = integrals.drr()[0]
    if not line_integrals.any():
        raise GeometryError("No ray of this view meets the CT; set the isocentre inside it.")
    if preset is None:
        return Exposure(line_integrals, integrals.metal_mask()[0])
    depth_mm = (renderer.ct.center_ras - projection.source_ras) @ projection.viewing_direction_ras
    sod_mm = float(np.clip(depth_mm, *np.multiply(_DEPTH_OF_OBJECT, projection.sdd_mm)))
    return Exposure(simulate_xray(integrals, projection, preset, seed, sod_mm), integrals.metal_mask()[0])
