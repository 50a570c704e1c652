"""Output curves: from detector signal to stored pixel values, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import warp as wp
from numpy.typing import NDArray

from xray3d.drr.device import MODULE_OPTIONS, launch
from xray3d.drr.physics.errors import PhysicsError, require_range
from xray3d.drr.physics.primary import as_rows

wp.set_module_options(MODULE_OPTIONS)


@dataclass(frozen=True)
class OutputCurve:
    """How a detector stores its signal.

    Attributes:
        scale: "log", as for radiographs and subtraction, or "linear".
        bits: bits stored, 8 to 16.
        window: (low, high) signals relative to the open beam that become the darkest and the brightest value; what
            lies outside is clipped.
        inverted: False for dark bone and metal, as in fluoroscopy; True for bright bone, as in radiography.
    """

    scale: Literal["log", "linear"] = "log"
    bits: int = 12
    window: tuple[float, float] = (5e-4, 1.0)
    inverted: bool = False

    def __post_init__(self) -> None:
        if self.scale not in ("log", "linear"):
            raise PhysicsError(f"output scale must be log or linear, not {self.scale!r}.")
        if self.bits not in range(8, 17):
            raise PhysicsError(f"output bits must be a whole number from 8 to 16, not {self.bits}.")
        low, high = self.window
        lowest = 1e-9 if self.scale == "log" else 0.0
        require_range("output window's low end", low, lowest, 100.0)
        require_range("output window's high end", high, np.nextafter(low, np.inf), 100.0)

    @property
    def largest_value(self) -> int:
        """The largest stored value."""
        return 2**self.bits - 1

    def store(self, signal: wp.array) -> wp.array:
        """Stored values (n, rows, cols) uint16 of a signal relative to the open beam, (n, rows, cols) float32."""
        stored = wp.empty(signal.shape, dtype=wp.uint16, device=signal.device)
        low, high = self.window
        inputs: list[Any] = [int(self.scale == "log"), low, high, int(self.inverted), float(self.largest_value)]
        inputs += [as_rows(signal), as_rows(stored)]
        launch(_store, inputs[-1].shape, inputs, signal.device)
        return stored

    def signal(self, stored: NDArray[np.integer]) -> NDArray[np.float32]:
        """The signal relative to the open beam that stored values of any shape stand for."""
        share = stored / np.float32(self.largest_value)
        if self.inverted:
            share = 1.0 - share
        low, high = self.window
        if self.scale == "log":
            return (low * np.power(high / low, share)).astype(np.float32)
        return (low + (high - low) * share).astype(np.float32)


@wp.kernel
def _store(
    start: int,
    logarithmic: int,
    low: float,
    high: float,
    inverted: int,
    largest_value: float,
    signal: wp.array2d[wp.float32],
    stored: wp.array2d[wp.uint16],
):
    row, column = wp.tid()
    row += start
    clipped = wp.clamp(signal[row, column], low, high)
    share = (clipped - low) / (high - low)
    if logarithmic != 0:
        share = wp.log(clipped / low) / wp.log(high / low)
    if inverted != 0:
        share = 1.0 - share
    stored[row, column] = wp.uint16(wp.round(wp.clamp(share, 0.0, 1.0) * largest_value))
