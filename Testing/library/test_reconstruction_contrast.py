"""Contrast that is the same everywhere."""

import torch

from xray3d.reconstruction.contrast import evened
from xray3d.reconstruction.scenes import OBJECT_PIXEL_MM


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


def test_what_is_nearby_is_as_wide_in_the_patient_on_larger_pixels():
    images = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    finer = images.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    twice = evened(images, 2 * OBJECT_PIXEL_MM).repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    torch.testing.assert_close(evened(finer)[..., 8:-8, 8:-8], twice[..., 8:-8, 8:-8], atol=0.1, rtol=0.1)
