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
VOLUMES = 2 * _LEVELS * (2 * _REACH + 1) ** 2
"""Channels: of all tissue and of bone alone, at every level, for every displacement."""
# Windows of correlation, by how many samples of the images there are to a pixel of the maps.
_WINDOWS_PX = {2.0: 4, 1.0: 7, 0.5: 5}


@torch.no_grad()
def correlation_volumes(pictures: Tensor, guessed: Tensor) -> Tensor:
    """(n, `VOLUMES`, rows / `STRIDE`, cols / `STRIDE`): correlations at up to 4 pixels' distance of each level.

    Args:
        pictures: (n, 3, rows, cols) of `network_input`; sides multiples of `MULTIPLE`.
        guessed: (n, 4, rows, cols), the images of a `Guess`.
    """
    size = [side // STRIDE for side in pictures.shape[2:]]
    whole, contrast, usable = pictures.unbind(1)
    tissue, tissue_contrast, bone, bone_contrast = guessed.unbind(1)
    volumes = [_volume(contrast, other, size) for other in (tissue_contrast, bone_contrast)]
    for level in range(1, _LEVELS):
        seen, *images = (F.avg_pool2d(image[:, None], 2**level)[:, 0] for image in (usable, whole, tissue, bone))
        shown = local_contrast(images[0], seen)
        everywhere = torch.ones_like(seen)
        volumes += [_volume(shown, local_contrast(other, everywhere), size) for other in images[1:]]
    return torch.cat(volumes, dim=1)


def _volume(image: Tensor, other: Tensor, size: list[int]) -> Tensor:
    """(n, displacements, *size): the mean product of the image and the other, displaced, over a window."""
    rows, columns = image.shape[1:]
    # Twice the maps' resolution is enough to average over.
    step = max(1, rows // (2 * size[0]))
    padded = F.pad(other, (_REACH,) * 4)
    shifts = range(2 * _REACH + 1)
    products = torch.stack(
        [
            image[:, ::step, ::step] * padded[:, down : down + rows : step, right : right + columns : step]
            for down in shifts
            for right in shifts
        ],
        dim=1,
    )
    return window_means(products, size, _WINDOWS_PX[products.shape[2] / size[0]])
