"""The poses that simulated X-rays of a patient are taken from: drawn evenly from a range about a place."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from xray3d.errors import GeometryError
from xray3d.geometry import Projection


@dataclass(frozen=True)
class PoseRange:
    """A C-arm around a patient who lies anywhere near its isocentre.

    Attributes:
        center_ras: (3,) mm, what the C-arm aims at in the middle of the range.
        primary_deg, secondary_deg, in_plane_deg: the lowest and the highest angle, the last about the viewing
            direction.
        lateral_mm: how far the patient may be displaced along the rows and along the columns of the image.
        depth_mm: and along the viewing direction.
        sdd_mm, sod_mm: source to detector and source to isocentre.

    Raises:
        GeometryError: ranges upside down, distances that are none, or a patient that would reach the source.
    """

    center_ras: tuple[float, float, float]
    primary_deg: tuple[float, float] = (-45.0, 45.0)
    secondary_deg: tuple[float, float] = (-30.0, 30.0)
    in_plane_deg: tuple[float, float] = (-15.0, 15.0)
    lateral_mm: float = 50.0
    depth_mm: float = 100.0
    sdd_mm: float = 1020.0
    sod_mm: float = 700.0

    def __post_init__(self) -> None:
        if len(self.center_ras) != 3 or not np.isfinite(self.center_ras).all():
            raise GeometryError("The centre of a range of poses must be three finite coordinates in mm.")
        for name, (low, high) in zip(("primary_deg", "secondary_deg", "in_plane_deg"), self._angles, strict=True):
            if not -180 <= low <= high <= 180:
                raise GeometryError(f"{name} must be two angles from -180 to 180, the lower first, not {low}, {high}.")
        if not 0 <= self.lateral_mm < np.inf:
            raise GeometryError(f"lateral_mm must be a displacement in mm, not {self.lateral_mm}.")
        if not (0 <= self.depth_mm < self.sod_mm < self.sdd_mm - self.depth_mm < np.inf):
            raise GeometryError(
                "In a range of poses the patient must stay between source and detector: depth_mm below sod_mm, and "
                "sod_mm + depth_mm below sdd_mm."
            )

    def draw(self, rng: np.random.Generator, size_px: tuple[int, int], pixel_mm: tuple[float, float]) -> Projection:
        """A projection from anywhere in the range, with a receptor of this size."""
        primary, secondary, in_plane = (rng.uniform(*angles) for angles in self._angles)
        shift = rng.uniform(-1, 1, 3) * (self.lateral_mm, self.lateral_mm, self.depth_mm)
        middle = Projection.from_carm(primary, secondary, self.center_ras, self.sdd_mm, self.sod_mm, size_px, pixel_mm)
        turned = middle.perturbed([0, 0, 0, 0, 0, np.deg2rad(in_plane)])
        return turned.perturbed([*shift, 0, 0, 0])

    def widened(self, by_deg: float, by_mm: float) -> PoseRange:
        """The range with so much on every side, but no angle beyond 180 degrees, nor the patient past the receptor."""
        primary, secondary, in_plane = (
            (max(low - by_deg, -180.0), min(high + by_deg, 180.0)) for low, high in self._angles
        )
        return replace(
            self,
            primary_deg=primary,
            secondary_deg=secondary,
            in_plane_deg=in_plane,
            lateral_mm=self.lateral_mm + by_mm,
            depth_mm=min(self.depth_mm + by_mm, (self.depth_mm + self._room_mm) / 2),
        )

    @property
    def _room_mm(self) -> float:
        """How far the isocentre is from the source or from the receptor, whichever is nearer."""
        return min(self.sod_mm, self.sdd_mm - self.sod_mm)

    @property
    def _angles(self) -> tuple[tuple[float, float], ...]:
        return self.primary_deg, self.secondary_deg, self.in_plane_deg

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> PoseRange:
        """What `to_dict` gave, also after JSON made lists of its tuples."""
        fields: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in values.items()}
        return cls(**fields)
