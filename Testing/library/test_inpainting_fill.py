"""Holes that are filled smoothly."""

import pytest
import torch

from xray3d.inpainting.fill import smooth_fill


def hole(shape, rows, columns):
    holes = torch.zeros(1, 1, *shape)
    holes[..., rows, columns] = 1
    return holes


@pytest.mark.parametrize("shape", [(32, 32), (45, 61), (1, 17), (130, 7)])
@pytest.mark.parametrize("value", [0.0, -3.0, 100.0])
def test_what_is_flat_stays_flat_whatever_lies_in_the_hole(shape, value):
    holes = hole(shape, slice(0, shape[0] // 2 + 1), slice(3, 5))
    images = torch.where(holes > 0, torch.tensor(float("nan")), torch.full(holes.shape, value))
    torch.testing.assert_close(smooth_fill(images, holes), torch.full(holes.shape, value))


def test_what_is_known_is_left_alone():
    images = torch.rand(2, 1, 40, 50, generator=torch.Generator().manual_seed(0))
    holes = hole((40, 50), slice(10, 20), slice(0, 30)).expand(2, -1, -1, -1)
    filled = smooth_fill(images, holes)
    torch.testing.assert_close(filled * (1 - holes), images * (1 - holes))


def test_a_slope_goes_on_through_the_hole():
    slope = (torch.arange(64.0) / 64).expand(1, 1, 64, 64)
    holes = hole((64, 64), slice(20, 44), slice(26, 38))
    filled = smooth_fill(slope, holes)
    assert (filled - slope).abs().max() < 0.06
    middle = filled[0, 0, 32, 26:38]
    assert (middle[1:] - middle[:-1] > -0.01).all()


def test_what_is_all_hole_is_nothing():
    assert smooth_fill(torch.rand(1, 1, 9, 9), torch.ones(1, 1, 9, 9)).abs().max() == 0
