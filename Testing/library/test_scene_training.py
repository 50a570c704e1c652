"""Training for one patient: what it leaves, and what it refuses to begin."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from registration_support import CENTRE, patient
from scene_training_support import (
    BLOCK_POSES,
    PLAN,
    POSES,
    Progress,
    block,
    make_small,
    measure,
    run,
    small_network,
    untrained_model,
)
from xray3d.datasets.appearance import random_looks
from xray3d.datasets.pose_range import PoseRange
from xray3d.errors import DeviceError, ModelError, OutputExistsError, VolumeError, XRay3DError
from xray3d.models.bundle import WEIGHTS
from xray3d.models.training import learner
from xray3d.registration.scene_regression import subject
from xray3d.registration.scene_regression.losses import likelihood_loss
from xray3d.registration.scene_regression.model import SceneCoordinateModel
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.registration.scene_regression.plan import TrainingPlan
from xray3d.registration.scene_regression.recipe import Recipe
from xray3d.registration.scene_regression.start import SceneCoordinateStart
from xray3d.registration.scene_regression.training import train
from xray3d.registration.scene_regression.training_views import Batch, TrainingViews
from xray3d.registration.scene_regression.validation import Validation


@pytest.fixture(autouse=True)
def small(monkeypatch):
    make_small(monkeypatch)


@cache
def unseen() -> Batch:
    return TrainingViews(block(), BLOCK_POSES).held_out(4, seed=5)


def answers(model: SceneCoordinateModel | SceneCoordinateStart) -> torch.Tensor:
    batch = unseen()
    with torch.inference_mode():
        answer = model.network(batch.pictures, batch.guess)
    return torch.cat([answer.points, answer.log_sigma, answer.bone[:, None]], dim=1)


def test_a_training_leaves_a_model(tmp_path):
    progress = Progress()
    model = train(patient().ct, POSES, tmp_path / "model", PLAN, progress=progress)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    loaded = SceneCoordinateModel.load(str(tmp_path / "model"))
    assert not loaded.network.training
    assert torch.equal(answers(loaded), answers(model))
    assert (loaded.poses, loaded.ct_name, loaded.bone_hu) == (POSES, patient().ct.name, 250.0)
    assert loaded.report == model.report
    assert loaded.report.steps in (2, 4)
    assert (loaded.report.batch, loaded.report.seed, loaded.report.views) == (2, 0, 3)
    assert loaded.report.started_from == "scratch"
    loaded.require_ct(patient().ct)
    np.testing.assert_array_equal(loaded.center_ras, CENTRE)
    doing, done = zip(*(one for one in progress.told if not one[0].startswith("Locating")), strict=True)
    assert doing[0] == "Preparing the CT"
    assert progress.taken == [1, 2, 3, 4]
    assert "not measured yet" in doing[1]
    assert "min left; median error" in doing[-1]
    assert done == (0.0, 0.0, 0.25, 0.5, 0.75)


def test_a_training_is_measured_on_xrays_located_as_those_of_users_are(tmp_path, monkeypatch):
    def validated(network, finer, patient, library, targets_ras, breathe):
        assert finer.pictures.shape == (3, 3, 128, 128), "twice as fine as what is trained on"
        breathe()
        return Validation((1.0, 2.0, 30.0))

    progress = Progress()
    monkeypatch.setattr(subject, "validate", validated)
    report = run(tmp_path / "model", progress=progress).report
    assert (report.steps, report.mtre_mm["50"], report.views) == (2, 2.0, 3)
    measuring = [done for doing, done in progress.told if doing.startswith("Locating")]
    assert measuring == [0.5, 1.0]
    card = (tmp_path / "model" / "docs" / "README.md").read_text()
    assert "at the 25th, 50th, 75th, 95th percentile 1.5, 2.0" in card


def test_weights_are_learnt_from_the_very_first_step(tmp_path):
    """And none of them is left out."""
    torch.manual_seed(PLAN.seed)
    before = small_network().state_dict()
    after = run(tmp_path / "model", plan=replace(PLAN, steps=1)).network.state_dict()
    assert before.keys() == after.keys()
    unchanged = [name for name in after if torch.equal(before[name], after[name])]
    assert not unchanged


def test_the_same_seed_gives_the_same_model(tmp_path):
    first, again, other = (
        run(tmp_path / name, plan=replace(PLAN, seed=seed)) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    torch.testing.assert_close(answers(first), answers(again), atol=1e-3, rtol=1e-3)
    assert not torch.allclose(answers(first), answers(other), atol=1e-2)


def test_training_learns(tmp_path, monkeypatch):
    """What X-rays have in common that were not trained on: how sure one can be of them."""
    monkeypatch.setattr(learner, "_EMA", 0.5)
    model = run(tmp_path / "model", plan=replace(PLAN, steps=40, validate_every=40, learning_rate=1e-2))
    after, before = (likelihood(network, unseen()) for network in (model.network, untrained_model().network))
    assert after < before - 0.4


def likelihood(network: SceneCoordinateNetwork, batch: Batch) -> float:
    with torch.inference_mode():
        return likelihood_loss(network(batch.pictures, batch.guess), batch.target).item()


def test_the_best_weights_are_kept(tmp_path, monkeypatch):
    measure(monkeypatch, 5.0, 9.0, 4.0, 7.0)
    model = run(tmp_path / "model", plan=replace(PLAN, steps=8))
    assert (model.report.steps, model.report.mtre_mm["50"]) == (6, 4.0)
    assert model.report.gross_failures == pytest.approx(1 / 3)


def test_a_training_ends_when_it_is_good_enough(tmp_path, monkeypatch):
    measure(monkeypatch, 5.0, 2.9)
    progress = Progress()
    model = run(tmp_path / "model", plan=replace(PLAN, steps=100, goal_mm=3.0), progress=progress)
    assert progress.taken == [1, 2, 3, 4]
    assert model.report.steps == 4
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_training_begins_where_another_ended(tmp_path):
    start = SceneCoordinateStart(untrained_model().network, "Mrs Miller.nrrd")
    kept = answers(start)
    model = run(tmp_path / "model", plan=replace(PLAN, steps=1, learning_rate=1e-9), start=start)
    torch.testing.assert_close(
        dict(model.network.named_parameters()), dict(start.network.named_parameters()), atol=1e-6, rtol=0
    )
    assert model.report.started_from == "Mrs Miller.nrrd"
    assert torch.equal(answers(start), kept), "the model that it began with stays as it was"


def test_what_a_training_begins_with_is_measured_and_kept_until_something_better_comes(tmp_path, monkeypatch):
    start = SceneCoordinateStart(untrained_model().network, "Mrs Miller.nrrd")
    measure(monkeypatch, 5.0, 6.0, 4.0)
    model = run(tmp_path / "model", start=start)
    assert (model.report.steps, model.report.mtre_mm["50"]) == (4, 4.0)
    measure(monkeypatch, 5.0, 6.0, 7.0)
    model = run(tmp_path / "other", start=start)
    assert (model.report.steps, model.report.mtre_mm["50"]) == (0, 5.0)
    assert torch.equal(answers(model), answers(start))


def test_a_start_that_is_good_enough_learns_nothing_more(tmp_path, monkeypatch):
    start = SceneCoordinateStart(untrained_model().network, "Mrs Miller.nrrd")
    measure(monkeypatch, 2.5)
    progress = Progress()
    model = run(tmp_path / "model", plan=replace(PLAN, goal_mm=3.0), start=start, progress=progress)
    assert (progress.taken, model.report.steps) == ([], 0)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_no_steps_leave_what_a_training_begins_with(tmp_path, monkeypatch):
    start = SceneCoordinateStart(untrained_model().network, "Mrs Miller.nrrd")
    measure(monkeypatch, 8.0)
    model = run(tmp_path / "model", plan=replace(PLAN, steps=0), start=start)
    assert (model.report.steps, model.report.mtre_mm["50"]) == (0, 8.0)
    assert torch.equal(answers(model), answers(start))
    with pytest.raises(XRay3DError, match="no steps needs something to begin with"):
        run(tmp_path / "nothing", plan=replace(PLAN, steps=0))


def test_nothing_is_done_before_a_model_that_is_there_is_refused(tmp_path, monkeypatch):
    measure(monkeypatch, 5.0, 4.0, 3.0, 2.0)
    run(tmp_path / "model")
    before = (tmp_path / "model" / WEIGHTS).read_bytes()
    for folder, ct in (("model", block()), ("no/model", None)):
        progress = Progress()
        with pytest.raises(OutputExistsError, match="choose another"):
            train(ct, BLOCK_POSES, tmp_path / folder, PLAN, progress=progress)
        assert not progress.told
    assert (tmp_path / "model" / WEIGHTS).read_bytes() == before
    run(tmp_path / "model", plan=replace(PLAN, seed=3), overwrite=True)
    assert (tmp_path / "model" / WEIGHTS).read_bytes() != before


def test_the_current_folder_may_become_a_model(tmp_path, monkeypatch):
    measure(monkeypatch, 5.0, 4.0)
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path / "model")
    assert run(".").report.mtre_mm["50"] == 4.0
    assert SceneCoordinateModel.load(tmp_path / "model").report.mtre_mm["50"] == 4.0
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"bone_hu": 5000.0}, "block.nrrd has no bone above 5000 HU"),
        ({"poses": PoseRange((70.0, 70.0, 400.0))}, "block.nrrd has no bone .* within 70 mm .* move the centre"),
    ],
)
def test_no_bone_is_one_sentence(tmp_path, options, sentence):
    with pytest.raises(VolumeError, match=sentence):
        run(tmp_path / "model", **options)
    assert not any(tmp_path.iterdir())


def test_a_device_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(DeviceError, match="'cuda:77'"):
        run(tmp_path / "model", device="cuda:77")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": -1}, {"batch": -1}, {"learning_rate": float("nan")}, {"validate_every": 0}, {"goal_mm": 0.0},
        {"goal_mm": float("nan")}, {"seed": -1},
    ],
)  # fmt: skip
def test_plans_that_are_none_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(XRay3DError, match=f"^{name} of a training must be"):
        TrainingPlan(**wrong)


def test_recipes_leave_ideas_out(tmp_path):
    """A network that only recognises is saved, read and measured like any other; each idea changes what is learnt."""
    alone = run(tmp_path / "alone", recipe=Recipe("alone", compares=False))
    assert not alone.network.compares
    assert torch.equal(answers(SceneCoordinateModel.load(tmp_path / "alone")), answers(alone))
    plan = replace(PLAN, learning_rate=1e-2)
    whole = answers(run(tmp_path / "whole", plan=plan))
    for number, recipe in enumerate(
        (
            Recipe("no pose", pose_weight=0.0),
            Recipe("half", likelihood=lambda *of: 0.5 * likelihood_loss(*of)),
            Recipe("one look", appearance=lambda *of: random_looks(*of[:3], 0.0)),
        )
    ):
        assert not torch.allclose(answers(run(tmp_path / str(number), plan=plan, recipe=recipe)), whole, atol=1e-3), (
            recipe
        )


def test_another_recipe_is_not_resumed(tmp_path, monkeypatch):
    measure(monkeypatch, 8.0, 6.0)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "model", progress=Progress(2))
    with pytest.raises(ModelError, match="is of a training with other data"):
        run(tmp_path / "model", resume=True, recipe=Recipe("other"))
