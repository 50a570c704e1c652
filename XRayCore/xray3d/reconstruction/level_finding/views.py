"""X-rays as the network is shown them, and what it says of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from xray3d.models.levels import levelled
from xray3d.reconstruction.crops import resized_at
from xray3d.reconstruction.level_finding.common_volume import NEAREST
from xray3d.reconstruction.level_finding.network import MULTIPLE, HeatMaps
from xray3d.reconstruction.level_finding.source import PIXEL_MM
from xray3d.volumes import XRayImage

# Of what a network says, so much is not believed: that a level is elsewhere, or that it is not there. It may be
# mistaken, and one X-ray is not to outvote all others.
_DOUBTED = 0.02
_SUPERIOR = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, eq=False)
class View:
    """An X-ray as the network is shown it: head up, on pixels that it knows.

    Attributes:
        pixels: (rows, cols).
        matrix: (3, 4) P of these.
    """

    pixels: NDArray[np.float32]
    matrix: NDArray[np.float64]

    @classmethod
    def of(cls, xray: XRayImage, middle_ras: NDArray[np.float64]) -> View:
        """Of an X-ray of a patient who is about a point (3,)."""
        projection = xray.projection
        depth_mm = float(projection.extrinsic[2] @ np.append(middle_ras, 1.0))
        depth_mm = float(np.clip(depth_mm, NEAREST * projection.sdd_mm, projection.sdd_mm))
        pixels, resized = resized_at(xray.pixels, projection, depth_mm, PIXEL_MM)
        right, down, _ = projection.extrinsic[:3, :3] @ _SUPERIOR
        matrix = resized.matrix
        for _ in range(int(np.argmax([-down, right, down, -right]))):
            # A quarter turn to the left: what was the last column becomes the first row.
            matrix = np.array([[0.0, 1, 0], [-1, 0, pixels.shape[1] - 1], [0, 0, 1]]) @ matrix
            pixels = np.rot90(pixels)
        return cls(np.ascontiguousarray(pixels), matrix)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What one X-ray says of where levels are in space.

    Attributes:
        inside: (levels, rows, cols) for points that it sees, the logarithm of how much likelier it makes them than if
            it said nothing.
        outside: (levels,) the same for points that it does not see.
        matrix: (3, 4) P of the X-ray.
    """

    inside: Tensor
    outside: Tensor
    matrix: Tensor

    @classmethod
    def of(cls, view: View, network: nn.Module) -> Evidence:
        """By a `LevelNetwork` in evaluation mode, on its device."""
        rows, columns = view.pixels.shape
        device = next(network.parameters()).device
        image = levelled(torch.from_numpy(view.pixels)[None, None])
        # Whose last rows and columns go on to where the sides are as the network needs them.
        image = F.pad(image, (0, -columns % MULTIPLE, 0, -rows % MULTIPLE), mode="replicate")
        with torch.inference_mode():
            maps: HeatMaps = network(image.to(device))
            absent = maps.unseen[0].exp() + _DOUBTED
            # Relative to all pixels being alike; a level that is not on an image makes them so.
            likelihood = (maps.pixels[0, :, :rows, :columns] + math.log(rows * columns)).exp()
            inside = (likelihood + absent[:, None, None]).log()
            return cls(inside, absent.log(), torch.from_numpy(view.matrix).float().to(device))
