"""X-rays of any size and grey scale, painted where a mask says so."""

from functools import cache

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import nn

from inpainting_support import thin_network
from xray3d.errors import BlankXRayError, VolumeError
from xray3d.inpainting import tiles
from xray3d.inpainting.gradient_domain import Beliefs, bends, differences
from xray3d.inpainting.network import MULTIPLE, Guess
from xray3d.inpainting.painting import paint

PICTURE = 300 + 40 * gaussian_filter(np.random.default_rng(0).normal(size=(150, 131)), 3)


def mask(*boxes, shape=PICTURE.shape):
    painted = np.zeros(shape, bool)
    for rows, columns in boxes:
        painted[rows, columns] = True
    return painted


SCREW = mask((slice(40, 90), slice(50, 58)))
METAL = np.where(SCREW, 60.0, 0.0)
ERROR = 0.1


class Filling(nn.Module):
    """Takes over the fill, and calls the mean absolute error `ERROR`."""

    def __init__(self):
        super().__init__()
        self.any = nn.Parameter(torch.zeros(1))
        self.shown = []

    def forward(self, images, filled, holes, roughness):
        assert not any(side % MULTIPLE for side in images.shape[2:])
        self.shown.append(tuple(images.shape[2:]))
        mean = torch.cat([differences(filled), differences(filled), bends(filled), images], dim=1)
        return Guess(Beliefs(mean, torch.full_like(mean, -2.0)), torch.full_like(images, np.log(ERROR)))


@cache
def network():
    torch.manual_seed(0)
    net = thin_network("painter").eval()
    for weights in net.unet.final_conv.parameters():
        nn.init.normal_(weights, std=0.05)
    return net


def test_what_is_outside_the_mask_stays_as_it_is_to_the_bit():
    done = paint(network(), PICTURE + METAL, SCREW)
    np.testing.assert_array_equal(done.pixels[~done.mask], (PICTURE + METAL)[~done.mask])
    assert (done.sigma[~done.mask] == 0).all()
    assert (done.sigma[done.mask] > 0).all()
    assert done.mask[SCREW].all()
    assert SCREW.sum() < done.mask.sum() < 2 * SCREW.sum()


def test_what_is_inside_goes_on_from_around():
    done = paint(Filling(), PICTURE + METAL, SCREW)
    error, shown = np.abs(done.pixels - PICTURE)[done.mask], np.subtract(*np.percentile(PICTURE, [99, 1]))
    assert error.mean() < 0.2 * METAL.max()
    np.testing.assert_allclose(done.sigma[done.mask], 2**0.5 * ERROR * shown, rtol=0.02)


@pytest.mark.parametrize("gain", [-2.5, 1e-3, 40.0])
def test_any_grey_scale_gives_the_same_picture(gain):
    usual = paint(network(), PICTURE + METAL, SCREW)
    other = paint(network(), gain * (PICTURE + METAL) - 7, SCREW)
    np.testing.assert_allclose((other.pixels + 7) / gain, usual.pixels, atol=0.05)
    np.testing.assert_allclose(other.sigma / abs(gain), usual.sigma, atol=0.05)


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_turned_x_ray_is_as_good_as_any_other(turn):
    done = paint(Filling(), np.rot90(PICTURE + METAL, turn), np.rot90(SCREW, turn))
    assert np.abs(np.rot90(done.pixels, -turn) - PICTURE)[SCREW].mean() < 0.2 * METAL.max()


def test_tiles_have_no_seams(monkeypatch):
    whole = paint(network(), PICTURE, mask((slice(10, 140), slice(10, 121))))
    monkeypatch.setattr(tiles, "_TILE_PX", 64)
    tiled = paint(network(), PICTURE, mask((slice(10, 140), slice(10, 121))))
    jumps = [np.abs(np.diff(done.pixels - PICTURE, axis=0)).max() for done in (whole, tiled)]
    assert jumps[1] < 1.5 * jumps[0]


def test_only_what_is_near_is_looked_at():
    filling = Filling()
    paint(filling, np.pad(PICTURE, 400, mode="reflect"), np.pad(SCREW, 400))
    assert max(filling.shown[0]) < 220


@pytest.mark.parametrize(
    "box", [(slice(0, 9), slice(0, 9)), (slice(-6, None), slice(60, 70)), (slice(0, None), slice(3, 8))]
)
def test_holes_may_touch_the_edge(box):
    done = paint(network(), PICTURE, mask(box))
    assert np.isfinite(done.pixels).all()


@pytest.mark.parametrize("shape", [(1, 40), (7, 5), (16, 16), (33, 200)])
def test_any_size_is_good(shape):
    picture, hole = np.random.default_rng(0).random(shape), np.zeros(shape)
    hole[0, 0] = 1
    assert paint(network(), picture, hole).pixels.shape == shape


def test_no_mask_is_nothing_to_do():
    done = paint(network(), PICTURE, np.zeros_like(SCREW))
    np.testing.assert_array_equal(done.pixels, PICTURE)
    assert not done.mask.any()


@pytest.mark.parametrize(
    ("image", "where", "error", "words"),
    [
        (PICTURE, SCREW[1:], VolumeError, "draw the mask on this"),
        (PICTURE, np.ones_like(SCREW), VolumeError, "covers all"),
        (PICTURE[..., None] * [1, 2, 3], SCREW, VolumeError, "in colour"),
        (np.where(SCREW, np.nan, PICTURE), SCREW, VolumeError, "gaps"),
        (np.ones_like(PICTURE), SCREW, BlankXRayError, "one grey value"),
    ],
)
def test_what_cannot_be_painted_is_one_sentence(image, where, error, words):
    with pytest.raises(error, match=words):
        paint(network(), image, where)
