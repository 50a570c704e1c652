"""Metal found on X-rays of any size and grey scale."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import nn

from xray3d.errors import VolumeError
from xray3d.inpainting import tiles
from xray3d.inpainting.finding import find_metal
from xray3d.inpainting.network import MULTIPLE, ImplantNetwork

PICTURE = 300 + 40 * gaussian_filter(np.random.default_rng(0).normal(size=(150, 131)), 3)
SCREW = np.zeros(PICTURE.shape, bool)
SCREW[40:90, 50:58] = True
WITH_METAL = PICTURE + np.where(SCREW, 60.0, 0.0)


class Threshold(nn.Module):
    """Takes for metal what is much brighter or much darker than nearly all else."""

    def __init__(self):
        super().__init__()
        self.any = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        assert not any(side % MULTIPLE for side in images.shape[2:])
        return 9.0 * (images[:, :1].abs() - 3.0)


@pytest.mark.parametrize("gain", [1.0, -3.0, 1e-4])
def test_metal_is_found_on_any_grey_scale(gain):
    found = find_metal(Threshold(), gain * WITH_METAL + 5)
    assert (found.mask & SCREW).sum() > 0.9 * SCREW.sum()
    assert (found.mask & ~SCREW).sum() == 0
    assert found.probability[SCREW].mean() > 0.9
    assert found.probability.shape == found.mask.shape == PICTURE.shape


@pytest.mark.parametrize("tile", [64, 128])
def test_tiles_make_no_difference(monkeypatch, tile):
    whole = find_metal(Threshold(), WITH_METAL)
    monkeypatch.setattr(tiles, "_TILE_PX", tile)
    tiled = find_metal(Threshold(), WITH_METAL)
    np.testing.assert_array_equal(tiled.mask, whole.mask)
    np.testing.assert_allclose(tiled.probability, whole.probability, atol=1e-4)


def test_specks_are_no_implants():
    speck = PICTURE.copy()
    speck[100, 100] += 200
    assert not find_metal(Threshold(), speck).mask.any()


@pytest.mark.parametrize(("surest", "found"), [(0.99, False), (0.998, True)])
def test_a_piece_is_an_implant_where_it_is_surely_metal_somewhere(surest, found):
    """Half dark and half bright, so that grey values are levelled as they are."""
    picture, never_sure, sure = (np.zeros((160, 128)) for _ in range(3))
    picture[:, 64:] = 1
    never_sure[20:60, 20:60] = sure[80:120, 20:60] = 1
    for piece in (never_sure, sure):
        picture[piece > 0] = grey_of_probability(0.7)
    picture[98:103, 38:43] = grey_of_probability(surest)
    mask = find_metal(Threshold(), picture).mask
    assert not mask[sure == 0].any()
    assert mask[81:119, 21:59].all() if found else not mask.any()


@pytest.mark.parametrize(("surest", "found"), [(0.9, False), (0.98, True)])
def test_where_one_implant_surely_is_others_need_not_be_as_sure(surest, found):
    picture, sure, less = (np.zeros((160, 128)) for _ in range(3))
    picture[:, 64:] = 1
    sure[20:60, 20:60] = less[80:120, 20:60] = 1
    picture[sure > 0] = grey_of_probability(0.999)
    picture[less > 0] = grey_of_probability(surest)
    mask = find_metal(Threshold(), picture).mask
    assert mask[21:59, 21:59].all()
    assert mask[81:119, 21:59].all() == found
    assert mask[less > 0].any() == found


def grey_of_probability(share):
    """At which a `Threshold` says so, where half is 0 and half is 1."""
    return 3.5 + np.log(share / (1 - share)) / 9.0


def test_what_counts_as_metal_can_be_chosen():
    thin_to_thick = PICTURE + np.where(SCREW, np.arange(-40, 110)[:, None], 0.0)
    masks = [find_metal(Threshold(), thin_to_thick, least).mask.sum() for least in (0.01, 0.5, 0.999999)]
    assert masks[0] > masks[1] > masks[2]


@pytest.mark.parametrize(
    "image", [PICTURE, np.full(PICTURE.shape, 7.0), np.zeros((1, 1))], ids=["clean", "flat", "tiny"]
)
def test_where_there_is_no_metal_none_is_found(image):
    assert not find_metal(Threshold(), image).mask.any()


@pytest.mark.parametrize("shape", [(5, 300), (33, 47), (200, 200)])
def test_any_size_is_good(shape):
    network = ImplantNetwork((4, 4, 4, 4, 4, 4)).eval()
    image = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    assert find_metal(network, image).probability.shape == shape


def test_what_is_no_x_ray_is_one_sentence():
    with pytest.raises(VolumeError, match="gaps"):
        find_metal(Threshold(), np.where(SCREW, np.nan, PICTURE))
