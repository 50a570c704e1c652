"""What the network that finds metal is shown."""

import numpy as np
import pytest
import torch

from xray3d.inpainting.search_scale import resized, searched_size, shown
from xray3d.models.levels import levelled

COLUMNS = torch.arange(40.0).expand(30, -1)


@pytest.mark.parametrize("gain", [1.0, 1e-4, -3.0])
def test_ends_of_a_display_are_shown_on_any_grey_scale(gain):
    image = gain * COLUMNS.clamp(5, 30)[None, None] + 7
    level, ends = shown(image).split(1, dim=1)
    torch.testing.assert_close(level, levelled(image))
    sign = np.sign(gain)
    assert (ends[..., :6] == -sign).all()
    assert (ends[..., 6:30] == 0).all()
    assert (ends[..., 30:] == sign).all()


def test_each_image_has_ends_of_its_own():
    images = torch.stack([COLUMNS, 2 * COLUMNS.clamp(max=20)])[:, None]
    together = shown(images)
    assert together.shape == (2, 2, 30, 40)
    torch.testing.assert_close(together[1:], shown(images[1:]))
    assert (together[0, 1] == 1).sum() == 30
    assert (together[1, 1] == 1).sum() == 20 * 30


def test_an_image_without_range_is_shown_in_numbers():
    assert torch.isfinite(shown(torch.full((1, 1, 5, 7), 3.0))).all()


@pytest.mark.parametrize(
    ("size_px", "searched"),
    [
        ((320, 320), (640, 640)),
        ((416, 229), (832, 458)),
        ((100, 50), (200, 100)),
        ((512, 512), (640, 640)),
        ((1024, 700), (1024, 700)),
        ((2560, 2560), (1280, 1280)),
        ((1, 9000), (2, 18000)),
    ],
)
def test_small_x_rays_are_searched_enlarged_and_large_ones_reduced(size_px, searched):
    assert searched_size(size_px) == searched


@pytest.mark.parametrize("factor", [2, 0.5])
def test_resizing_moves_nothing(factor):
    row, column = np.mgrid[:60, :80]
    spot = torch.from_numpy(np.exp(-((row - 20) ** 2 + (column - 50) ** 2) / 80.0))[None, None].float()
    other = resized(spot, (int(60 * factor), int(80 * factor)))
    again = resized(other, (60, 80))
    torch.testing.assert_close(again, spot, atol=0.05, rtol=0)
    for axis, place in ((2, 20), (3, 50)):
        weights = other.sum(dim=(0, 1, 5 - axis))
        middle = (torch.arange(len(weights)) + 0.5) @ weights / weights.sum()
        assert middle / factor == pytest.approx(place + 0.5, abs=0.05)


def test_what_is_reduced_is_averaged():
    board = (torch.arange(64) % 2).float().expand(64, -1)[None, None]
    torch.testing.assert_close(resized(board, (16, 16)), torch.full((1, 1, 16, 16), 0.5), atol=0.1, rtol=0)
