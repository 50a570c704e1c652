"""Models of one patient's CT: what is none, whose it is, and how well it does."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from registration_support import CENTRE, patient
from scene_locating_support import library
from scene_training_support import POSES, translation, untrained_model
from xray3d import CTVolume
from xray3d.errors import DeviceError, ModelError
from xray3d.models import bundle
from xray3d.models.bundle import CARD, INFERENCE, METADATA, save_bundle
from xray3d.registration.scene_regression.conventions import FINENESS
from xray3d.registration.scene_regression.guess import Guess
from xray3d.registration.scene_regression.model import SceneCoordinateModel
from xray3d.registration.scene_regression.network import Prediction
from xray3d.registration.scene_regression.observation import coarser
from xray3d.registration.scene_regression.placing import LAST, THOROUGH
from xray3d.registration.scene_regression.training_views import TrainingViews
from xray3d.registration.scene_regression.validation import (
    Validation,
    _views,
    targets_near,
    validate,
)


@pytest.fixture
def folder(tmp_path):
    """Of a model of the patient."""
    untrained_model("ct.nrrd").save(tmp_path / "model")
    return tmp_path / "model"


def test_a_model_of_another_ct_is_refused(folder):
    model, ct = SceneCoordinateModel.load(folder), patient().ct
    model.require_ct(CTVolume(ct.hu, ct.ijk_to_ras, "the same by another name"))
    changed = ct.hu.copy()
    changed[40, 30, 50] += 1
    for other in (
        CTVolume(changed, ct.ijk_to_ras, "x.nrrd"),
        CTVolume(ct.hu, translation([1, 0, 0]) @ ct.ijk_to_ras, "x.nrrd"),
    ):
        with pytest.raises(ModelError, match="trained for ct.nrrd, which is another CT than x.nrrd or has changed"):
            model.require_ct(other)


def test_a_device_that_is_not_there_is_one_sentence(folder):
    with pytest.raises(DeviceError, match="'cuda:77'"):
        SceneCoordinateModel.load(folder, "cuda:77")


def test_the_card_says_what_the_model_is_good_for(folder):
    card = (folder / CARD).read_text(encoding="utf-8")
    for fact in ("ct.nrrd", "-45 to 45°", "-30 to 30°", "up to 50 mm", "100 mm along", "S -10 mm", "250 HU", "1.0 mm"):
        assert fact in card
    assert json.loads((folder / INFERENCE).read_text())["network_def"]["_target_"] == "monai.networks.nets.BasicUNet"


@pytest.mark.parametrize("facts", [None, {}, [], "text", {"kind": "inpainting", "format": 1}, {"format": 1}])
def test_a_model_for_something_else_is_refused(folder, facts):
    edit(folder, lambda metadata: metadata.update(xray3d=facts))
    with pytest.raises(ModelError, match="holds a model for something else; choose one trained for scene coordinates"):
        SceneCoordinateModel.load(folder)


def test_a_model_of_a_later_format_is_refused(folder):
    edit(folder, lambda metadata: metadata["xray3d"].update(format=99))
    with pytest.raises(ModelError, match="something else"):
        SceneCoordinateModel.load(folder)


def edit(folder, change) -> None:
    metadata = json.loads((folder / METADATA).read_text())
    change(metadata)
    (folder / METADATA).write_text(json.dumps(metadata))


REQUIRED = [("network",), ("poses",), ("ct",), ("bone_hu",), ("report",)]
REQUIRED += [("poses", "center_ras"), ("ct", "corners_ras")]
DEFAULTED = [("network", "features"), ("poses", "primary_deg"), ("poses", "sdd_mm")]


def at(metadata, place: tuple[str, ...]):
    """The mapping in which the last name of a place stands."""
    inside = metadata["xray3d"]
    for name in place[:-1]:
        inside = inside[name]
    return inside


@pytest.mark.parametrize("place", REQUIRED + DEFAULTED, ids=".".join)
@pytest.mark.parametrize("value", [None, [], {}, "text", [2, 1]], ids=json.dumps)
def test_damaged_facts_are_one_sentence(folder, place, value):
    edit(folder, lambda metadata: at(metadata, place).update({place[-1]: value}))
    with pytest.raises(ModelError, match="The model in .*model is damaged; copy it again or train it anew"):
        SceneCoordinateModel.load(folder)


@pytest.mark.parametrize("place", REQUIRED, ids=".".join)
def test_missing_facts_are_one_sentence(folder, place):
    edit(folder, lambda metadata: at(metadata, place).pop(place[-1]))
    with pytest.raises(ModelError, match="is damaged"):
        SceneCoordinateModel.load(folder)


def test_weights_of_another_network_are_one_sentence(folder):
    found = bundle.load_bundle(folder)
    for weights in (
        dict(list(found.weights.items())[:-1]),
        {**found.weights, "more": torch.ones(2)},
        {name: torch.cat([weight, weight]) if weight.ndim else weight for name, weight in found.weights.items()},
    ):
        save_bundle(replace(found, weights=weights), folder, overwrite=True)
        with pytest.raises(ModelError, match="is damaged"):
            SceneCoordinateModel.load(folder)


class Answering(nn.Module):
    """The truth of a batch, also on larger pixels, but for a displacement in mm; or nothing, as of all that is not in
    the batch."""

    compares = True

    def __init__(self, views: TrainingViews, shift_mm: float = 0.0, bone: float = 5.0) -> None:
        super().__init__()
        self.fine, coarse = views.held_out(2, 5, FINENESS), views.held_out(2, 5)
        pictures = torch.cat([coarser(view).picture for view in _views(self.fine)])
        self.batches = {len(batch.pictures[0, 0]): batch for batch in (replace(coarse, pictures=pictures), self.fine)}
        self.shift_mm, self.bone = shift_mm, bone

    def forward(self, pictures: torch.Tensor, guessed: Guess) -> Prediction:
        batch = self.batches[len(pictures[0, 0])]
        number = next((n for n, shown in enumerate(batch.pictures) if torch.equal(shown, pictures[0])), None)
        points, valid = batch.target.points[number or 0][None], batch.target.valid[number or 0][None]
        bone = torch.where(valid & (number is not None), self.bone, -5.0)
        answer = Prediction(points + self.shift_mm / 100, torch.full((1, 4, *valid.shape[1:]), -4.0), bone)
        return Prediction(*(part.expand(len(pictures), *part.shape[1:]) for part in vars(answer).values()))


@pytest.fixture(scope="module")
def views() -> TrainingViews:
    return TrainingViews(patient().ct, POSES)


def measured(views: TrainingViews, network: Answering, breathe=lambda: None) -> Validation:
    targets = targets_near(patient().ct, POSES, 250.0)
    return validate(network, network.fine, views.patient, library(), targets, breathe)


def test_measurements_are_of_the_poses_that_follow_from_the_answers(views):
    exact = measured(views, Answering(views))
    assert len(exact.mtre_mm) == 2
    assert max(exact.mtre_mm) < 0.1
    shifted = measured(views, Answering(views, 1.5))
    assert shifted.mtre_mm == pytest.approx((1.5 * 3**0.5,) * 2, rel=0.02)
    nowhere = measured(views, Answering(views, 50.0))
    assert nowhere.gross_failures == 1, "the CT looks like nothing of the X-ray from there"
    nothing = measured(views, Answering(views, bone=-5.0))
    assert nothing.mtre_mm == (float("inf"),) * 2
    assert set(nothing.percentiles_mm.values()) == {1000.0}, "JSON knows no infinity"


def test_measuring_can_be_stopped_at_any_moment(views):
    told = []
    measured(views, Answering(views), lambda: told.append(1))
    assert len(told) > 2 * (THOROUGH.rounds + LAST.rounds)


def test_of_two_networks_the_better_is_not_told_by_the_view_in_the_middle():
    far_in_the_middle = Validation((2.0, 2.0, 60.0, 80.0, 90.0))
    nothing_near = Validation((40.0, 45.0, 50.0, 55.0, 90.0))
    assert nothing_near.median_mm < far_in_the_middle.median_mm
    assert far_in_the_middle.score < nothing_near.score
    assert Validation((2.0, 8.0)).score == pytest.approx(4.0)
    assert Validation((float("inf"),)).score == Validation((500.0,)).score


def test_percentiles_and_gross_failures_are_of_all_views():
    measured = Validation((1.0, 2.0, 3.0, 11.0, float("inf")))
    assert measured.percentiles_mm == pytest.approx({"25": 2.0, "50": 3.0, "75": 11.0, "95": 1000.0})
    assert measured.median_mm == 3
    assert measured.gross_failures == pytest.approx(0.4)


def test_targets_are_bone_near_what_the_carm_aims_at():
    ct = patient().ct
    targets = targets_near(ct, POSES, 250.0)
    assert targets.shape == (200, 3)
    assert len(np.unique(targets, axis=0)) == 200
    assert np.linalg.norm(targets - CENTRE, axis=1).max() < 70
    i, j, k = np.rint(ct.to_ijk(targets)).astype(int).T
    assert (ct.hu[k, j, i] > 250).all()
