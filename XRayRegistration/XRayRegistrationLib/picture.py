"""The CT as an X-ray shows it, beside or over that X-ray; plain arrays, free of MRML."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xray3d import DRRRenderer, Projection, XRayImage
from xray3d.registration import overlay


@dataclass(frozen=True)
class Pair:
    """An X-ray and the CT from the same pose, made to look alike.

    Attributes:
        xray: (rows, cols) from 0 to 1.
        drr: the same of the CT.
        contours: (n, 2) each, column and row: edges of the CT's bones.
    """

    xray: NDArray[np.float32]
    drr: NDArray[np.float32]
    contours: list[NDArray[np.float32]]


def pairOf(renderer: DRRRenderer, xray: XRayImage, projection: Projection, largestPx: int) -> Pair:
    """The X-ray with the CT as `projection` sees it, with no more than so many rows and columns.

    Raises:
        GeometryError: a source inside the patient.
    """
    share = min(1.0, largestPx / max(projection.size_px))
    rows, columns = (max(1, round(n * share)) for n in projection.size_px)
    integrals = renderer.render_materials(projection.resampled((rows, columns)))
    pixels = cv2.resize(xray.pixels, (columns, rows), interpolation=cv2.INTER_AREA)
    alike = overlay.display_pair(pixels, integrals.drr()[0])
    return Pair(*alike, overlay.contours(integrals.bone.numpy()[0]))


def mixed(pair: Pair, kind: str, blend: float) -> NDArray[np.float32] | None:
    """One image of the two: `kind` is one of `parameters.OVERLAY_CHOICES`; None for the X-ray alone."""
    if kind == "blend":
        return overlay.blend(pair.xray, pair.drr, blend)
    return overlay.checkerboard(pair.xray, pair.drr) if kind == "checkerboard" else None
