"""A model's folder, with one of each network."""

import json
from dataclasses import replace

import pytest
import torch

from inpainting_support import report_on, save_model, thin_network
from xray3d.errors import DeviceError, ModelError, XRay3DError
from xray3d.inpainting.model import (
    NETWORKS,
    InpaintingModel,
    load_network,
    network_name,
    new_network,
    save_network_of,
)
from xray3d.inpainting.network import ImplantNetwork, InpaintingNetwork
from xray3d.models.bundle import CARD, INFERENCE, METADATA, WEIGHTS


@pytest.fixture
def folder(tmp_path):
    save_model(tmp_path / "model")
    return tmp_path / "model"


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_comes_back_as_it_was_saved(tmp_path, name):
    network, report = thin_network(name), replace(report_on(name), cts=["Mrs Miller"])
    save_network_of(tmp_path, name, network, report)
    loaded, told = load_network(tmp_path, name)
    assert told == report
    assert not loaded.training
    assert type(loaded) is type(network)
    for key, weights in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], weights)


def test_a_model_is_a_finder_and_a_painter_each_a_bundle(folder):
    assert {path.name for path in folder.iterdir()} == {"finder", "painter"}
    for name in NETWORKS:
        assert all((folder / name / file).is_file() for file in (METADATA, INFERENCE, WEIGHTS, CARD))
    model = InpaintingModel.load(folder)
    assert isinstance(model.finder, ImplantNetwork)
    assert isinstance(model.painter, InpaintingNetwork)
    assert not model.finder.training
    assert not model.painter.training


def test_a_bundle_says_how_its_network_is_built(folder):
    from monai.networks.nets import BasicUNet

    for name in NETWORKS:
        (definition,) = json.loads((folder / name / INFERENCE).read_text()).values()
        assert definition.pop("_target_") == "monai.networks.nets.BasicUNet"
        network, _ = load_network(folder, name)
        BasicUNet(**definition).load_state_dict(network.unet.state_dict())


def test_saving_one_network_replaces_it_and_leaves_the_other(folder):
    before = contents(folder / "finder")
    save_network_of(folder, "painter", thin_network("painter"), replace(report_on("painter"), steps=7))
    assert load_network(folder, "painter")[1].steps == 7
    assert contents(folder / "finder") == before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("finder", "Dice's coefficient 0.97 where there is metal, and some found on 2.1% of the X-rays without (0.12%"),
        ("painter", "30.0 dB in the holes"),
    ],
)
def test_its_card_says_what_it_learnt_from_and_how_well(folder, name, words):
    card = (folder / name / CARD).read_text()
    assert card.startswith(f"# Implants out of X-rays: the {name}\n")
    assert words in card
    assert "- ct.nrrd" in card
    assert "5 real radiographs of 4 patients" in card


@pytest.mark.parametrize("missing", NETWORKS)
def test_half_a_model_is_none(folder, missing):
    (folder / missing).rename(folder / "elsewhere")
    with pytest.raises(ModelError, match=f"{missing} holds no model"):
        InpaintingModel.load(folder)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"kind": "inpainting', '"kind": "scene coordinates', "something else; choose one trained for inpainting"),
        ('"format": 4', '"format": 2', "something else"),
        ('"measured"', '"guessed"', "is damaged"),
        ('"features"', '"colours"', "is damaged"),
    ],
)
def test_what_is_no_network_of_a_model_is_one_sentence(folder, name, old, new, words):
    metadata = (folder / name / METADATA).read_text()
    assert old in metadata
    (folder / name / METADATA).write_text(metadata.replace(old, new))
    with pytest.raises(ModelError, match=words):
        InpaintingModel.load(folder)


def test_a_finder_is_no_painter(folder):
    (folder / "painter").rename(folder / "finder of another")
    (folder / "finder").rename(folder / "painter")
    (folder / "finder of another").rename(folder / "finder")
    with pytest.raises(ModelError, match="something else"):
        InpaintingModel.load(folder)


def test_an_unknown_device_is_one_sentence(folder):
    with pytest.raises(DeviceError, match="'cuda:77'"):
        InpaintingModel.load(folder, "cuda:77")


def test_networks_are_known_by_name():
    assert [network_name(name) for name in ("finder", "painter")] == list(NETWORKS)
    assert [type(new_network(name)) for name in NETWORKS] == [ImplantNetwork, InpaintingNetwork]
    with pytest.raises(XRay3DError, match="No network is called 'decorator'; choose one of: finder, painter"):
        network_name("decorator")
