"""Whether X-rays show a reconstructed bone where their geometry says that they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from xray3d.drr import DRRRenderer
from xray3d.models.levels import levelled
from xray3d.reconstruction.contrast import evened
from xray3d.reconstruction.crops import crop_about
from xray3d.reconstruction.reconstruct import Reconstruction
from xray3d.reconstruction.scenes import OBJECT_PIXEL_MM
from xray3d.reconstruction.source import VIEW_PX
from xray3d.volumes import CTVolume, XRayImage

FAR_OFF_MM = 5.0
"""So far from where its geometry says an X-ray may show a bone, and nothing is said of it."""

_REACH_PX = 24
# As far as edges of bones are blurred.
_EDGE_PX = 1.5
_FILLED_HU, _EMPTY_HU = 0.0, -1000.0
# Where geometry and image are right, nine of ten bones are more alike than 0.3 to what an X-ray shows there.
_UNLIKE = 0.2
# What is not by chance: noise is 0.2 alike somewhere; and so much more alike there than where the geometry says.
_LEAST_SIMILARITY, _CLEARLY = 0.25, 0.1


@dataclass(frozen=True)
class Agreement:
    """Of an X-ray with bones that it is said to show.

    Attributes:
        off_mm: how far from where its geometry says it shows them most likely, in the patient, along the detector.
        similarity: of the bones' edges there and those of the X-ray, from 0 to 1.
        as_told: the same where the geometry says.
    """

    off_mm: float
    similarity: float
    as_told: float

    @property
    def doubt(self) -> str:
        """What is wrong, in words; nothing where nothing is known to be."""
        if self.off_mm > FAR_OFF_MM and self.similarity > max(self.as_told + _CLEARLY, _LEAST_SIMILARITY):
            return f"shows what was reconstructed about {self.off_mm:.0f} mm from where its geometry says"
        return "hardly shows what was reconstructed" if self.as_told < _UNLIKE else ""


def agreement(bones: Sequence[Reconstruction], xray: XRayImage) -> Agreement:
    """Of one X-ray with all that was reconstructed.

    Bones are projected and shifted over the X-ray; where most edges meet, they are.
    """
    alike = np.abs(np.mean([_similarities(bone, xray) for bone in bones], axis=0))
    row, column = np.unravel_index(int(alike.argmax()), alike.shape)
    off_px = np.hypot(row - _REACH_PX, column - _REACH_PX)
    return Agreement(float(off_px) * OBJECT_PIXEL_MM, float(alike.max()), float(alike[_REACH_PX, _REACH_PX]))


def disagreements(made: Sequence[tuple[Reconstruction, Sequence[XRayImage]]]) -> list[str]:
    """One sentence on each X-ray that shows elsewhere what was reconstructed, or hardly shows it.

    Args:
        made: bones, and of each the X-rays that it was made from. One of nothing, or from a single X-ray, which nobody
            contradicts, does not count.
    """
    shown: dict[XRayImage, list[Reconstruction]] = {}
    for bone, xrays in made:
        if len(xrays) > 1 and bone.inside.any():
            for xray in xrays:
                shown.setdefault(xray, []).append(bone)
    found = {xray: agreement(bones, xray) for xray, bones in shown.items()}
    return [
        f"{xray.name} {one.doubt}; check that image and geometry belong together and that it is not mirrored."
        for xray, one in found.items()
        if one.doubt
    ]


def _similarities(bone: Reconstruction, xray: XRayImage) -> NDArray[np.float64]:
    """(2 reach + 1, 2 reach + 1) normalised cross-correlations, by how far down and to the right the bone is moved."""
    inside = bone.inside
    middle = bone.ijk_to_ras[:3, :3] @ np.argwhere(inside).mean(axis=0)[::-1] + bone.ijk_to_ras[:3, 3]
    image, projection = crop_about(xray.pixels, xray.projection, middle, VIEW_PX)
    solid = CTVolume(np.where(inside, _FILLED_HU, _EMPTY_HU).astype(np.float32), bone.ijk_to_ras, "bone")
    expected = DRRRenderer(solid).render(projection)
    near = cv2.GaussianBlur((expected > 0).astype(np.float32), (0, 0), 2 * _EDGE_PX) > 0.05
    even = evened(levelled(torch.from_numpy(image)[None, None]))[0, 0].numpy()
    told, shown = _edges(expected) * near, _edges(even)
    products = sum(_correlated(one, other) for one, other in zip(told, shown, strict=True))
    energy = np.maximum(_correlated(near.astype(np.float32), np.square(shown).sum(axis=0)), 0)
    return np.asarray(products / np.sqrt(np.square(told).sum() * energy + 1e-12))


def _correlated(pattern: NDArray[np.float32], image: NDArray[np.float32]) -> NDArray[np.float64]:
    whole = fftconvolve(np.pad(image, _REACH_PX), pattern[::-1, ::-1], mode="valid")
    return np.asarray(whole, float)


def _edges(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """(2, rows, cols) slopes down and to the right."""
    smooth = cv2.GaussianBlur(image, (0, 0), _EDGE_PX)
    return np.stack(np.gradient(smooth)).astype(np.float32)
