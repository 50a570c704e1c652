"""Training of inpainting networks: what it leaves, and what it refuses to begin."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from xray3d import CTVolume
from xray3d.datasets.radiographs import Radiograph
from xray3d.errors import DeviceError, ModelError, OutputExistsError, VolumeError
from xray3d.inpainting import training
from xray3d.inpainting.model import InpaintingModel
from xray3d.inpainting.network import ImplantNetwork, InpaintingNetwork, InpaintingNetworks
from xray3d.inpainting.scenes import ScenePool
from xray3d.models.bundle import METADATA
from xray3d.models.training.plan import TrainingPlan

PLAN = TrainingPlan(steps=4, batch=2, validate_every=2)
THIN = (4, 4, 4, 4, 4, 4)
PATIENTS = [CTVolume(np.zeros((4, 4, 4)), np.eye(4), name) for name in ("Mrs Miller", "Mr Smith")]


def radiograph(number: int) -> Radiograph:
    def read():
        image = np.random.default_rng(number).integers(0, 255, (150, 140), np.uint8)
        return cv2.imencode(".png", image)[1].tobytes()

    return Radiograph(f"image {number}", f"patient {number}", read)


RADIOGRAPHS = [radiograph(number) for number in range(60)]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Made-up scenes and thin networks."""

    def made_up(patients, count, seed, device, progress):
        progress(0.0)
        row, column = np.mgrid[:160, :160] / 40.0
        views = len(patients) * count
        patient = 2 + np.sin(row + np.random.default_rng(seed).random((views, 1, 1))) * np.cos(column)
        metal_mm = np.where(np.abs(column - 2) < 0.4, 5.0, 0.0) * np.ones((views, 1, 1))
        parts = [patient, 0.3 * patient, patient - 0.05, 0.3 * patient, metal_mm]
        return ScenePool(np.stack(parts, axis=1).astype(np.float16))

    monkeypatch.setattr(training, "make_scenes", made_up)
    monkeypatch.setattr(
        training, "InpaintingNetworks", lambda: InpaintingNetworks(ImplantNetwork(THIN), InpaintingNetwork(THIN))
    )
    monkeypatch.setattr(training, "_HELD_OUT", 4)


def run(folder, plan=PLAN, patients=PATIENTS, radiographs=RADIOGRAPHS, **options):
    return training.train(patients, radiographs, folder, plan, views_of_one=3, **options)


def weights(model: InpaintingModel) -> torch.Tensor:
    return torch.cat([weight.detach().flatten().float() for weight in model.networks.parameters()])


def test_a_training_leaves_a_model(tmp_path):
    told = []
    model = run(tmp_path / "model", progress=lambda *of: told.append(of))
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    loaded = InpaintingModel.load(tmp_path / "model")
    assert not loaded.networks.training
    assert torch.equal(weights(loaded), weights(model))
    report = loaded.report
    assert report == model.report
    assert report.steps in (2, 4)
    assert list(report.cts) == ["Mrs Miller", "Mr Smith"]
    used = [one for one in RADIOGRAPHS if one.part == "training"]
    assert report.radiographs == report.radiograph_patients == len(used)
    assert 5 < report.psnr_db < 60
    assert 0 <= report.dice <= 1
    doing = [one for one, _ in told]
    assert doing[0] == "X-raying the patients"
    assert any("dB in the holes, Dice" in one for one in doing)
    card = (tmp_path / "model" / "docs" / "README.md").read_text()
    assert "- Mr Smith" in card
    assert f"{len(used)} real radiographs of {len(used)} patients" in card


def test_what_is_kept_for_the_test_is_not_looked_at(tmp_path):
    def spoiled():
        raise AssertionError("looked at")

    given = [replace(one, read=spoiled) if one.part == "test" else one for one in RADIOGRAPHS]
    assert any(one.part == "test" for one in given)
    run(tmp_path / "model", radiographs=given)


def test_the_same_seed_gives_the_same_model(tmp_path):
    first, again, other = (
        run(tmp_path / name, replace(PLAN, seed=seed)) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    torch.testing.assert_close(weights(first), weights(again), atol=1e-3, rtol=1e-3)
    assert not torch.allclose(weights(first), weights(other), atol=1e-2)


def test_without_radiographs_it_learns_from_patients_alone(tmp_path):
    report = run(tmp_path / "model", radiographs=[]).report
    assert report.radiographs == report.radiograph_patients == 0


def test_a_training_that_was_stopped_goes_on(tmp_path):
    def stop(doing, done):
        if done >= 0.5 and doing.startswith("Step"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "model", progress=stop)
    assert {path.name for path in tmp_path.iterdir()} == {"model", "model.training"}
    for other in ({"patients": PATIENTS[:1]}, {"radiographs": []}, {"plan": replace(PLAN, seed=4)}):
        with pytest.raises(ModelError, match="with other data, another start or another plan"):
            run(tmp_path / "model", resume=True, **other)
    resumed, whole = run(tmp_path / "model", resume=True), run(tmp_path / "whole")
    torch.testing.assert_close(weights(resumed), weights(whole), atol=1e-3, rtol=1e-3)
    assert not (tmp_path / "model.training").exists()


def test_what_cannot_begin_is_one_sentence(tmp_path):
    run(tmp_path / "model")
    before = (tmp_path / "model" / METADATA).read_bytes()
    with pytest.raises(OutputExistsError, match="choose another folder or ask to overwrite"):
        run(tmp_path / "model")
    with pytest.raises(VolumeError, match="no CT to learn from"):
        run(tmp_path / "none", patients=[])
    with pytest.raises(VolumeError, match="too few patients"):
        run(tmp_path / "few", radiographs=[one for one in RADIOGRAPHS if one.part == "training"])
    with pytest.raises(DeviceError, match="'cuda:77'"):
        run(tmp_path / "device", device="cuda:77")
    assert (tmp_path / "model" / METADATA).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_model_that_is_none_is_one_sentence(tmp_path):
    with pytest.raises(ModelError, match="holds no model"):
        InpaintingModel.load(tmp_path)
    run(tmp_path / "model")
    metadata = (tmp_path / "model" / METADATA).read_text()
    for old, new, words in (
        ('"kind": "inpainting"', '"kind": "scene coordinates"', "something else; choose one trained for inpainting"),
        ('"format": 1', '"format": 99', "something else"),
        ('"psnr_db"', '"decibel"', "is damaged"),
        ('"painter"', '"brush"', "is damaged"),
    ):
        assert old in metadata
        (tmp_path / "model" / METADATA).write_text(metadata.replace(old, new))
        with pytest.raises(ModelError, match=words):
            InpaintingModel.load(tmp_path / "model")
