"""Primary radiation: what of a polychromatic beam passes the patient and is registered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import warp as wp

from xray3d.drr.device import MODULE_OPTIONS, launch
from xray3d.drr.line_integrals import LineIntegrals
from xray3d.drr.physics.response import DetectedSpectrum

wp.set_module_options(MODULE_OPTIONS)


@dataclass(frozen=True)
class Beam:
    """Radiation registered by the detector before it is drawn as single quanta, relative to the open beam.

    Attributes:
        signal: (n, rows, cols) float32 mean signal; 1 without an object.
        variance: (n, rows, cols) float32 variance of its quantum noise, in units of the open beam's; 1 without an
            object. The two differ where an object has hardened the beam.
    """

    signal: wp.array
    variance: wp.array


@wp.kernel
def _attenuate(
    start: int,
    soft: wp.array2d[wp.float32],
    bone: wp.array2d[wp.float32],
    metal_mm: wp.array2d[wp.float32],
    nodes: wp.array2d[wp.float32],
    signal: wp.array2d[wp.float32],
    variance: wp.array2d[wp.float32],
):
    """Columns of nodes: signal weight, variance weight, soft factor, bone factor, metal per mm."""
    row, column = wp.tid()
    row += start
    metal = wp.float32(0.0)
    if metal_mm:
        metal = metal_mm[row, column]
    total = wp.float32(0.0)
    total_variance = wp.float32(0.0)
    for i in range(nodes.shape[0]):
        integral = nodes[i, 2] * soft[row, column] + nodes[i, 3] * bone[row, column] + nodes[i, 4] * metal
        transmission = wp.exp(-integral)
        total += nodes[i, 0] * transmission
        total_variance += nodes[i, 1] * transmission
    signal[row, column] = total
    variance[row, column] = total_variance


def transmit(integrals: LineIntegrals, detected: DetectedSpectrum) -> Beam:
    """The primary beam behind the patient: Beer and Lambert's law at each energy, summed as the detector does."""
    shape, device = integrals.soft.shape, integrals.soft.device
    table = np.stack(
        [
            detected.signal_weight,
            detected.variance_weight,
            detected.soft_factor,
            detected.bone_factor,
            detected.metal_per_mm,
        ],
        axis=1,
    )
    nodes = wp.array(table, dtype=wp.float32, device=device)
    signal, variance = (wp.empty(shape, dtype=wp.float32, device=device) for _ in range(2))
    metal_mm = None if integrals.metal_mm is None else as_rows(integrals.metal_mm)
    inputs = [as_rows(integrals.soft), as_rows(integrals.bone), metal_mm, nodes, as_rows(signal), as_rows(variance)]
    launch(_attenuate, inputs[0].shape, inputs, device)
    return Beam(signal, variance)


def as_rows(images: wp.array) -> wp.array:
    """(n, rows, cols) as (n rows, cols) without a copy: kernels are cut into blocks along the leading dimension."""
    n, rows, columns = images.shape
    return images.reshape((n * rows, columns))
