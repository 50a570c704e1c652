"""Trainings that end early: what they leave, and how they go on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from scene_training_support import (
    BLOCK_POSES,
    PLAN,
    Progress,
    block,
    make_small,
    measure,
    run,
    translation,
    untrained_model,
)
from xray3d import CTVolume
from xray3d.errors import ModelError, OutputExistsError
from xray3d.models import bundle
from xray3d.models.training import state
from xray3d.registration.scene_regression.model import SceneCoordinateModel
from xray3d.registration.scene_regression.start import SceneCoordinateStart


@pytest.fixture(autouse=True)
def small(monkeypatch):
    make_small(monkeypatch)


@pytest.mark.parametrize("end", [KeyboardInterrupt, ValueError])
def test_a_training_that_was_stopped_goes_on(tmp_path, monkeypatch, end):
    measure(monkeypatch, 8.0, 6.0, 5.0)
    plan = replace(PLAN, steps=6)
    with pytest.raises(end):
        run(tmp_path / "model", plan=plan, progress=Progress(3, end))
    assert {path.name for path in tmp_path.iterdir()} == {"model", "model.training"}
    best = SceneCoordinateModel.load(tmp_path / "model")
    assert (best.report.steps, best.report.mtre_mm["50"]) == (2, 8.0)
    progress = Progress()
    model = run(tmp_path / "model", plan=plan, progress=progress, resume=True)
    assert progress.taken == [4, 5, 6]
    assert (model.report.steps, model.report.mtre_mm["50"]) == (6, 5.0)
    assert model.report.seconds >= best.report.seconds
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_training_stopped_before_its_first_model_goes_on_too(tmp_path, monkeypatch):
    measure(monkeypatch, 8.0, 6.0)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "model", progress=Progress(1))
    assert [path.name for path in tmp_path.iterdir()] == ["model.training"]
    progress = Progress()
    assert run(tmp_path / "model", progress=progress, resume=True).report.steps == 4
    assert progress.taken == [2, 3, 4]


@pytest.mark.parametrize(
    ("said", "left_to_learn", "median_mm"),
    [((KeyboardInterrupt(), 7.0, 6.0), [3, 4], 6.0), ((9.0, KeyboardInterrupt(), 7.0), [], 7.0)],
    ids=["the first", "that of the last step"],
)
def test_a_measurement_that_was_stopped_is_made_up_for(tmp_path, monkeypatch, said, left_to_learn, median_mm):
    left = measure(monkeypatch, *said)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "model")
    progress = Progress()
    model = run(tmp_path / "model", progress=progress, resume=True)
    assert progress.taken == left_to_learn
    assert not left
    assert (model.report.steps, model.report.mtre_mm["50"]) == (4, median_mm)


def test_a_model_taken_away_meanwhile_is_not_missed(tmp_path, monkeypatch):
    measure(monkeypatch, 1.0, 8.0)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "model", progress=Progress(3))
    (tmp_path / "model").rename(tmp_path / "elsewhere")
    assert run(tmp_path / "model", resume=True).report.mtre_mm["50"] == 8.0


@pytest.fixture
def stopped(tmp_path, monkeypatch):
    """The folder of a training that was stopped after its first measurement."""
    measure(monkeypatch, 8.0, 6.0, 5.0, 4.0)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "model", progress=Progress(2))
    return tmp_path / "model"


def test_another_training_is_not_resumed(stopped):
    shifted = CTVolume(block().hu, translation([1, 0, 0]) @ block().ijk_to_ras, "shifted.nrrd")
    for options in (
        {"plan": replace(PLAN, batch=3)},
        {"plan": replace(PLAN, steps=40)},
        {"ct": shifted},
        {"poses": replace(BLOCK_POSES, lateral_mm=49.0)},
        {"bone_hu": 260.0},
        {"start": SceneCoordinateStart(untrained_model().network, "a.nrrd")},
    ):
        with pytest.raises(ModelError, match="model.training is of a training with other data, .* give the same"):
            run(stopped, resume=True, **options)
    assert run(stopped, plan=replace(PLAN, goal_mm=7.0), resume=True).report.mtre_mm["50"] == 6.0


def test_without_a_state_there_is_nothing_to_resume(tmp_path):
    with pytest.raises(ModelError, match="There is no .*model.training to resume; start the training without"):
        run(tmp_path / "model", resume=True)


def test_a_damaged_state_is_one_sentence_and_stays(stopped):
    file = stopped.with_name("model.training")
    whole = file.read_bytes()
    rng = np.random.default_rng(0)
    damaged = [whole[:-100], whole[: len(whole) // 2], b"", b"{}", rng.bytes(5000), b"\x80\x02" + rng.bytes(500)]
    for content in damaged:
        file.write_bytes(content)
        with pytest.raises(ModelError, match="model.training is damaged; start the training without resuming"):
            run(stopped, resume=True)
        assert file.read_bytes() == content
    file.write_bytes(whole)
    assert run(stopped, resume=True).report.steps == 4


class Planted:
    """What a pickle of strangers may do when it is opened."""

    def __reduce__(self):
        return (print, ("opened",))


def test_a_state_of_strangers_runs_nothing(stopped, capsys):
    torch.save({"whose": Planted()}, stopped.with_name("model.training"))
    with pytest.raises(ModelError, match="is damaged"):
        run(stopped, resume=True)
    assert "opened" not in capsys.readouterr().out


def no_space(*_, **__):
    raise OSError(28, "No space left on device")


def test_no_space_for_a_better_model_keeps_the_best_so_far(tmp_path, monkeypatch):
    """And when there is space again, the better one is measured and kept."""
    measure(monkeypatch, 8.0, 6.0, 6.0)
    save, calls = bundle.save_file, []

    def full(*arguments):
        calls.append(arguments)
        return save(*arguments) if len(calls) == 1 else no_space()

    with monkeypatch.context() as during:
        during.setattr(bundle, "save_file", full)
        with pytest.raises(OutputExistsError, match="model cannot be written; check permissions and the space left"):
            run(tmp_path / "model")
    assert SceneCoordinateModel.load(tmp_path / "model").report.mtre_mm["50"] == 8.0
    assert {path.name for path in tmp_path.iterdir()} == {"model", "model.training"}
    assert run(tmp_path / "model", resume=True).report.mtre_mm["50"] == 6.0


@pytest.mark.parametrize("failure", [OSError(28, "No space left"), RuntimeError("PytorchStreamWriter failed")])
def test_no_space_for_the_state_keeps_the_best_so_far(stopped, monkeypatch, failure):
    before = stopped.with_name("model.training").read_bytes()

    def full(content, file):
        file.write_bytes(b"some of it")
        raise failure

    monkeypatch.setattr(state.torch, "save", full)
    with pytest.raises(OutputExistsError, match="model.training cannot be written; .* best model so far is kept"):
        run(stopped, resume=True, progress=Progress(3))
    assert SceneCoordinateModel.load(stopped).report.mtre_mm["50"] == 8.0
    assert stopped.with_name("model.training").read_bytes() == before
    assert {path.name for path in stopped.parent.iterdir()} == {"model", "model.training"}
