"""The network that finds levels: probabilities that add up, of images of any size."""

import numpy as np
import pytest
import torch
from torch import nn

from xray3d.reconstruction.level_finding.network import MULTIPLE, LevelNetwork
from xray3d.reconstruction.scenes import LEVELS

THIN = (4, 4, 4, 4, 4, 4)


@pytest.fixture
def network():
    """A thin one whose answers depend on what it is shown."""
    torch.manual_seed(0)
    net = LevelNetwork(THIN).eval()
    nn.init.normal_(net.unet.final_conv.weight, std=0.3)
    return net


@pytest.mark.parametrize("size", [(MULTIPLE, MULTIPLE), (224, 192), (96, 128)])
def test_probabilities_of_each_level_add_up_to_one(network, size):
    with torch.inference_mode():
        maps = network(torch.randn(2, 1, *size))
    assert maps.pixels.shape == (2, len(LEVELS), *size)
    assert maps.unseen.shape == (2, len(LEVELS))
    torch.testing.assert_close(maps.pixels.exp().sum(dim=(2, 3)) + maps.unseen.exp(), torch.ones(2, len(LEVELS)))
    assert maps.pixels.std() > 0


@pytest.mark.parametrize("size", [(32, 64), (224, 192)])
def test_what_has_learnt_nothing_says_nothing(size):
    with torch.inference_mode():
        maps = LevelNetwork(THIN).eval()(torch.randn(1, 1, *size))
    np.testing.assert_allclose(maps.unseen.exp(), 0.5, atol=1e-5)
    assert maps.pixels.std() < 1e-5


def test_it_is_small_and_the_same_features_make_the_same():
    network = LevelNetwork()
    assert 300_000 < sum(weights.numel() for weights in network.parameters()) < 600_000
    LevelNetwork(network.definition["features"]).load_state_dict(network.state_dict())


def test_images_do_not_depend_on_each_other(network):
    images = torch.randn(3, 1, 64, 64)
    with torch.inference_mode():
        together, alone = network(images), network(images[1:2])
    torch.testing.assert_close(together.pixels[1:2], alone.pixels, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(together.unseen[1:2], alone.unseen, atol=1e-4, rtol=1e-4)
