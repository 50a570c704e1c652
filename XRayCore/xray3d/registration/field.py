"""The part of an X-ray image that the beam reached: what the collimator, round or rectangular, left open."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

_SIZE_PX = 128
_SMOOTHING_PX = 1.0
# A blade's edge steps in the same sense all along; anatomy does not. Steps are taken over so many pixels each side.
_REACH_PX = 3
_LEAST_STEADY = 1.4
# The step must stand out of the slopes on both sides of it, such as those towards the skin, by this share of the
# image's standard deviation.
_LEAST_STEP, _AROUND_PX = 0.25, 7
# Blades and circles are sought in this outer share of the half image.
_OUTER = 0.6
# An inscribed circle is seen in the corners alone.
_LEAST_SEEN = 0.15
# Penumbra, and a pixel of doubt.
_EDGE_PX = 2.5


def exposed_field(pixels: NDArray[np.floating]) -> Mask:
    """(rows, cols) of an X-ray image: True in the collimated field, everywhere when no collimator is seen.

    Sought are the four blades of a rectangle along the image's rows and columns, each on its own, and the circle of
    an image intensifier about the image's centre.
    """
    rows, columns = pixels.shape
    small = cv2.resize(np.float32(pixels), (_SIZE_PX, _SIZE_PX), interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(small, (0, 0), _SMOOTHING_PX)
    grey = np.clip(grey, *np.percentile(grey, [1, 99]))
    deviation = float(grey.std())
    if deviation <= 0:
        return np.ones((rows, columns), bool)
    grey = (grey - grey.mean()) / deviation
    y, x = (np.mgrid[:_SIZE_PX, :_SIZE_PX] + 0.5 - _SIZE_PX / 2) / (_SIZE_PX / 2)
    radius = _outer_edge(_polar(grey))
    if radius is not None:
        inside = np.hypot(x, y) < radius
    else:
        outwards = (grey[:, ::-1], grey, grey[::-1].T, grey.T)
        left, right, top, bottom = (_outer_edge(lines[:, _SIZE_PX // 2 :]) or 1.0 for lines in outwards)
        inside = (x > -left) & (x < right) & (y > -top) & (y < bottom)
    return cv2.resize(inside.astype(np.float32), (columns, rows), interpolation=cv2.INTER_LINEAR) > 0.5


def _polar(grey: NDArray[np.floating]) -> NDArray[np.floating]:
    """The image along radii, (angles, pixels from the centre to the corners); NaN beyond its border."""
    middle = (_SIZE_PX - 1) / 2
    reach = round(np.sqrt(0.5) * _SIZE_PX)
    angle = np.linspace(0, 2 * np.pi, 3 * _SIZE_PX, endpoint=False)[:, None]
    radius = np.arange(reach) + 0.5
    x, y = (np.float32(middle + radius * function(angle)) for function in (np.cos, np.sin))
    along = cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=np.nan)
    return np.asarray(along, np.float32)


def _outer_edge(lines: NDArray[np.floating]) -> float | None:
    """Where the lines, from the middle outwards, step all alike: a share of half the image, less a margin; or None."""
    half = _SIZE_PX // 2
    sums = np.cumsum(np.pad(lines, ((0, 0), (1, 0))), axis=1)
    at = np.arange(int((1 - _OUTER) * half), min(lines.shape[1], half + 2 * _REACH_PX) - _REACH_PX)
    step = (sums[:, at + _REACH_PX] - 2 * sums[:, at] + sums[:, at - _REACH_PX]) / _REACH_PX
    step = step[len(step) // 6 : -(len(step) // 6)] if len(step) == _SIZE_PX else step
    seen = np.isfinite(step).mean(axis=0) > _LEAST_SEEN
    at, step = at[seen], step[:, seen]
    typical = np.nanmedian(step, axis=0)
    spread = np.nanpercentile(np.abs(step - typical), 80, axis=0)
    size = np.abs(typical)
    before, after = np.pad(size, (_AROUND_PX, 0))[: len(size)], np.pad(size, (0, _AROUND_PX))[_AROUND_PX:]
    steady = np.where(size - np.maximum(before, after) > _LEAST_STEP, size / (spread + 0.05), 0.0)
    best = int(np.argmax(steady))
    return (at[best] - _EDGE_PX) / half if steady[best] > _LEAST_STEADY else None
