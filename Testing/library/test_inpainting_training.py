"""Training of a network of a model: what it leaves, and what it refuses to begin."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from inpainting_support import made_up_scenes, thin_network
from xray3d import CTVolume
from xray3d.datasets.radiographs import Radiograph
from xray3d.errors import DeviceError, ModelError, OutputExistsError, VolumeError
from xray3d.inpainting import finding_source, painting_source, training
from xray3d.inpainting.finding_lesson import FindingLesson
from xray3d.inpainting.model import NETWORKS, InpaintingModel, load_network
from xray3d.inpainting.painting_lesson import PaintingLesson
from xray3d.models.bundle import CARD
from xray3d.models.training.plan import TrainingPlan

PLAN = TrainingPlan(steps=4, batch=2, learning_rate=1e-2, validate_every=2)
SIDE = 64
PATIENTS = [CTVolume(np.zeros((4, 4, 4)), np.eye(4), name) for name in ("Mrs Miller", "Mr Smith")]


def radiograph(number: int) -> Radiograph:
    def read():
        image = np.random.default_rng(number).integers(0, 255, (100, 90), np.uint8)
        return cv2.imencode(".png", image)[1].tobytes()

    return Radiograph(f"image {number}", f"patient {number}", read)


RADIOGRAPHS = [radiograph(number) for number in range(60)]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Made-up scenes, thin networks and small X-rays."""

    def made_up(patients, count, seed, device, progress):
        progress(0.0)
        return made_up_scenes(len(patients) * count, 160, seed)

    monkeypatch.setattr(training, "make_scenes", made_up)
    monkeypatch.setattr(training, "new_network", thin_network)
    for lesson in (FindingLesson, PaintingLesson):
        monkeypatch.setattr(lesson, "held_out_count", 4)
    monkeypatch.setattr(finding_source, "SEARCHED_PX", SIDE)
    monkeypatch.setattr(painting_source, "PAINTED_PX", SIDE)


@pytest.fixture(params=NETWORKS)
def name(request):
    """Of the network that is trained."""
    return request.param


def run(name, folder, plan=PLAN, patients=PATIENTS, radiographs=RADIOGRAPHS, **options):
    return training.train(name, patients, radiographs, folder, plan, views_of_one=3, **options)


def weights(folder, name) -> torch.Tensor:
    network, _ = load_network(folder, name)
    return torch.cat([weight.detach().flatten().float() for weight in network.parameters()])


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def apart(one, other):
    return (one - other).abs().mean().item()


def stopped_at(share):
    def stop(doing, done):
        if done >= share and doing.startswith("Step"):
            raise KeyboardInterrupt

    return stop


def test_a_training_leaves_a_network_and_says_how_good_it_is(tmp_path, name):
    told = []
    report = run(name, tmp_path / "model", progress=lambda *of: told.append(of))
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert [path.name for path in (tmp_path / "model").iterdir()] == [name]
    assert load_network(tmp_path / "model", name)[1] == report
    assert report.steps in (2, 4)
    assert list(report.cts) == ["Mrs Miller", "Mr Smith"]
    used = [one for one in RADIOGRAPHS if one.part == "training"]
    assert report.radiographs == report.radiograph_patients == len(used)
    doing = [one for one, _ in told]
    assert doing[0] == "X-raying the patients"
    words = {"finder": "Dice ", "painter": " dB in the holes"}[name]
    assert any(one.startswith("Step 3 of 4") and words in one for one in doing)
    card = (tmp_path / "model" / name / CARD).read_text()
    assert "- Mr Smith" in card
    assert f"{len(used)} real radiographs of {len(used)} patients" in card


def test_what_is_measured_is_of_what_is_trained(tmp_path):
    found, painted = (run(name, tmp_path / "model").measured for name in ("finder", "painter"))
    assert set(found) == {"dice", "false_share", "false_alarms"}
    assert all(0 <= value <= 1 for value in found.values())
    assert set(painted) == {"psnr_db", "error_in_sigmas"}
    assert 5 < painted["psnr_db"] < 60


def test_networks_trained_one_after_the_other_are_a_model_and_leave_each_other_alone(tmp_path, name):
    (other,) = set(NETWORKS) - {name}
    run(other, tmp_path / "model")
    before = contents(tmp_path / "model" / other)
    with pytest.raises(KeyboardInterrupt):
        run(name, tmp_path / "model", progress=stopped_at(0.5))
    assert {path.name for path in (tmp_path / "model").iterdir()} == {*NETWORKS, f"{name}.training"}
    run(name, tmp_path / "model", resume=True)
    run(name, tmp_path / "model", replace(PLAN, seed=1), overwrite=True)
    assert contents(tmp_path / "model" / other) == before
    assert {path.name for path in (tmp_path / "model").iterdir()} == set(NETWORKS)
    InpaintingModel.load(tmp_path / "model")


