"""The network: what each X-ray shows, carried into space by its calibration, fused there, and read as a shape."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xray3d.models.unets import half_precision, unet_definition, unet_of
from xray3d.reconstruction.unprojection import grid_points, unprojected

FOLDED = 2
"""Views are encoded folded, so many neighbours each way being channels of one pixel, and space is decoded folded: a
voxel of the decoder says of so many each way whether they are inside."""

_SEEN = 16
# In space, of which bone is little, other activations die: what says nothing for long says nothing ever after.
_LEAKY = ("leakyrelu", {"negative_slope": 0.1})
# Without it, five times as many steps leave it worse.
_NORM = ("instance", {"affine": True})
# A network that has learnt nothing takes nothing for bone, of which grids hold little.
_MOSTLY_EMPTY = -2.0
_MOST_VIEWS = 8.0


class ReconstructionNetwork(nn.Module):
    """X-rays and their geometry in, occupancy out, after X23D (Jecklin et al., J. Imaging 2022, 8(10):271).

    One encoder sees every view. What it says is carried back along the rays onto the voxels of a grid about the bone,
    with the direction of the view, and views are fused there by mean and standard deviation, in which neither their
    order nor their number counts. A decoder in space, which is told how many views see a voxel, makes a shape of these.

    Args:
        view_features: channels of the encoder's five levels, the finest first, and of its last layer.
        space_features: the same of the decoder.
    """

    def __init__(
        self,
        view_features: Sequence[int] = (24, 32, 48, 64, 64, 24),
        space_features: Sequence[int] = (16, 32, 48, 64, 96, 16),
    ) -> None:
        super().__init__()
        self.definitions = {
            "encoder": unet_definition(2, FOLDED**2, _SEEN, view_features, _LEAKY, _NORM),
            "decoder": unet_definition(3, 2 * _SEEN + 4, FOLDED**3, space_features, _LEAKY, _NORM),
        }
        self.encoder, self.decoder = (unet_of(definition) for definition in self.definitions.values())
        nn.init.kaiming_normal_(self.encoder.final_conv.weight, nonlinearity="relu")
        nn.init.constant_(self.decoder.final_conv.bias, _MOSTLY_EMPTY)
        self.toward = nn.Linear(3, _SEEN)

    def forward(self, views: Tensor, matrices: Tensor, ijk_to_ras: Tensor, size_ijk: tuple[int, int, int]) -> Tensor:
        """Logits (n, 1, k, j, i) of what is inside.

        Args:
            views: (n, views, rows, cols), `levelled`.
            matrices: (n, views, 3, 4) P of each: RAS to pixels.
            ijk_to_ras: (n, 4, 4) of the grid.
            size_ijk: of the grid, multiples of `FOLDED`, as are rows and cols.
        """
        folded = F.pixel_unshuffle(views.flatten(0, 1)[:, None], FOLDED)
        # Not in space: of small volumes, PyTorch 2.13 on processors has numbers that are none in half precision's
        # gradients, and it takes hardly less time.
        with half_precision(self, views.device):
            seen = self.encoder(folded.contiguous(memory_format=torch.channels_last))
        coarse = _coarser_grid(ijk_to_ras)
        i, j, k = (side // FOLDED for side in size_ijk)
        points = grid_points(coarse, (i, j, k))
        # Where a view looks from is added to what it shows before that is carried into space, which is linear.
        toward = self.toward(_directions(matrices, points, ijk_to_ras))[..., None, None]
        seen = seen.float().unflatten(0, views.shape[:2]) + toward
        carried, visible = unprojected(seen, _coarser_pixels(matrices), points)
        fused = _fused(F.leaky_relu(carried, _LEAKY[1]["negative_slope"]), visible)
        told = [fused, visible.sum(dim=1) / _MOST_VIEWS, _places(i, j, k, fused)]
        return _unfolded(self.decoder(torch.cat(told, dim=1)))


def _fused(carried: Tensor, visible: Tensor) -> Tensor:
    """(n, channels, k, j, i): mean and standard deviation over the views that see a voxel; others have 0."""
    count = visible.sum(dim=1).clamp(min=1.0)
    mean = carried.sum(dim=1) / count
    variance = (carried.square().sum(dim=1) / count - mean.square()).clamp(min=0.0)
    return torch.cat([mean, (variance + 1e-4).sqrt()], dim=1)


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


def _directions(matrices: Tensor, points_ras: Tensor, ijk_to_ras: Tensor) -> Tensor:
    """(n, views, 3) unit vectors from the sources to the middle of the grid, along the grid's axes."""
    sources = -torch.linalg.solve(matrices[..., :3], matrices[..., 3])
    middle = points_ras.flatten(1, 3).mean(dim=1)
    axes = F.normalize(ijk_to_ras[:, :3, :3], dim=1)
    return (F.normalize(middle[:, None] - sources, dim=-1) @ axes).float()


def _places(i: int, j: int, k: int, like: Tensor) -> Tensor:
    """(n, 3, k, j, i) where each voxel is in the grid, from -1 to 1 along i, j and k."""
    kji = torch.meshgrid(*(torch.linspace(-1, 1, side, device=like.device) for side in (k, j, i)), indexing="ij")
    return torch.stack(kji[::-1]).expand(len(like), -1, -1, -1, -1)


def _unfolded(logits: Tensor) -> Tensor:
    """(n, 1, f k, f j, f i) of (n, f³, k, j, i), as `pixel_shuffle` does in two dimensions."""
    cases, _, k, j, i = logits.shape
    blocks = logits.reshape(cases, FOLDED, FOLDED, FOLDED, k, j, i).permute(0, 4, 1, 5, 2, 6, 3)
    return blocks.reshape(cases, 1, FOLDED * k, FOLDED * j, FOLDED * i)
