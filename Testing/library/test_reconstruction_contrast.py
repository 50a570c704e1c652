"""Contrast that is the same everywhere."""

import torch

from xray3d.reconstruction.contrast import evened


def stripes():
    """As different as can be: bright and faint stripes on either side."""
    wave = torch.sin(torch.arange(192.0) * 1.3)
    faint, strong = 0.2 * wave.expand(192, 192)[:, :96], 4 + 3 * wave.expand(192, 192)[:, :96]
    return torch.cat([faint, strong], dim=1)[None, None]


def test_what_is_faint_becomes_as_clear_as_what_is_strong():
    even = evened(stripes())[0, 0]
    left, right = even[60:130, 10:50].std(), even[60:130, 140:180].std()
    assert abs(float(left / right) - 1) < 0.15


def test_brightness_and_contrast_of_the_whole_do_not_count():
    images = torch.randn(2, 1, 80, 96, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(evened(5 * images + 3), evened(images), atol=0.1, rtol=0.02)


def test_what_is_dark_becomes_bright_and_nothing_else_where_an_image_is_inverted():
    torch.testing.assert_close(evened(-stripes()), -evened(stripes()))


def test_nothing_remains_of_what_is_the_same_all_over():
    assert evened(torch.full((1, 1, 50, 60), 3.0)).abs().max() < 1e-2
