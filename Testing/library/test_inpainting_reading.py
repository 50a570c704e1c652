"""X-rays of any grey scale, shown to networks and brought back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from xray3d.errors import BlankXRayError, VolumeError
from xray3d.inpainting.reading import Reading, grey_pixels, shows_metal_dark

PICTURE = gaussian_filter(np.random.default_rng(0).normal(size=(50, 60)), 2)
MASK = np.zeros(PICTURE.shape, bool)
MASK[10:30, 20:28] = True


@settings(max_examples=30, deadline=None)
@given(gain=st.floats(1e-3, 1e4), offset=st.floats(-1e5, 1e5), inverted=st.booleans())
def test_any_grey_scale_is_shown_alike_and_comes_back(gain, offset, inverted):
    pixels = offset + gain * (-PICTURE if inverted else PICTURE)
    reading = Reading.of(pixels, MASK, inverted)
    usual = Reading.of(PICTURE, MASK, False)
    np.testing.assert_allclose(reading.shown(pixels), usual.shown(PICTURE), atol=1e-3 + 1e-6 * abs(offset) / gain)
    np.testing.assert_allclose(reading.restored(reading.shown(pixels)), pixels, atol=1e-5 * gain + 1e-7 * abs(offset))


def test_what_is_in_the_holes_does_not_count():
    bright = np.where(MASK, 1e6, PICTURE)
    assert Reading.of(bright, MASK, False) == Reading.of(PICTURE, MASK, False)
    inside = Reading.of(PICTURE, MASK, False).shown(PICTURE)[~MASK]
    assert -0.5 < inside.min() < 0.05
    assert 0.95 < inside.max() < 1.5


@pytest.mark.parametrize("inverted", [False, True])
def test_metal_tells_how_attenuation_shows(inverted):
    with_metal = PICTURE + np.where(MASK, 0.3, 0)
    assert shows_metal_dark(-with_metal if inverted else with_metal, MASK) == inverted


@pytest.mark.parametrize("mask", [np.zeros_like(MASK), np.ones_like(MASK)])
def test_without_metal_or_without_anything_else_it_is_not_known(mask):
    assert not shows_metal_dark(PICTURE, mask)


def test_a_blank_x_ray_cannot_be_read():
    with pytest.raises(BlankXRayError, match="one grey value"):
        Reading.of(np.where(MASK, 5.0, 1.0), MASK, False)


@pytest.mark.parametrize("channels", [3, 4])
def test_grey_screenshots_are_x_rays(channels):
    grey = (255 * np.clip(PICTURE + 0.5, 0, 1)).astype(np.uint8)
    screenshot = np.repeat(grey[..., None], channels, axis=2)
    if channels == 4:
        screenshot[..., 3] = 255
    np.testing.assert_array_equal(grey_pixels(screenshot), grey)
    np.testing.assert_array_equal(grey_pixels(grey), grey)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.random.default_rng(0).random((4, 5, 3)), "in colour"),
        (np.zeros((4, 5, 2)), "rows and columns"),
        (np.zeros(4), "rows and columns"),
        (np.zeros((0, 4)), "rows and columns"),
        (np.array([["a"]]), "rows and columns"),
        (np.where(MASK, np.nan, PICTURE), "gaps"),
    ],
)
def test_what_is_no_x_ray_is_one_sentence(image, words):
    with pytest.raises(VolumeError, match=words):
        grey_pixels(image)
