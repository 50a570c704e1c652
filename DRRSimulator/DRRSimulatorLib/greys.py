"""Window and level of an X-ray: the greys are for the patient."""

from __future__ import annotations

import numpy as np

from .viewsettings import DEFAULTS

# Behind less than about 8 cm of tissue lies little of a trunk that is worth a share of the greys; where little of the
# image is darker than that, it shows a limb, and all of it counts.
_BARELY_ATTENUATED = 0.1
_SMALLEST_SHARE_OF_BODY = 0.1
_PERCENTILES = (0.5, 99.5)


def spreadGreys(node, xray, physics: str) -> None:
    """Set a node's window and level to the values behind the patient, without open beam and densest metal.

    Args:
        node: the X-ray's volume node.
        xray: its XRayImage.
        physics: the technique that it was taken with, one of `viewsettings.PHYSICS_CHOICES`.
    """
    body = _signal(xray.pixels, physics) < _BARELY_ATTENUATED
    shown = xray.pixels[body] if body.mean() > _SMALLEST_SHARE_OF_BODY else xray.pixels
    low, high = np.percentile(shown, _PERCENTILES)
    display = node.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(float(low), float(max(high, low + 1e-3)))


def _signal(pixels, physics: str):
    """What arrived at the detector, relative to the open beam."""
    if physics == DEFAULTS.physics:
        return np.exp(-pixels)
    from xray3d.drr.physics.presets import preset

    return preset(physics).output.signal(pixels)
