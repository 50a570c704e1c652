"""An X-ray of any size and grey scale with what a mask covers painted anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xray3d.errors import VolumeError
from xray3d.inpainting.fill import smooth_fill
from xray3d.inpainting.gradient_domain import solved
from xray3d.inpainting.growing import grown
from xray3d.inpainting.least_squares import EQUATIONS
from xray3d.inpainting.network import InpaintingNetwork, Roughness
from xray3d.inpainting.reading import Mask, Pixels, Reading, grey_pixels, shows_metal_dark
from xray3d.inpainting.tiles import in_tiles

# The shadow of metal has soft edges, which a mask that ends with the metal leaves.
_MARGIN_PX = 2
# Errors have Laplace's distribution, whose standard deviation is so many times the mean absolute error.
_SIGMAS = 2**0.5
# What a network sees around a hole.
_AROUND_PX = 64


@dataclass(frozen=True, eq=False)
class Painted:
    """An X-ray with holes painted.

    Attributes:
        pixels: (rows, cols) float64 on the X-ray's own grey scale; outside the mask as they were.
        mask: (rows, cols) what was painted: what was asked for and a margin.
        sigma: (rows, cols) standard error of what was painted, on that scale; 0 outside the mask.
    """

    pixels: NDArray[np.float64]
    mask: Mask
    sigma: NDArray[np.float64]


def paint(network: InpaintingNetwork, image: NDArray, mask: NDArray) -> Painted:
    """Paint what a mask covers.

    Args:
        network: in evaluation mode.
        image: (rows, cols) of any grey scale, attenuation bright or dark.
        mask: (rows, cols) nonzero where there is metal; where nowhere, the X-ray stays as it is.

    Raises:
        VolumeError: no grey image, or one with gaps; a mask of another size, or over everything.
        BlankXRayError: what the mask leaves has one grey value.
    """
    pixels = grey_pixels(image)
    holes = _checked(mask, pixels)
    sigma = np.zeros(pixels.shape)
    if not holes.any():
        return Painted(pixels, holes, sigma)
    holes = grown(holes, _MARGIN_PX)
    if holes.all():
        raise VolumeError("The mask covers all of the X-ray; leave some of it to go on from.")
    reading = Reading.of(pixels, holes, shows_metal_dark(pixels, holes))
    clean, error = _guessed(network, reading.shown(pixels), holes)
    painted = np.where(holes, reading.restored(clean), pixels)
    sigma[holes] = _SIGMAS * error[holes] * abs(reading.bright - reading.dark)
    return Painted(painted, holes, sigma)


def _checked(mask: NDArray, pixels: Pixels) -> Mask:
    mask = np.asarray(mask)
    if mask.shape != pixels.shape:
        raise VolumeError(f"The mask has {mask.shape} pixels, the X-ray {pixels.shape}; draw the mask on this X-ray.")
    return mask != 0


def _guessed(network: InpaintingNetwork, shown: NDArray[np.float32], holes: Mask) -> tuple[Pixels, Pixels]:
    """What a network makes of the part about the holes, and the mean absolute error of that; elsewhere anything."""
    device = next(network.parameters()).device
    images, where = (torch.from_numpy(one.astype(np.float32))[None, None].to(device) for one in (shown, holes))
    part = tuple(_around(np.asarray(holes.any(axis=axis))) for axis in (1, 0))
    stack = torch.cat([images, smooth_fill(images, where), where], dim=1)[:, :, part[0], part[1]]
    roughness = Roughness.of(*stack[:, [0, 2]].split(1, dim=1))

    def guess(tile: Tensor) -> Tensor:
        beliefs, log_error = network(*tile.split(1, dim=1), roughness)
        return torch.cat([*beliefs, log_error], dim=1)

    said = in_tiles(guess, stack)[0].double().cpu().numpy()
    mean, log_sigma, (log_error,) = np.split(said, [len(EQUATIONS), 2 * len(EQUATIONS)])
    clean, error = np.zeros(shown.shape), np.zeros(shown.shape)
    clean[part] = solved(shown[part].astype(float), holes[part], mean, log_sigma).image()
    error[part] = np.exp(log_error)
    return clean, error


def _around(there: NDArray[np.bool_]) -> slice:
    at = np.flatnonzero(there)
    return slice(max(0, int(at[0]) - _AROUND_PX), int(at[-1]) + 1 + _AROUND_PX)