def test_what_is_kept_for_the_test_is_not_looked_at(tmp_path, name):
    def spoiled():
        raise AssertionError("looked at")

    given = [replace(one, read=spoiled) if one.part == "test" else one for one in RADIOGRAPHS]
    assert any(one.part == "test" for one in given)
    run(name, tmp_path / "model", radiographs=given)


def test_the_same_seed_gives_the_same_network(tmp_path, name):
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(name, tmp_path / folder, replace(PLAN, seed=seed))
    first, again, other = (weights(tmp_path / folder, name) for folder in "abc")
    assert apart(first, again) < 1e-4 < 1e-2 < apart(first, other)


def test_without_radiographs_it_learns_from_patients_alone(tmp_path, name):
    report = run(name, tmp_path / "model", radiographs=[])
    assert report.radiographs == report.radiograph_patients == 0


def test_a_training_that_was_stopped_goes_on(tmp_path, name):
    with pytest.raises(KeyboardInterrupt):
        run(name, tmp_path / "model", progress=stopped_at(0.25))
    assert [path.name for path in (tmp_path / "model").iterdir()] == [f"{name}.training"]
    for other in ({"patients": PATIENTS[:1]}, {"radiographs": []}, {"plan": replace(PLAN, seed=4)}):
        with pytest.raises(ModelError, match="with other data, another start or another plan"):
            run(name, tmp_path / "model", resume=True, **other)
    run(name, tmp_path / "model", resume=True)
    run(name, tmp_path / "whole")
    assert apart(weights(tmp_path / "model", name), weights(tmp_path / "whole", name)) < 1e-4
    assert not (tmp_path / "model" / f"{name}.training").exists()


def test_a_training_of_one_network_is_no_training_of_the_other(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run("finder", tmp_path / "model", progress=stopped_at(0.5))
    with pytest.raises(ModelError, match=r"no .*painter.training to resume"):
        run("painter", tmp_path / "model", resume=True)
    (tmp_path / "model" / "finder.training").rename(tmp_path / "model" / "painter.training")
    with pytest.raises(ModelError, match="with other data, another start or another plan"):
        run("painter", tmp_path / "model", resume=True)


def test_a_training_begins_with_what_another_has_learnt(tmp_path, name):
    first = run(name, tmp_path / "first")
    barely = replace(PLAN, steps=1, learning_rate=1e-9, seed=5)
    report = run(name, tmp_path / "more", barely, start=tmp_path / "first")
    assert report.started_from == f"first after {first.steps} steps"
    assert apart(weights(tmp_path / "first", name), weights(tmp_path / "more", name)) < 1e-5
    run(name, tmp_path / "scratch", barely)
    assert apart(weights(tmp_path / "first", name), weights(tmp_path / "scratch", name)) > 1e-3
    with pytest.raises(ModelError):
        run(name, tmp_path / "none", start=tmp_path / "nothing")
    assert not (tmp_path / "none").exists()


def test_a_training_from_elsewhere_is_another_training(tmp_path, name):
    run(name, tmp_path / "first")
    with pytest.raises(KeyboardInterrupt):
        run(name, tmp_path / "model", progress=stopped_at(0.5), start=tmp_path / "first")
    with pytest.raises(ModelError, match="with other data, another start or another plan"):
        run(name, tmp_path / "model", resume=True)
    run(name, tmp_path / "model", resume=True, start=tmp_path / "first")


def test_what_cannot_begin_is_one_sentence(tmp_path, name):
    run(name, tmp_path / "model")
    before = contents(tmp_path)
    with pytest.raises(OutputExistsError, match=f"{name} holds a model already; choose another folder or ask to"):
        run(name, tmp_path / "model")
    with pytest.raises(VolumeError, match="no CT to learn from"):
        run(name, tmp_path / "none", patients=[])
    with pytest.raises(VolumeError, match="too few patients"):
        run(name, tmp_path / "few", radiographs=[one for one in RADIOGRAPHS if one.part == "training"])
    with pytest.raises(DeviceError, match="'cuda:77'"):
        run(name, tmp_path / "device", device="cuda:77")
    with pytest.raises(OutputExistsError, match="does not exist; make it first"):
        run(name, tmp_path / "no" / "such")
    with pytest.raises(ModelError, match=f"no .*{name}.training to resume"):
        run(name, tmp_path / "nothing", resume=True)
    (tmp_path / "file").touch()
    with pytest.raises(OutputExistsError):
        run(name, tmp_path / "file")
    (tmp_path / "file").unlink()
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
