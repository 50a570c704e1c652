"""Pictures by which a person judges a registration: the X-ray and the CT seen from the registered pose, in one."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from xray3d.drr import DRRRenderer
from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.volumes import XRayImage

Image = NDArray[np.float32]
Polyline = NDArray[np.float32]

CONTOUR_RGB = (255, 190, 0)

_LONGEST_PX = 1024
# Shares of the longer side of the image: blurring against quantum noise, and what counts as local.
_DENOISING, _LOCAL = 0.003, 0.06
# Black to white is so many standard deviations; where there is less contrast than a share of what is usual, the grey
# scale is left to more than noise.
_SPREAD, _LEAST_CONTRAST = 5.0, 0.3
# Polarity is judged on images without detail, which agree even where the pose is off.
_POLARITY_PX = 48
# Edges: found in the square root of the bone, so that ribs count beside the pelvis, after blurring by a share of the
# longer side; the steepest pixels start an edge, those above the lower share continue it.
_EDGE_BLUR = 0.002
_STRONG_EDGES, _WEAK_EDGES = 93.0, 86.0
_SHORTEST_EDGE = 0.03


def display_pair(xray_pixels: NDArray, drr: NDArray) -> tuple[Image, Image]:
    """An X-ray and a DRR made to look alike: locally equalised contrast, bone bright in both.

    Whether the X-ray has bright or dark bone follows from how it goes with the DRR.

    Args:
        xray_pixels: (rows, cols) of whatever quantity.
        drr: (rows, cols) line integrals from nearly the same pose.

    Returns:
        Both (rows, cols) from 0 to 1.
    """
    xray = _equalised(xray_pixels)
    return (xray if _goes_with(xray_pixels, drr) else 1.0 - xray), _equalised(drr)


def blend(first: Image, second: Image, share: float) -> Image:
    """The second image over the first (both (rows, cols)), with a share from 0, only the first, to 1."""
    return ((1.0 - share) * first + share * second).astype(np.float32)


def checkerboard(first: Image, second: Image, tiles: int = 8) -> Image:
    """The two images (rows, cols) in turns, in so many square tiles along the longer side."""
    side = max(first.shape) / tiles
    row, column = np.indices(first.shape)
    odd = (row // side + column // side) % 2 == 1
    return np.where(odd, second, first).astype(np.float32)


def bone_contours(renderer: DRRRenderer, projection: Projection) -> list[Polyline]:
    """Edges of the CT's bones as a projection shows them: (n, 2) polylines of (column, row), px.

    Raises:
        GeometryError: the source is inside the patient.
    """
    return contours(renderer.render_materials(projection).bone.numpy()[0])


def contours(drr: NDArray) -> list[Polyline]:
    """Edges in line integrals (rows, cols): (n, 2) polylines of (column, row), px; short ones are left out.

    Canny's edges (IEEE Trans. PAMI 8, 1986), each followed along both of its sides.
    """
    root = np.sqrt(np.maximum(drr, 0)).astype(np.float32)
    smooth = _blurred(root, max(1.0, _EDGE_BLUR * max(drr.shape)))
    scale = 16000.0 / max(float(np.ptp(smooth)), 1e-6)
    across, down = (cv2.Sobel(smooth * scale, cv2.CV_32F, *order) / 8 for order in ((1, 0), (0, 1)))
    steepness = np.hypot(across, down)
    inside = steepness[smooth > 1e-3]
    if not inside.size:
        return []
    weak, strong = np.percentile(inside, (_WEAK_EDGES, _STRONG_EDGES))
    edges = cv2.Canny(across.astype(np.int16), down.astype(np.int16), weak, strong, L2gradient=True)
    found, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    shortest = 2 * _SHORTEST_EDGE * max(drr.shape)
    return [line[:, 0].astype(np.float32) for line in found if cv2.arcLength(line, True) >= shortest]


def coloured_overlay(
    image: Image, lines: Sequence[Polyline], colour: tuple[int, int, int] = CONTOUR_RGB
) -> NDArray[np.uint8]:
    """An image (rows, cols) from 0 to 1 with polylines of (column, row) over it: RGB (rows, cols, 3)."""
    rgb = np.repeat(as_grey(image)[..., None], 3, axis=-1)
    bits = 4
    fixed = [np.round(line * 2**bits).astype(np.int32)[:, None] for line in lines]
    width = max(1, round(max(image.shape) / 700))
    return cv2.polylines(rgb, fixed, False, colour, width, cv2.LINE_AA, shift=bits).astype(np.uint8)


def before_and_after(renderer: DRRRenderer, xray: XRayImage, start: Projection, end: Projection) -> NDArray[np.uint8]:
    """The picture beside a result: above the start, below the end; left contours on the X-ray, right a checkerboard.

    Returns:
        RGB (2 rows, 2 cols, 3), as the X-ray's pixels are stored, no part longer than 1024 pixels; where a pose cannot
        be rendered, the X-ray alone.
    """
    share = min(1.0, _LONGEST_PX / max(xray.pixels.shape))
    rows, cols = (max(1, round(share * length)) for length in xray.pixels.shape)
    shown = cv2.resize(xray.pixels, (cols, rows), interpolation=cv2.INTER_AREA)
    poses = (("start", start.resampled((rows, cols))), ("result", end.resampled((rows, cols))))
    return np.vstack([_captioned(_judged(renderer, shown, pose), caption) for caption, pose in poses])


def as_grey(image: Image) -> NDArray[np.uint8]:
    """Eight bits of an image from 0 to 1."""
    return np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)


def _judged(renderer: DRRRenderer, pixels: NDArray, pose: Projection) -> NDArray[np.uint8]:
    """Contours and checkerboard of one pose, side by side."""
    try:
        drr = renderer.render(pose)
        lines = bone_contours(renderer, pose)
    except GeometryError:
        drr, lines = np.zeros(pose.size_px, np.float32), []
    shown, rendered = display_pair(pixels, drr)
    board = checkerboard(shown, rendered) if drr.any() else shown
    return np.hstack([coloured_overlay(shown, lines), coloured_overlay(board, ())])


def _captioned(rgb: NDArray[np.uint8], caption: str) -> NDArray[np.uint8]:
    """With a word in the lower left corner, light over its dark shadow, so that it shows on any background."""
    scale = rgb.shape[0] / 700
    for colour, shift_px in (((0, 0, 0), 2), ((255, 255, 255), 0)):
        place = (round(12 * scale) + shift_px, round(rgb.shape[0] - 14 * scale) + shift_px)
        cv2.putText(rgb, caption, place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, max(1, round(2 * scale)), cv2.LINE_AA)
    return rgb


def _equalised(pixels: NDArray) -> Image:
    """Distance from the local mean in local standard deviations, from 0 to 1."""
    side = max(pixels.shape)
    quiet = _blurred(np.asarray(pixels, np.float32), max(0.5, _DENOISING * side))
    mean = _blurred(quiet, _LOCAL * side)
    deviation = np.sqrt(_blurred((quiet - mean) ** 2, _LOCAL * side))
    floor = _LEAST_CONTRAST * float(np.median(deviation)) + 1e-9
    return np.clip(0.5 + (quiet - mean) / (_SPREAD * np.maximum(deviation, floor)), 0, 1).astype(np.float32)


def _blurred(image: Image, sigma_px: float) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.float32)


def _goes_with(xray_pixels: NDArray, drr: NDArray) -> bool:
    """Whether the X-ray is bright where the DRR is, by rank correlation of coarse versions (Spearman)."""
    size = (_POLARITY_PX, _POLARITY_PX)
    coarse = [cv2.resize(np.asarray(i, np.float32), size, interpolation=cv2.INTER_AREA) for i in (xray_pixels, drr)]
    # What a shutter or a saturated detector left says nothing.
    meant = (coarse[0] > coarse[0].min()) & (coarse[0] < coarse[0].max())
    ranks = [rankdata(image[meant]) for image in coarse]
    return bool(np.cov(ranks[0], ranks[1])[0, 1] >= 0) if meant.sum() > 2 else True
