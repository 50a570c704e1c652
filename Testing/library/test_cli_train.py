"""`xray3d train scene-coordinates` and `xray3d register --model` as a user runs them."""

import json
import re

import numpy as np
import pytest

from cli_register_support import folder  # noqa: F401  a fixture
from scene_training_support import block, untrained_model
from xray3d import save_volume
from xray3d.datasets.pose_range import PoseRange
from xray3d.registration.scene_regression import training
from xray3d.registration.scene_regression.model import SceneCoordinateModel
from xray3d.registration.scene_regression.plan import TrainingPlan
from xray3d.registration.scene_regression.start import SceneCoordinateStart
from xray3d.volumes.skeleton import middle_of_bones


@pytest.fixture
def patient_folder(tmp_path, monkeypatch):
    """A CT, and a model of somebody else."""
    monkeypatch.chdir(tmp_path)
    save_volume(block(), tmp_path / "ct.nrrd")
    untrained_model("Mrs Miller.nrrd").save(tmp_path / "start")
    return tmp_path


@pytest.fixture
def trainer(monkeypatch):
    """In place of the real one, whose own tests are elsewhere: keeps what it was called with."""
    called = {}

    def train(ct, poses, output, plan, **options):
        called.update(options, ct=ct, poses=poses, folder=output, plan=plan)
        options["progress"]("Step 1 of 2", 0.5)
        return untrained_model()

    monkeypatch.setattr(training, "train", train)
    return called


TRAIN = ("train", "scene-coordinates", "ct.nrrd", "-o", "model")


def test_nothing_is_needed_but_the_ct(command, patient_folder, trainer):
    code, out, err = command(*TRAIN)
    assert code == 0, err
    assert trainer["poses"] == PoseRange(middle_of_bones(block(), 250.0))
    assert trainer["plan"] == TrainingPlan.from_start()
    assert str(trainer["folder"]) == "model"
    np.testing.assert_array_equal(trainer["ct"].hu, block().hu)
    assert (trainer["bone_hu"], trainer["device"]) == (250.0, "cpu")
    assert trainer["start"].name == SceneCoordinateStart.shipped().name
    assert (trainer["resume"], trainer["overwrite"]) == (False, False)
    assert out.strip() == (
        "model: median error 1.0 mm and 0% gross failures on 1 simulated X-rays, after 1 steps in 0 min."
    )


def test_options_arrive(command, patient_folder, trainer):
    code, _, err = command(
        *TRAIN, "--center", -5, 6.5, 70, "--primary", -20, 30, "--secondary", -10, 5, "--in-plane", -3, 4, "--lateral",
        20, "--depth", 60, "--sdd", 1100, "--sod", 800, "--bone-hu", 300, "--start", "start", "--steps", 77, "--goal",
        2.5, "--seed", 9, "--resume", "--overwrite", "--device", "cpu",
    )  # fmt: skip
    assert code == 0, err
    assert trainer["poses"] == PoseRange((-5, 6.5, 70), (-20, 30), (-10, 5), (-3, 4), 20, 60, 1100, 800)
    assert trainer["plan"] == TrainingPlan.from_start(steps=77, goal_mm=2.5, seed=9)
    assert isinstance(trainer["start"], SceneCoordinateStart)
    assert trainer["start"].name == "Mrs Miller.nrrd"
    assert (trainer["bone_hu"], trainer["resume"], trainer["overwrite"]) == (300, True, True)


def test_from_scratch_it_takes_longer(command, patient_folder, trainer):
    code, _, err = command(*TRAIN, "--from-scratch")
    assert code == 0, err
    assert trainer["start"] is None
    assert trainer["plan"] == TrainingPlan()


def test_the_start_may_be_taken_as_it_is(command, patient_folder, trainer):
    code, _, err = command(*TRAIN, "--steps", 0)
    assert code == 0, err
    assert trainer["plan"].steps == 0


def test_the_middle_of_the_bones_is_that_above_the_threshold(command, patient_folder, trainer):
    command(*TRAIN, "--bone-hu", 300)
    assert trainer["poses"].center_ras == middle_of_bones(block(), 300.0)


def test_json_is_all_there_is_and_says_all(command, patient_folder, trainer):
    code, out, _ = command(*TRAIN, "--json")
    assert code == 0
    assert json.loads(out) == {
        "folder": "model", "steps": 1, "batch": 1, "seed": 0, "seconds": 1.0, "started_from": "scratch",
        "mtre_mm": {"50": 1.0}, "gross_failures": 0.0, "views": 1, "device": "2 CPU cores",
    }  # fmt: skip


