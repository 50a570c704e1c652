"""Training of the networks that learn from labelled spines: what it leaves, and what it refuses to begin."""

import re
from dataclasses import replace

import pytest
import torch

from reconstruction_support import coarsen, spine, spine_views
from xray3d.errors import DeviceError, ModelError, OutputExistsError, VolumeError
from xray3d.models.bundle import CARD, METADATA
from xray3d.models.training.plan import TrainingPlan
from xray3d.reconstruction import model
from xray3d.reconstruction.level_finding import model as levels_model
from xray3d.reconstruction.level_finding import source
from xray3d.reconstruction.level_finding.network import LevelNetwork
from xray3d.reconstruction.network import ReconstructionNetwork
from xray3d.reconstruction.scenes import SpineViews
from xray3d.reconstruction.training import LEVELS, RECONSTRUCTION, train

PLAN = TrainingPlan(steps=2, batch=1, learning_rate=1e-2, validate_every=1)
THIN = (4, 4, 4, 4, 4, 4)
TRAINEES = {
    "bones": replace(RECONSTRUCTION, new=lambda: ReconstructionNetwork(THIN, THIN), held_out=1),
    "levels": replace(LEVELS, new=lambda: LevelNetwork(THIN), held_out=4),
}


@pytest.fixture(autouse=True, params=TRAINEES)
def trainee(request, monkeypatch):
    """A thin network; one spine that is X-rayed already, and small parts of it."""
    views = spine_views()
    coarsen(monkeypatch)
    monkeypatch.setattr(SpineViews, "of", lambda spine, rng, device: views)
    monkeypatch.setattr(source, "_ROWS_PX", (64,))
    monkeypatch.setattr(source, "_COLUMNS_PX", (64,))
    return TRAINEES[request.param]


@pytest.fixture
def run(trainee):
    """A training of it."""

    def trained(folder, plan=PLAN, spines=None, held_out=None, **options):
        spines, held_out = ([spine()] if of is None else of for of in (spines, held_out))
        return train(trainee, spines, held_out, folder, plan, **options)

    return trained


@pytest.fixture
def apart(trainee):
    """How far the weights of two models are apart."""

    def weights(folder):
        return torch.cat([weight.detach().flatten().float() for weight in trainee.load(folder)[0].parameters()])

    return lambda one, other: (weights(one) - weights(other)).abs().mean().item()


def stopped(doing, done):
    if done >= 0.5 and doing.startswith("Step"):
        raise KeyboardInterrupt


def test_a_training_leaves_a_model_and_says_how_good_it_is(trainee, run, tmp_path):
    told = []
    report = run(tmp_path / "model", progress=lambda *of: told.append(of))
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    network, loaded = trainee.load(tmp_path / "model")
    assert loaded == report
    assert not network.training
    assert isinstance(report, trainee.report)
    assert (list(report.cts), report.vertebrae, report.started_from) == ([spine().ct.name], 6, "scratch")
    assert told[0] == ("X-raying spine 1", 0.0)
    assert any(doing.startswith("Step 2 of 2") and report.measured.told in doing for doing, _ in told)
    card = (tmp_path / "model" / CARD).read_text()
    assert f"- {spine().ct.name}" in card
    assert "6 vertebrae of these CTs" in card


def test_what_is_read_is_what_was_written(trainee, run, tmp_path):
    run(tmp_path / "model")
    network, report = trainee.load(tmp_path / "model")
    trainee.save(tmp_path / "again", network, report)
    again, _ = trainee.load(tmp_path / "again")
    for name, weight in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight)
    with pytest.raises(OutputExistsError):
        trainee.save(tmp_path / "again", network, report)


def test_the_same_seed_gives_the_same_network_and_a_stopped_training_goes_on(run, apart, tmp_path):
    run(tmp_path / "one")
    run(tmp_path / "other", replace(PLAN, seed=1))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "again", progress=stopped)
    with pytest.raises(ModelError, match="with other data, another start or another plan"):
        run(tmp_path / "again", replace(PLAN, seed=1), resume=True)
    run(tmp_path / "again", resume=True)
    assert apart(tmp_path / "one", tmp_path / "again") < 1e-5 < 1e-3 < apart(tmp_path / "one", tmp_path / "other")


def test_a_training_begins_with_what_another_has_learnt(run, apart, tmp_path):
    first = run(tmp_path / "first")
    barely = replace(PLAN, steps=1, learning_rate=1e-9, seed=5)
    assert run(tmp_path / "more", barely, start=tmp_path / "first").started_from == f"first after {first.steps} steps"
    assert apart(tmp_path / "first", tmp_path / "more") < 1e-5


def test_what_cannot_begin_is_one_sentence(run, tmp_path):
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


@pytest.mark.parametrize("spoil", ["kind", "format", "report"])
def test_what_is_no_model_is_one_sentence(trainee, run, tmp_path, spoil):
    run(tmp_path / "model")
    metadata = (tmp_path / "model" / METADATA).read_text()
    spoiled = {
        "kind": metadata.replace(f'"kind": "{trainee.kind}"', '"kind": "inpainting"'),
        "format": re.sub(r'"format": \d', '"format": 0', metadata),
        "report": metadata.replace('"measured"', '"guessed"'),
    }
    assert spoiled[spoil] != metadata
    (tmp_path / "model" / METADATA).write_text(spoiled[spoil])
    with pytest.raises(ModelError, match="is damaged" if spoil == "report" else "something else; choose one trained"):
        trainee.load(tmp_path / "model")
    with pytest.raises(ModelError):
        trainee.load(tmp_path / "nothing")


def test_both_that_ship_have_a_folder_of_their_own():
    assert (model.SHIPPED.name, levels_model.SHIPPED.name) == ("x23d", "x23d_levels")
