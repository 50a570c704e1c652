"""Eight-bit pictures for people: hung as a radiologist hangs them, with a side marker."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from xray3d.errors import XRay3DError
from xray3d.geometry import Projection

# Lead letters, as radiographers lay them on the receptor.
_LETTERS = {
    "R": ("1110", "1001", "1110", "1010", "1001"),
    "L": ("1000", "1000", "1000", "1000", "1111"),
    "A": ("0110", "1001", "1111", "1001", "1001"),
    "P": ("1110", "1001", "1110", "1000", "1000"),
    "S": ("0111", "1000", "0110", "0001", "1110"),
    "I": ("1110", "0100", "0100", "0100", "1110"),
}
_LETTER_SHARE = 0.012
_METAL_TINT = np.array([255, 170, 60], np.float32)


def grey_from_line_integrals(drr: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Bone bright; windowed to the body, (rows, cols)."""
    body = drr[drr > 0.05 * drr.max()]
    low, high = np.percentile(body, [2, 99.8])
    return np.round(255 * np.clip((drr - low) / max(high - low, 1e-6), 0, 1)).astype(np.uint8)


def tinted(grey: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(rows, cols, 3): the grey picture with the mask in colour."""
    rgb = np.repeat(grey[..., None], 3, axis=-1).astype(np.float32)
    rgb[mask] = 0.35 * rgb[mask] + 0.65 * _METAL_TINT
    return rgb.astype(np.uint8)


def hung(picture: NDArray[np.uint8], projection: Projection) -> NDArray[np.uint8]:
    """The picture as it hangs on a light box: the patient's right to the left, and the side that lies left marked.

    A picture is stored as the source sees it. With the source behind the patient that is mirrored to what a reader
    expects, who looks at the patient's front; side views stay as they are.
    """
    image_right = projection.extrinsic[0, :3]
    flipped = bool(image_right[0] > 0.5)
    shown = picture[:, ::-1].copy() if flipped else picture.copy()
    towards_left = image_right if flipped else -image_right
    axis = int(np.abs(towards_left).argmax())
    _stamp(shown, "RAS"[axis] if towards_left[axis] > 0 else "LPI"[axis])
    return shown


def save_png(picture: NDArray[np.uint8], path: Path) -> None:
    """Write (rows, cols) or (rows, cols, 3) as PNG."""
    try:
        sitk.WriteImage(sitk.GetImageFromArray(picture, isVector=picture.ndim == 3), str(path))
    except RuntimeError as error:
        raise XRay3DError(f"{path} could not be written; check the folder and the space left.") from error


def _stamp(picture: NDArray[np.uint8], letter: str) -> None:
    dots = np.array([[int(dot) for dot in row] for row in _LETTERS[letter]], bool)
    scale = max(1, round(_LETTER_SHARE * picture.shape[0]))
    stamp = np.kron(dots, np.ones((scale, scale), bool)).astype(bool)
    margin = 2 * scale
    corner = picture[margin : margin + stamp.shape[0], margin : margin + stamp.shape[1]]
    # White with a dark rim, so that it shows on any background.
    rim = picture[scale : 2 * scale + margin + stamp.shape[0], scale : 2 * scale + margin + stamp.shape[1]]
    rim //= 3
    corner[stamp] = 255
