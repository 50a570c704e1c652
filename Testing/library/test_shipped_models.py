"""What comes with the library."""

import pytest
import torch

from xray3d.inpainting.model import NETWORKS, load_network
from xray3d.inpainting.model import SHIPPED as INPAINTING
from xray3d.reconstruction.level_finding.model import SHIPPED as LEVELS
from xray3d.reconstruction.level_finding.model import load_network as load_levels
from xray3d.reconstruction.model import SHIPPED as BONES
from xray3d.reconstruction.model import load_network as load_bones
from xray3d.registration.scene_regression.start import SHIPPED, SceneCoordinateStart

MOST_BYTES = 25e6  # all models together, over the whole history: they are part of the extension's repository


def test_the_start_of_scene_coordinates_is_there_and_compares():
    start = SceneCoordinateStart.shipped()
    assert start.network.compares
    assert not start.network.training
    assert {weight.dtype for weight in start.network.parameters()} == {torch.float32}
    assert all(torch.isfinite(weight).all() for weight in start.network.parameters())


@pytest.mark.parametrize("name", NETWORKS)
def test_the_networks_for_implants_are_there(name):
    network, _ = load_network(INPAINTING, name)
    assert not network.training
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}
    assert all(torch.isfinite(weight).all() for weight in network.parameters())


@pytest.mark.parametrize(("folder", "load"), [(BONES, load_bones), (LEVELS, load_levels)])
def test_the_networks_for_vertebrae_are_there(folder, load):
    network, report = load(folder)
    assert not network.training
    assert all(torch.isfinite(weight).all() for weight in network.parameters())
    assert report.vertebrae > 100


def test_models_are_small():
    files = [file for file in SHIPPED.parent.rglob("*") if file.is_file()]
    assert 0 < sum(file.stat().st_size for file in files) < MOST_BYTES / 2, "there will be others, and better ones"
