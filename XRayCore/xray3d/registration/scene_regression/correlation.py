"""How well an X-ray matches a guess at small displacements: what a network can read a better pose from.

Correlation volumes after Dosovitskiy et al., "FlowNet: Learning Optical Flow with Convolutional Networks" (ICCV 2015),
but of the images themselves, normalised locally, not of learnt features: nothing has to be learnt before they tell
something, and they tell the same of every patient.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from xray3d.registration.scene_regression.conventions import STRIDE
from xray3d.registration.scene_regression.picture import local_contrast
from xray3d.registration.scene_regression.windows import window_means

_REACH = 4
_LEVELS = 4
_SIDE = 2 * _REACH + 1
VOLUMES = 2 * _LEVELS * _SIDE**2
"""Channels: of all tissue and of bone alone, at every level, for every displacement."""
BEST = 2 * _LEVELS * 3
"""Channels: the same for the best displacement alone: how far down, how far right, how well it matches."""
# Windows of correlation, in samples of each level. Smaller ones match by chance: against X-rays of one patient, the
# best displacement in windows of 8 pixels is off by 4 pixels in the median, of 24 pixels by one.
_WINDOWS = (12, 16, 15, 9)


@torch.no_grad()
def correlation_volumes(pictures: Tensor, guessed: Tensor) -> Tensor:
    """(n, `VOLUMES`, rows / `STRIDE`, cols / `STRIDE`): correlations at up to 4 pixels' distance of each level.

    Args:
        pictures: (n, 3, rows, cols) of `network_input`; sides multiples of `MULTIPLE`.
        guessed: (n, 4, rows, cols) of `guess_images`.
    """
    size = [side // STRIDE for side in pictures.shape[2:]]
    whole, contrast, usable = pictures.unbind(1)
    tissue, tissue_contrast, bone, bone_contrast = guessed.unbind(1)
    volumes = [_volume(contrast, other, size, _WINDOWS[0]) for other in (tissue_contrast, bone_contrast)]
    for level, window in enumerate(_WINDOWS[1:], 1):
        seen, *images = (F.avg_pool2d(image[:, None], 2**level)[:, 0] for image in (usable, whole, tissue, bone))
        shown = local_contrast(images[0], seen)
        everywhere = torch.ones_like(seen)
        volumes += [_volume(shown, local_contrast(other, everywhere), size, window) for other in images[1:]]
    return torch.cat(volumes, dim=1)


@torch.no_grad()
def likeness(picture: Tensor, guessed: Tensor) -> Tensor:
    """(n,): how much an X-ray looks like each of n guesses: correlation of the pixels that count.

    Args:
        picture: (1, 3, rows, cols) of `network_input`.
        guessed: (n, 4, rows, cols) of `guess_images`.
    """
    _, contrast, usable = picture[0]
    alike = contrast * (guessed[:, 1] + guessed[:, 3])
    return alike.sum(dim=(1, 2)) / usable.sum().clamp(min=1.0)


def _volume(image: Tensor, other: Tensor, size: list[int], window: int) -> Tensor:
    """(n, displacements, *size): the mean product of the image and the other, displaced, over a window."""
    rows, columns = image.shape[1:]
    # Twice the maps' resolution is enough to average over.
    step = max(1, rows // (2 * size[0]))
    padded = F.pad(other, (_REACH,) * 4)
    shifts = range(_SIDE)
    products = torch.stack(
        [
            image[:, ::step, ::step] * padded[:, down : down + rows : step, right : right + columns : step]
            for down in shifts
            for right in shifts
        ],
        dim=1,
    )
    return window_means(products, size, window)


@torch.no_grad()
def best_displacements(volumes: Tensor) -> Tensor:
    """(n, `BEST`, rows, cols): where `correlation_volumes` are best, between displacements by a parabola.

    Displacements are in pixels of the maps, whatever the level.
    """
    of_levels = volumes.unflatten(1, (2 * _LEVELS, _SIDE**2)).transpose(1, 2)
    best = of_levels.argmax(dim=1, keepdim=True)
    displaced = []
    for at, step in ((best // _SIDE, _SIDE), (best % _SIDE, 1)):
        inside = at.clamp(1, _SIDE - 2)
        before, middle, after = (of_levels.gather(1, best + (inside - at + way) * step) for way in (-1, 0, 1))
        bend = (2 * middle - before - after).clamp(min=1e-3)
        displaced.append(inside - _REACH + (0.5 * (after - before) / bend).clamp(-1.0, 1.0))
    level = torch.arange(2 * _LEVELS, device=volumes.device) // 2
    pixels = 2.0 ** level[:, None, None] / STRIDE
    return torch.cat([pixels * displaced[0], pixels * displaced[1], of_levels.gather(1, best)], dim=1).flatten(1, 2)
