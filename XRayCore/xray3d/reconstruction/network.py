"""The network: what each X-ray shows, carried into space by its calibration, fused there, and read as a shape."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xray3d.models.channels_last import layout, with_channels_last
from xray3d.models.unets import half_precision, unet_definition, unet_of
from xray3d.reconstruction import rays
from xray3d.reconstruction.contrast import evened
from xray3d.reconstruction.unprojection import grid_points, mean_unprojected

FOLDED = 2
"""Views are encoded folded, so many neighbours each way being channels of one pixel, and space is decoded folded: a
voxel of the decoder says of so many each way whether they are inside."""

_SEEN = 16
# In space, of which bone is little, other activations die: what says nothing for long says nothing ever after.
_LEAKY = ("leakyrelu", {"negative_slope": 0.1})
# Without it, three times as many steps leave it worse.
_NORM = ("instance", {"affine": True})
# A network that has learnt nothing takes nothing for bone, of which grids hold little.
_MOSTLY_EMPTY = -2.0
_MOST_VIEWS = 8.0


class ReconstructionNetwork(nn.Module):
    """X-rays and their geometry in, occupancy out, after X23D (Jecklin et al., J. Imaging 2022, 8(10):271).

    One encoder sees every view, also with its contrast evened, and knows of each pixel where its ray passes the grid.
    What it says is carried back along the rays onto the voxels of a grid about the bone, and views are fused there by
    their mean, in which neither their order nor their number counts. A decoder in space, which is told how many views
    see a voxel, makes a shape of that.

    Args:
        view_features: channels of the encoder's five levels, the finest first, and of its last layer.
        space_features: the same of the decoder.
    """

    def __init__(
        self,
        view_features: Sequence[int] = (24, 32, 48, 64, 64, 24),
        space_features: Sequence[int] = (16, 32, 48, 64, 64, 16),
    ) -> None:
        super().__init__()
        shown = 2 * FOLDED**2 + rays.CHANNELS
        self.definitions = {
            "encoder": unet_definition(2, shown, _SEEN, view_features, _LEAKY, _NORM),
            "decoder": unet_definition(3, _SEEN + 4, FOLDED**3, space_features, _LEAKY, _NORM),
        }
        self.encoder = with_channels_last(unet_of(self.definitions["encoder"]), dimensions=2)
        self.decoder = with_channels_last(unet_of(self.definitions["decoder"]), dimensions=3)
        nn.init.kaiming_normal_(self.encoder.final_conv.weight, nonlinearity="relu")
        nn.init.constant_(self.decoder.final_conv.bias, _MOSTLY_EMPTY)

    def forward(self, views: Tensor, matrices: Tensor, ijk_to_ras: Tensor, size_ijk: tuple[int, int, int]) -> Tensor:
        """Logits (n, 1, k, j, i) of what is inside.

        Args:
            views: (n, views, rows, cols), `levelled`.
            matrices: (n, views, 3, 4) P of each: RAS to pixels.
            ijk_to_ras: (n, 4, 4) of the grid.
            size_ijk: of the grid, multiples of `FOLDED`, as are rows and cols.
        """
        coarse, pixels = _coarser_grid(ijk_to_ras), _coarser_pixels(matrices)
        i, j, k = (side // FOLDED for side in size_ijk)
        points = grid_points(coarse, (i, j, k))
        seen = self._seen(views, rays.ray_maps(pixels, ijk_to_ras, points.flatten(1, 3).mean(dim=1), *_folded(views)))
        fused, count = mean_unprojected(seen, pixels, points)
        told = torch.cat([fused, count / _MOST_VIEWS, _places(i, j, k, fused)], dim=1)
        with half_precision(self, views.device):
            logits = self.decoder(told.contiguous(memory_format=layout(3)))
        return unfolded(logits.float())

    def _seen(self, views: Tensor, maps: Tensor) -> Tensor:
        """(n, views, channels, rows, cols), folded, what the encoder says."""
        images = views.flatten(0, 1)[:, None]
        folded = F.pixel_unshuffle(torch.cat([images, evened(images)], dim=1), FOLDED)
        shown = torch.cat([folded, maps.flatten(0, 1)], dim=1)
        with half_precision(self, views.device):
            seen = self.encoder(shown.contiguous(memory_format=layout(2)))
        seen = F.leaky_relu(seen.float(), _LEAKY[1]["negative_slope"])
        return seen.contiguous().unflatten(0, views.shape[:2])


def _folded(views: Tensor) -> tuple[int, int]:
    rows, columns = views.shape[-2:]
    return rows // FOLDED, columns // FOLDED


def _coarser_grid(ijk_to_ras: Tensor) -> Tensor:
    """IJKToRAS of voxels that are `FOLDED` of these each way."""
    to_fine = torch.diag(ijk_to_ras.new_tensor([FOLDED, FOLDED, FOLDED, 1.0]))
    to_fine[:3, 3] = (FOLDED - 1) / 2
    return ijk_to_ras @ to_fine


def _coarser_pixels(matrices: Tensor) -> Tensor:
    """P of images of which each pixel is `FOLDED` of these each way."""
    shift = -(FOLDED - 1) / 2
    to_coarse = matrices.new_tensor([[1, 0, shift], [0, 1, shift], [0, 0, FOLDED]]) / FOLDED
    return to_coarse @ matrices


def _places(i: int, j: int, k: int, like: Tensor) -> Tensor:
    """(n, 3, k, j, i) where each voxel is in the grid, from -1 to 1 along i, j and k."""
    kji = torch.meshgrid(*(torch.linspace(-1, 1, side, device=like.device) for side in (k, j, i)), indexing="ij")
    return torch.stack(kji[::-1]).expand(len(like), -1, -1, -1, -1)


def unfolded(logits: Tensor) -> Tensor:
    """(n, 1, f k, f j, f i) of (n, f³, k, j, i), as `pixel_shuffle` does in two dimensions."""
    cases, _, k, j, i = logits.shape
    blocks = logits.reshape(cases, FOLDED, FOLDED, FOLDED, k, j, i).permute(0, 4, 1, 5, 2, 6, 3)
    return blocks.reshape(cases, 1, FOLDED * k, FOLDED * j, FOLDED * i)
