"""Detector signals as grey values for a screen or a PNG file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from xray3d.drr.physics.errors import PhysicsError

# Behind less than about 8 cm of tissue lies little of a trunk that is worth a share of the grey scale. Where too
# little of the image is darker than that, it shows a limb, and all of it counts.
_BARELY_ATTENUATED = 0.1
_SMALLEST_SHARE_OF_BODY = 0.1
# The window is found in an image without most of the quantum noise.
_SMOOTHING_PX = 2.0
# Dynamic range compression: so much of the differences that extend over this share of the image is taken away.
_COMPRESSION = 0.6
_COMPRESSION_WIDTH = 0.08
# The darkest end is left to metal, which covers some per cent of a view with implants.
_PERCENTILES = (3.0, 96.0)


def to_display(
    signal: NDArray[np.floating], field: NDArray[np.floating] | None = None, inverted: bool = False
) -> NDArray[np.uint8]:
    """Eight-bit images, each with the grey scale spent on the anatomy that it shows.

    What consoles do before a reader sees an image: the logarithm, compression of its dynamic range by unsharp masking
    (Vuylsteke and Schoeters, Proc. SPIE 2167, 1994, in its simplest form), a window about the body in the collimated
    field, and an electronic shutter that blackens what lies outside it.

    Args:
        signal: (..., rows, cols) relative to the open beam: `XRaySimulator.signal`, or `OutputCurve.signal` of a
            stored image.
        field: (rows, cols) the collimated field, `XRaySimulator.field`; None for the whole receptor.
        inverted: False for dark bone, as in fluoroscopy; True for bright bone, as in radiography.

    Raises:
        PhysicsError: nothing lies within the field.
    """
    inside = np.ones(signal.shape[-2:], bool) if field is None else field > 0.5
    if not inside.any():
        raise PhysicsError("The collimated field leaves no pixel to display; open the collimator.")
    images = [_to_grey(image, inside, inverted) for image in signal.reshape(-1, *signal.shape[-2:])]
    return np.reshape(images, signal.shape)


def _to_grey(signal: NDArray[np.floating], inside: NDArray[np.bool_], inverted: bool) -> NDArray[np.uint8]:
    smooth = gaussian_filter(signal, _SMOOTHING_PX)
    body = inside & (smooth < _BARELY_ATTENUATED)
    if body.sum() < _SMALLEST_SHARE_OF_BODY * inside.sum():
        body = inside
    darkest = max(smooth[body].min() / 2.0, 1e-6)
    compression = _compression(np.log(np.maximum(smooth, darkest)), body)
    low, high = np.percentile((np.log(np.maximum(smooth, darkest)) - compression)[body], _PERCENTILES)
    compressed = np.log(np.maximum(signal, darkest)) - compression
    share = np.clip((compressed - low) / max(high - low, 1e-6), 0.0, 1.0)
    return np.round(255.0 * inside * (1.0 - share if inverted else share)).astype(np.uint8)


def _compression(logarithm: NDArray[np.floating], body: NDArray[np.bool_]) -> NDArray[np.floating]:
    """What to take away: part of the local mean over the body, which alone counts, so that air casts no halo."""
    sigma_px = _COMPRESSION_WIDTH * max(logarithm.shape)
    weight = gaussian_filter(body.astype(np.float32), sigma_px)
    mean = gaussian_filter(np.where(body, logarithm, 0.0), sigma_px)
    overall = logarithm[body].mean()
    local = np.where(weight > 1e-3, mean / np.maximum(weight, 1e-3), overall)
    return _COMPRESSION * (local - overall)
