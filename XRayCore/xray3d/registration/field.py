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
    scale = _SIZE_PX / max(pixels.shape)
    rows, columns = (max(4 * _REACH_PX, round(side * scale)) for side in pixels.shape)
    small = cv2.resize(np.float32(pixels), (columns, rows), interpolation=cv2.INTER_AREA)
    grey = np.asarray(cv2.GaussianBlur(small, (0, 0), _SMOOTHING_PX), np.float32)
    grey = np.clip(grey, *np.percentile(grey, [1, 99]))
    deviation = float(grey.std())
    if deviation <= 0:
        return np.ones(pixels.shape, bool)
    grey = (grey - grey.mean()) / deviation
    y, x = (np.arange(side) + 0.5 - side / 2 for side in (rows, columns))
    radius = _outer_edge(_polar(grey), min(rows, columns) / 2)
    if radius is not None:
        inside = np.hypot(y[:, None], x) < radius
    else:
        outwards = (grey[:, ::-1], grey, grey[::-1].T, grey.T)
        edges = (_outer_edge(_middle(lines)[:, lines.shape[1] // 2 :], lines.shape[1] / 2) for lines in outwards)
        left, right, top, bottom = (np.inf if edge is None else edge for edge in edges)
        inside = ((y > -top) & (y < bottom))[:, None] & (x > -left) & (x < right)
    full = cv2.resize(inside.astype(np.float32), pixels.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(full > 0.5)


def _middle(lines: NDArray[np.floating]) -> NDArray[np.floating]:
    """The lines without the outer sixths, where the other blades are."""
    sixth = len(lines) // 6
    return lines[sixth:-sixth]


def _polar(grey: NDArray[np.floating]) -> NDArray[np.floating]:
    """The image along radii, (angles, pixels from the centre to the corners); NaN beyond its border."""
    rows, columns = grey.shape
    angle = np.linspace(0, 2 * np.pi, 3 * _SIZE_PX, endpoint=False)[:, None]
    radius = np.arange(round(np.hypot(rows, columns) / 2)) + 0.5
    x = np.float32((columns - 1) / 2 + radius * np.cos(angle))
    y = np.float32((rows - 1) / 2 + radius * np.sin(angle))
    along = cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=np.nan)
    return np.asarray(along, np.float32)


def _outer_edge(lines: NDArray[np.floating], half: float) -> float | None:
    """Where the lines, from the middle outwards, step all alike: in pixels, less a margin; or None.

    Args:
        lines: (n, pixels from the middle).
        half: half the image, of which the inner part is not looked at.
    """
    sums = np.cumsum(np.pad(lines, ((0, 0), (1, 0))), axis=1)
    at = np.arange(max(_REACH_PX, int((1 - _OUTER) * half)), min(lines.shape[1], int(half) + 2 * _REACH_PX) - _REACH_PX)
    step = (sums[:, at + _REACH_PX] - 2 * sums[:, at] + sums[:, at - _REACH_PX]) / _REACH_PX
    seen = np.isfinite(step).mean(axis=0) > _LEAST_SEEN
    if not seen.any():
        return None
    at, step = at[seen], step[:, seen]
    typical = np.nanmedian(step, axis=0)
    spread = np.nanpercentile(np.abs(step - typical), 80, axis=0)
    size = np.abs(typical)
    before, after = np.pad(size, (_AROUND_PX, 0))[: len(size)], np.pad(size, (0, _AROUND_PX))[_AROUND_PX:]
    steady = np.where(size - np.maximum(before, after) > _LEAST_STEP, size / (spread + 0.05), 0.0)
    best = int(np.argmax(steady))
    return float(at[best] - _EDGE_PX) if steady[best] > _LEAST_STEADY else None
