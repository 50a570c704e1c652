"""Means over windows are what pooling gives."""

import pytest
import torch
import torch.nn.functional as F

from xray3d.registration.scene_regression.windows import window_means

IMAGES = torch.rand((2, 3, 12, 8), generator=torch.Generator().manual_seed(0))


def test_a_window_about_each_pixel():
    torch.testing.assert_close(window_means(IMAGES, (12, 8), 5), F.avg_pool2d(IMAGES, 5, 1, padding=2))


def test_fewer_cells_than_pixels():
    torch.testing.assert_close(window_means(IMAGES, (6, 4), 4), F.avg_pool2d(IMAGES, 4, 2, padding=1))


def test_more_cells_than_pixels_repeat():
    expected = F.interpolate(F.avg_pool2d(IMAGES, 3, 1, padding=1), scale_factor=2, mode="nearest")
    torch.testing.assert_close(window_means(IMAGES, (24, 16), 3), expected)


@pytest.mark.parametrize("value", [0.0, 2.5])
def test_an_even_image_stays_even_away_from_its_edges(value):
    means = window_means(torch.full((9, 9), value), (9, 9), 3)
    torch.testing.assert_close(means[1:-1, 1:-1], torch.full((7, 7), value))
    torch.testing.assert_close(means[0, 0], torch.tensor(value * 4 / 9))


def test_what_was_made_for_inference_can_be_learnt_with():
    with torch.inference_mode():
        window_means(torch.ones((7, 7)), (7, 7), 3)
    images = torch.ones((7, 7), requires_grad=True)
    window_means(images, (7, 7), 3).sum().backward()
    assert images.grad is not None
    assert images.grad[3, 3] == pytest.approx(1.0)
