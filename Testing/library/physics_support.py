"""Line integrals and receptors that the tests of the X-ray physics share."""

import numpy as np
import warp as wp
import xraydb

from xray3d import Projection
from xray3d.drr.device import resolve_device
from xray3d.drr.line_integrals import LineIntegrals

WATER_PER_MM = xraydb.material_mu("H2O", 70e3, density=1.0) / 10


def receptor(size_px=(128, 128), pixel_mm=(1.2, 1.2), sdd_mm=1020.0):
    return Projection.from_carm(0, 0, [0, 0, 0], sdd_mm, 0.7 * sdd_mm, size_px, pixel_mm)


def line_integrals(soft, bone=None, metal_mm=None, metal="titanium"):
    """From arrays (n, rows, cols)."""
    bone = np.zeros_like(soft) if bone is None else bone
    return LineIntegrals(to_warp(soft), to_warp(bone), None if metal_mm is None else to_warp(metal_mm), metal)


def uniform(soft, shape=(1, 128, 128)):
    return line_integrals(np.full(shape, soft))


def to_warp(images):
    return wp.array(np.asarray(images, np.float32), device=resolve_device("cpu"))
