"""What networks are shown, and what they say before they have learnt anything."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import nn

from inpainting_support import thin_network
from xray3d.inpainting.fill import smooth_fill
from xray3d.inpainting.gradient_domain import integrated
from xray3d.inpainting.network import Roughness
from xray3d.inpainting.search_scale import shown
from xray3d.models.levels import levelled

SIDE = 64
ROW, COLUMN = torch.meshgrid(torch.linspace(0, 1, SIDE), torch.linspace(0, 1, SIDE), indexing="ij")
SMOOTH = (0.5 + 0.4 * torch.sin(3 * ROW) * torch.cos(4 * COLUMN))[None, None]
HOLE = torch.zeros_like(SMOOTH)
HOLE[..., 20:44, 28:36] = 1
ROUGH = torch.from_numpy(gaussian_filter(np.random.default_rng(0).normal(size=(SIDE, SIDE)), 1)).float()[None, None]


def guessed(network, images, holes=HOLE):
    return network(images, smooth_fill(images, holes), holes, Roughness.of(images, holes))


def said(network, images, holes):
    beliefs, log_error = guessed(network, images, holes)
    return torch.cat([*beliefs, log_error], dim=1)


def wakened(name):
    """A thin network whose answers depend on what it is shown."""
    torch.manual_seed(0)
    network = thin_network(name).eval()
    nn.init.normal_(network.unet.final_conv.weight, std=0.05)
    return network


def test_what_has_learnt_nothing_goes_on_smoothly_over_holes():
    images = SMOOTH + 3 * HOLE
    with torch.inference_mode():
        filled = integrated(images, HOLE, guessed(thin_network("painter"), images).beliefs)
    inside = HOLE > 0
    off = (filled - SMOOTH)[inside].abs().max()
    assert off < 0.02
    assert off < 0.5 * (smooth_fill(images, HOLE) - SMOOTH)[inside].abs().max()


def test_beliefs_are_of_eight_equations_and_no_standard_error_is_without_bounds():
    with torch.inference_mode():
        (mean, log_sigma), log_error = guessed(wakened("painter"), SMOOTH + 1e4 * HOLE)
    assert mean.shape == log_sigma.shape == (1, 8, SIDE, SIDE)
    assert torch.isfinite(mean).all()
    assert -20 < log_sigma.min() < log_sigma.max() < 10
    assert log_error.shape == SMOOTH.shape
    assert -20 < log_error.min() < log_error.max() < 10


@pytest.mark.parametrize("name", ["finder", "painter"])
def test_an_image_means_the_same_whatever_is_in_its_batch_in_training_too(name):
    images, holes = torch.cat([SMOOTH + HOLE, ROUGH]), torch.cat([HOLE, HOLE.flip(3)])
    network = wakened(name).train()
    with torch.inference_mode():
        if name == "finder":
            together, alone = (network(shown(images[:count])) for count in (2, 1))
            assert together.shape == images.shape
        else:
            together, alone = (said(network, images[:count], holes[:count]) for count in (2, 1))
    torch.testing.assert_close(together[:1], alone, atol=0.02 * together.std().item(), rtol=0)


def test_roughness_is_of_what_is_outside_of_holes():
    known, spoiled = (Roughness.of(images, HOLE) for images in (ROUGH, ROUGH + 1e3 * HOLE))
    for one, same in zip(known, spoiled, strict=True):
        assert one.shape == (1, 1, 1, 1)
        torch.testing.assert_close(one, same)
    assert Roughness.of(SMOOTH, HOLE).difference < known.difference
    assert Roughness.of(SMOOTH, HOLE).bend < known.bend


def test_roughness_is_in_grey_values_and_a_plane_does_not_bend():
    for factor in (2.0, 10.0):
        for one, more in zip(Roughness.of(ROUGH, HOLE), Roughness.of(factor * ROUGH, HOLE), strict=True):
            torch.testing.assert_close(more, factor * one)
    plane = Roughness.of((2 * ROW + COLUMN)[None, None], torch.zeros_like(HOLE))
    assert plane.difference.item() == pytest.approx(1.5 / (SIDE - 1), rel=0.03)
    assert plane.bend.item() < 0.01 * plane.difference.item()


@pytest.mark.parametrize("hole", [HOLE, torch.ones_like(HOLE)], ids=["flat", "all hole"])
def test_where_nothing_changes_roughness_is_more_than_nothing(hole):
    assert all(one.item() > 0 for one in Roughness.of(torch.full_like(hole, 0.5), hole))


@pytest.mark.parametrize("side", [SIDE, 700])
def test_levels_are_of_what_is_fairly_dark_and_what_is_fairly_bright(side):
    ramp = torch.linspace(-50, 150, side * side)[torch.randperm(side * side, generator=torch.manual_seed(0))]
    images = ramp.reshape(1, 1, side, side)
    level = levelled(images)
    torch.testing.assert_close(level, (images - 50) / 100, atol=0.05, rtol=0)
    torch.testing.assert_close(levelled(1e3 * images - 7), level, atol=1e-3, rtol=0)


def test_how_bright_metal_is_does_not_change_the_levels_of_what_is_around():
    images = [SMOOTH + brightness * HOLE for brightness in (2.0, 50.0)]
    one, other = (levelled(image)[HOLE == 0] for image in images)
    torch.testing.assert_close(one, other)
    assert levelled(images[1])[HOLE > 0].unique().tolist() == [6.0]


def test_levels_of_a_flat_image_are_numbers():
    assert torch.isfinite(levelled(torch.full((2, 1, 5, 7), 3.0))).all()
