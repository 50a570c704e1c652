"""Training of the network that finds levels: what it leaves, and what it refuses to begin."""

from dataclasses import replace

import pytest
import torch

from reconstruction_support import spine, spine_views
from xray3d.errors import DeviceError, ModelError, OutputExistsError, VolumeError
from xray3d.models.bundle import CARD, METADATA
from xray3d.models.training.plan import TrainingPlan
from xray3d.reconstruction.level_finding import model, source, training
from xray3d.reconstruction.level_finding.model import load_network, save_model
from xray3d.reconstruction.level_finding.network import LevelNetwork
from xray3d.reconstruction.level_finding.training import train_levels
from xray3d.reconstruction.scenes import SpineViews

PLAN = TrainingPlan(steps=2, batch=2, learning_rate=1e-2, validate_every=1)
THIN = (4, 4, 4, 4, 4, 4)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """One spine that is X-rayed already, small parts of it, and a thin network."""
    views = spine_views()
    monkeypatch.setattr(SpineViews, "of", lambda spine, rng, device: views)
    monkeypatch.setattr(training, "LevelNetwork", lambda: LevelNetwork(THIN))
    monkeypatch.setattr(training, "_HELD_OUT", 4)
    monkeypatch.setattr(source, "_ROWS_PX", (64,))
    monkeypatch.setattr(source, "_COLUMNS_PX", (64,))


def run(folder, plan=PLAN, spines=None, held_out=None, **options):
    return train_levels(
        [spine()] if spines is None else spines, [spine()] if held_out is None else held_out, folder, plan, **options
    )


def weights(folder):
    return torch.cat([weight.detach().flatten().float() for weight in load_network(folder)[0].parameters()])


def apart(one, other):
    return (weights(one) - weights(other)).abs().mean().item()


def stopped(doing, done):
    if done >= 0.5 and doing.startswith("Step"):
        raise KeyboardInterrupt


def test_a_training_leaves_a_model_and_says_how_good_it_is(tmp_path):
    told = []
    report = run(tmp_path / "model", progress=lambda *of: told.append(of))
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    network, loaded = load_network(tmp_path / "model")
    assert loaded == report
    assert not network.training
    assert 0 <= report.measured.found <= 1
    assert (list(report.cts), report.vertebrae, report.started_from) == ([spine().ct.name], 6, "scratch")
    assert told[0] == ("X-raying spine 1", 0.0)
    assert any(doing.startswith("Step 2 of 2") and "vertebrae found" in doing for doing, _ in told)
    card = (tmp_path / "model" / CARD).read_text()
    assert f"- {spine().ct.name}" in card
    assert "6 vertebrae of these CTs" in card


def test_what_is_read_is_what_was_written(tmp_path):
    run(tmp_path / "model")
    network, report = load_network(tmp_path / "model")
    save_model(tmp_path / "again", network, report)
    again, _ = load_network(tmp_path / "again")
    image = torch.randn(1, 1, 64, 96)
    with torch.inference_mode():
        for one, other in zip(network(image), again(image), strict=True):
            assert torch.equal(one, other)
    with pytest.raises(OutputExistsError):
        save_model(tmp_path / "again", network, report)


def test_the_same_seed_gives_the_same_network_and_a_stopped_training_goes_on(tmp_path):
    run(tmp_path / "one")
    run(tmp_path / "other", replace(PLAN, seed=1))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "again", progress=stopped)
    with pytest.raises(ModelError, match="with other data, another start or another plan"):
        run(tmp_path / "again", replace(PLAN, seed=1), resume=True)
    run(tmp_path / "again", resume=True)
    assert apart(tmp_path / "one", tmp_path / "again") < 1e-5 < 1e-3 < apart(tmp_path / "one", tmp_path / "other")


def test_a_training_begins_with_what_another_has_learnt(tmp_path):
    first = run(tmp_path / "first")
    barely = replace(PLAN, steps=1, learning_rate=1e-9, seed=5)
    assert run(tmp_path / "more", barely, start=tmp_path / "first").started_from == f"first after {first.steps} steps"
    assert apart(tmp_path / "first", tmp_path / "more") < 1e-5


def test_what_cannot_begin_is_one_sentence(tmp_path):
    run(tmp_path / "model")
    with pytest.raises(OutputExistsError, match="holds a model already"):
        run(tmp_path / "model")
    for nothing in ({"spines": []}, {"held_out": []}):
        with pytest.raises(VolumeError, match="a labelled spine to learn from and another to measure on"):
            run(tmp_path / "none", **nothing)
    with pytest.raises(DeviceError, match="'cuda:77'"):
        run(tmp_path / "none", device="cuda:77")
    with pytest.raises(ModelError, match="to resume"):
        run(tmp_path / "none", resume=True)
    with pytest.raises(ModelError):
        run(tmp_path / "none", start=tmp_path / "nothing")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"kind": "vertebrae on X-rays"', '"kind": "reconstruction"', "choose one trained for finding vertebrae"),
        ('"format": 1', '"format": 0', "something else"),
        ('"measured"', '"guessed"', "is damaged"),
        ('"features"', '"wires"', "is damaged"),
    ],
)
def test_what_is_no_model_is_one_sentence(tmp_path, old, new, words):
    run(tmp_path / "model")
    metadata = (tmp_path / "model" / METADATA).read_text()
    assert old in metadata
    (tmp_path / "model" / METADATA).write_text(metadata.replace(old, new))
    with pytest.raises(ModelError, match=words):
        load_network(tmp_path / "model")
    with pytest.raises(ModelError):
        load_network(tmp_path / "nothing")
    assert model.SHIPPED.name == "x23d_levels"
