"""`xray3d train inpainting` as a user runs it."""

import json

import cv2
import numpy as np
import pytest

from inpainting_support import report_on
from xray3d import CTVolume, save_volume
from xray3d.inpainting import training
from xray3d.models.training.plan import TrainingPlan

TRAIN = ("train", "inpainting", "painter", "ct.nrrd", "-o", "model")


@pytest.fixture
def trainer(tmp_path, monkeypatch):
    """In place of the real one, whose own tests are elsewhere: keeps what it was called with."""
    monkeypatch.chdir(tmp_path)
    for name in ("ct", "other"):
        save_volume(CTVolume(np.linspace(-1000, 900, 210).reshape(5, 6, 7), np.eye(4)), tmp_path / f"{name}.nrrd")
    (tmp_path / "radiographs").mkdir()
    cv2.imwrite(str(tmp_path / "radiographs" / "Image_7.png"), np.zeros((9, 9), np.uint8))
    called = {}

    def train(name, patients, radiographs, output, plan, **options):
        called.update(options, name=name, patients=patients, radiographs=radiographs, folder=output, plan=plan)
        options["progress"]("Step 1 of 2", 0.5)
        return report_on(name)

    monkeypatch.setattr(training, "train", train)
    return called


def test_a_ct_is_enough(command, trainer):
    code, out, err = command(*TRAIN)
    assert code == 0, err
    assert trainer["name"] == "painter"
    assert [ct.name for ct in trainer["patients"]] == ["ct.nrrd"]
    assert str(trainer["folder"]) == "model"
    assert trainer["radiographs"] == []
    assert trainer["plan"] == TrainingPlan()
    assert (trainer["views_of_one"], trainer["device"]) == (training.VIEWS_OF_ONE, "cpu")
    assert (trainer["start"], trainer["resume"], trainer["overwrite"]) == (None, False, False)
    assert out.strip() == (
        "model/painter: 30.0 dB in the holes, errors 1.1 times as large as told, on X-rays that it had not seen, after "
        "100 steps in 10 min."
    )


def test_a_finder_is_measured_by_what_it_finds(command, trainer):
    code, out, err = command("train", "inpainting", "finder", "ct.nrrd", "-o", "model")
    assert code == 0, err
    assert trainer["name"] == "finder"
    assert out.strip() == (
        "model/finder: Dice's coefficient 0.97 where there is metal, and some found on 2.1% of the X-rays without "
        "(0.12% of their pixels), on X-rays that it had not seen, after 100 steps in 10 min."
    )


def test_options_arrive(command, trainer):
    code, out, err = command(
        *TRAIN[:4], "other.nrrd", "-o", "model", "--radiographs", "radiographs", "--views", 33, "--steps", 77, "--seed",
        9, "--start", "before", "--resume", "--overwrite", "--json",
    )  # fmt: skip
    assert code == 0, err
    assert [ct.name for ct in trainer["patients"]] == ["ct.nrrd", "other.nrrd"]
    assert [one.name for one in trainer["radiographs"]] == ["Image_7"]
    assert trainer["plan"] == TrainingPlan(77, seed=9)
    assert (trainer["views_of_one"], trainer["resume"], trainer["overwrite"]) == (33, True, True)
    assert str(trainer["start"]) == "before"
    told = json.loads(out)
    assert (told["folder"], told["cts"]) == ("model/painter", ["ct.nrrd"])
    assert told["measured"] == {"psnr_db": 30.0, "error_in_sigmas": 1.1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("train", "inpainting", "painter", "nothing.nrrd", "-o", "model"), "nothing.nrrd"),
        (("train", "inpainting", "decorator", "ct.nrrd", "-o", "model"), "No network is called 'decorator'; choose"),
        ((*TRAIN, "--radiographs", "nowhere"), "nowhere holds no JPEG or PNG image"),
    ],
)
def test_bad_input_is_one_sentence(command, trainer, arguments, words):
    code, out, err = command(*arguments)
    assert code == 2
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert not out
    assert not trainer
