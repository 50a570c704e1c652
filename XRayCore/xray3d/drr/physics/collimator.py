"""The collimator: the part of the receptor that the beam may reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import warp as wp
from numpy.typing import NDArray

from xray3d.drr.device import MODULE_OPTIONS, launch
from xray3d.drr.physics.errors import PhysicsError, require_range
from xray3d.drr.physics.primary import Beam, as_rows
from xray3d.geometry import Projection

wp.set_module_options(MODULE_OPTIONS)

_BLADE_TRANSMISSION = 1e-3  # 2 mm of lead pass less; some radiation leaks around


@dataclass(frozen=True)
class Collimator:
    """A shutter centred on the receptor.

    Attributes:
        shape: "rectangle", or "circle" (an ellipse when the two sizes differ).
        size_mm: extent of the field on the receptor along (rows, columns); None for all that the shape can have of it.
        edge_mm: width of the soft edge, the penumbra of blades close to the tube.
    """

    shape: Literal["rectangle", "circle"]
    size_mm: tuple[float, float] | None = None
    edge_mm: float = 3.0

    def __post_init__(self) -> None:
        if self.shape not in ("rectangle", "circle"):
            raise PhysicsError(f"collimator shape must be rectangle or circle, not {self.shape!r}.")
        for size_mm in self.size_mm or ():
            require_range("collimator size_mm", size_mm, 1.0, 2000.0)
        require_range("collimator edge_mm", self.edge_mm, 0.01, 100.0)

    def field(self, projection: Projection) -> NDArray[np.float32]:
        """Share of the beam (rows, cols) that reaches each pixel: 1 inside the field, nearly 0 behind the blades."""
        rows, columns = projection.size_px
        y_mm = np.abs(np.arange(rows) - (rows - 1) / 2) * projection.pixel_mm[0]
        x_mm = np.abs(np.arange(columns) - (columns - 1) / 2) * projection.pixel_mm[1]
        receptor_mm = rows * projection.pixel_mm[0], columns * projection.pixel_mm[1]
        half_y, half_x = (extent_mm / 2 for extent_mm in self.size_mm or receptor_mm)
        if self.shape == "rectangle":
            outside_mm = np.maximum(y_mm[:, None] - half_y, x_mm - half_x)
        else:
            outside_mm = (np.hypot(y_mm[:, None] / half_y, x_mm / half_x) - 1.0) * min(half_x, half_y)
        ramp = np.clip(0.5 - outside_mm / self.edge_mm, 0.0, 1.0)
        smooth = ramp * ramp * (3.0 - 2.0 * ramp)
        return np.maximum(smooth, _BLADE_TRANSMISSION).astype(np.float32)


@wp.kernel
def _shade(
    start: int,
    field: wp.array2d[wp.float32],
    signal: wp.array2d[wp.float32],
    variance: wp.array2d[wp.float32],
    shaded_signal: wp.array2d[wp.float32],
    shaded_variance: wp.array2d[wp.float32],
):
    row, column = wp.tid()
    row += start
    share = field[row % field.shape[0], column]
    shaded_signal[row, column] = share * signal[row, column]
    shaded_variance[row, column] = share * variance[row, column]


def collimate(beam: Beam, field: wp.array) -> Beam:
    """The beam (n, rows, cols) behind a field (rows, cols)."""
    shaded = Beam(wp.empty_like(beam.signal), wp.empty_like(beam.variance))
    images = [as_rows(image) for image in (beam.signal, beam.variance, shaded.signal, shaded.variance)]
    launch(_shade, images[0].shape, [field, *images], field.device)
    return shaded
