"""What trainings may begin with: made from several patients, kept as a folder, and refused where it is none."""

import json
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
from xray3d.errors import ModelError, OutputExistsError, VolumeError
from xray3d.models.bundle import CARD, METADATA
from xray3d.registration.scene_regression import subject
from xray3d.registration.scene_regression.model import SceneCoordinateModel
from xray3d.registration.scene_regression.start import SceneCoordinateStart
from xray3d.registration.scene_regression.training import pretrain


@pytest.fixture(autouse=True)
def small(monkeypatch):
    make_small(monkeypatch)


def other() -> CTVolume:
    """Somebody else, elsewhere."""
    return CTVolume(np.roll(block().hu, 1, axis=2), translation([300, 0, 0]) @ block().ijk_to_ras, "other.nrrd")


PATIENTS = [(block(), BLOCK_POSES), (other(), replace(BLOCK_POSES, center_ras=(370.0, 70.0, 70.0)))]


def weights(start):
    return dict(start.network.named_parameters())


def test_patients_take_turns_and_all_of_them_are_measured(tmp_path, monkeypatch):
    rendered = []
    batch = subject.TrainingViews.batch

    def seen(views, count, seed, hardness):
        rendered.append(views.poses.center_ras[0])
        return batch(views, count, seed, hardness)

    monkeypatch.setattr(subject.TrainingViews, "batch", seen)
    start = pretrain(PATIENTS, tmp_path / "start", PLAN)
    assert rendered[:4] == [70, 370, 70, 370]
    assert start.name == "2 CTs"
    facts = json.loads((tmp_path / "start" / METADATA).read_text())["xray3d"]
    assert facts["cts"] == ["block.nrrd", "other.nrrd"]
    assert facts["report"]["views"] == 8, "four of each"
    assert "- block.nrrd (1 times)\n- other.nrrd (1 times)" in (tmp_path / "start" / CARD).read_text()


def test_a_model_begins_with_it(tmp_path):
    start = pretrain(PATIENTS, tmp_path / "start", PLAN)
    read = SceneCoordinateStart.load(tmp_path / "start")
    torch.testing.assert_close(weights(read), weights(start))
    model = run(tmp_path / "model", plan=replace(PLAN, steps=1, learning_rate=1e-9), start=read)
    torch.testing.assert_close(weights(model), weights(start), atol=1e-6, rtol=0)
    assert model.report.started_from == "2 CTs"


def test_it_is_stopped_and_goes_on(tmp_path, monkeypatch):
    measure(monkeypatch, *[8.0, 8.0], *[6.0, 6.0])
    with pytest.raises(KeyboardInterrupt):
        pretrain(PATIENTS, tmp_path / "start", PLAN, progress=Progress(3))
    progress = Progress()
    pretrain(PATIENTS, tmp_path / "start", PLAN, progress=progress, resume=True)
    assert progress.taken == [4]
    assert [path.name for path in tmp_path.iterdir()] == ["start"]


def test_another_choice_of_patients_is_not_resumed(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        pretrain(PATIENTS, tmp_path / "start", PLAN, progress=Progress(1))
    with pytest.raises(ModelError, match="start.training is of a training with other data"):
        pretrain(PATIENTS[:1], tmp_path / "start", PLAN, resume=True)


def test_the_model_of_any_patient_will_do(tmp_path):
    untrained_model("Mrs Miller.nrrd").save(tmp_path / "model")
    start = SceneCoordinateStart.load(tmp_path / "model")
    assert start.name == "Mrs Miller.nrrd"
    torch.testing.assert_close(weights(start), weights(untrained_model()))


def test_a_start_is_no_model(tmp_path):
    """It knows no patient, and must not place one."""
    pretrain(PATIENTS, tmp_path / "start", PLAN)
    with pytest.raises(ModelError, match="holds a model for something else"):
        SceneCoordinateModel.load(tmp_path / "start")


def test_what_is_no_start_is_one_sentence(tmp_path):
    with pytest.raises(ModelError, match="holds no model"):
        SceneCoordinateStart.load(tmp_path)
    pretrain(PATIENTS, tmp_path / "start", PLAN)
    file = tmp_path / "start" / METADATA
    metadata = json.loads(file.read_text())
    del metadata["xray3d"]["name"]
    file.write_text(json.dumps(metadata))
    with pytest.raises(ModelError, match="is damaged"):
        SceneCoordinateStart.load(tmp_path / "start")


def test_nothing_is_begun_that_cannot_be_kept_or_seen(tmp_path):
    with pytest.raises(OutputExistsError):
        pretrain(PATIENTS, tmp_path / "no" / "start", PLAN)
    with pytest.raises(VolumeError, match="block.nrrd has no bone above 5000 HU"):
        pretrain(PATIENTS, tmp_path / "start", PLAN, bone_hu=5000.0)
    assert not any(tmp_path.iterdir())