def test_help_says_what_can_be_trained(command):
    code, out, _ = command("train", "--help")
    assert code == 0
    assert "scene-coordinates" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["absent.nrrd"], "absent.nrrd"),
        (["start/docs/README.md"], "README.md"),
        (["ct.nrrd", "--primary", "30", "-30"], "primary_deg must be two angles"),
        (["ct.nrrd", "--depth", "700"], "depth_mm below sod_mm"),
        (["ct.nrrd", "--lateral", "-1"], "lateral_mm"),
        (["ct.nrrd", "--goal", "0"], "goal_mm of a training must be more than 0"),
        (["ct.nrrd", "--bone-hu", "5000"], "ct.nrrd has no bone above 5000 HU"),
        (["ct.nrrd", "--center", "0", "0", "900"], "no bone above 250 HU within 70 mm"),
        (["ct.nrrd", "--start", "ct.nrrd"], "ct.nrrd holds no model"),
        (["ct.nrrd", "--start", "absent"], "absent holds no model"),
        (["ct.nrrd", "--start", "start", "--from-scratch"], "leave out --start, or --from-scratch"),
        (["ct.nrrd", "--steps", "0", "--from-scratch"], "no steps needs something to begin with"),
        (["ct.nrrd", "--device", "cuda:77"], "There is no compute device 'cuda:77'"),
        (["ct.nrrd", "--device", "cuda:77", "--start", "start"], "There is no compute device 'cuda:77'"),
        (["ct.nrrd", "-o", "start"], "start holds a model already"),
        (["ct.nrrd", "-o", "absent/model"], "does not exist; make it first"),
        (["ct.nrrd", "-o", "."], "holds something else than a model"),
        (["ct.nrrd", "--resume"], "There is no .*model.training to resume"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(command, patient_folder, arguments, sentence):
    """With the real trainer, which does not begin."""
    before = {file: file.is_file() and file.read_bytes() for file in patient_folder.rglob("*")}
    code, out, err = command("train", "scene-coordinates", "-o", "model", *arguments)
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert re.search(sentence, err)
    assert {file: file.is_file() and file.read_bytes() for file in patient_folder.rglob("*")} == before


def test_ctrl_c_ends_with_an_exit_code(command, patient_folder, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train", interrupted)
    code, out, _ = command(*TRAIN)
    assert code not in (0, 2)
    assert out == ""


# Registration


REGISTER = ("register", "ct.nii.gz", "ap.nrrd", "-o", "out")


@pytest.mark.parametrize("option", [("--start", "ap.json"), ("--landmarks", "ap.json")])
def test_a_model_and_a_start_exclude_each_other(command, folder, option):  # noqa: F811
    code, out, err = command(*REGISTER, "--model", "model", *option)
    assert code == 2
    assert out == ""
    assert "--model finds the start by itself; leave out --start and --landmarks, or --model." in err
    assert len(err.strip().splitlines()) == 1
    assert not (folder / "out").exists()


@pytest.mark.parametrize("wrong", ["absent", "ct.nii.gz", "."])
def test_what_is_no_model_is_one_line(command, folder, wrong):  # noqa: F811
    code, _, err = command(*REGISTER, "--model", wrong)
    assert code == 2
    assert "holds no model" in err
    assert not (folder / "out").exists()


def test_a_model_of_another_ct_is_one_line(command, folder):  # noqa: F811
    untrained_model("Mrs Miller.nrrd").save(folder / "model")
    code, _, err = command(*REGISTER, "--model", "model")
    assert code == 2
    assert "trained for Mrs Miller.nrrd, which is another CT than ct.nii.gz" in err
    assert not (folder / "out").exists()


def test_what_a_model_does_not_recognise_failed(command, folder):  # noqa: F811
    """With everything real but a model that knows nothing: exit code 3, pictures and numbers, no pose."""
    from xray3d import load_ct
    from xray3d.models.fingerprint import CTFingerprint

    model = untrained_model("ct.nii.gz")
    of_ct = CTFingerprint.of(load_ct(folder / "ct.nii.gz"))
    SceneCoordinateModel(model.network, model.poses, "ct.nii.gz", of_ct, 250.0, model.report).save(folder / "model")
    code, out, err = command(*REGISTER, "--model", "model", "--json")
    assert code == 3, err
    report = json.loads(out)
    assert report["verdict"] == "failed"
    assert "does not recognise what it knows of ct.nii.gz in ap.nrrd" in report["reason"]
    assert report["inlier_share"] == 0
    assert {file.name for file in (folder / "out").iterdir()} == {"ap_overlay.png", "result.json"}
