"""The exception of the X-ray physics."""

from __future__ import annotations

import math

from xray3d.errors import XRay3DError


class PhysicsError(XRay3DError):
    """A technique factor, detector property or image from which no X-ray can be simulated."""


def require_range(name: str, value: float, low: float, high: float) -> None:
    """Raise PhysicsError, naming the parameter, unless it is a finite number from `low` to `high`."""
    if not (math.isfinite(value) and low <= value <= high):
        raise PhysicsError(f"{name} must be a number from {low:g} to {high:g}, not {value}.")
