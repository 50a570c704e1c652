"""`xray3d train x23d` as a user runs it."""

import json

import pytest

from xray3d.models.training.plan import TrainingPlan
from xray3d.reconstruction import spines, training
from xray3d.reconstruction.lesson import ReconstructionMeasured
from xray3d.reconstruction.model import ReconstructionReport

TRAIN = ("train", "x23d", "-o", "model")


@pytest.fixture
def trainer(tmp_path, monkeypatch):
    """In place of the real one, whose own tests are elsewhere: keeps what it was called with."""
    monkeypatch.chdir(tmp_path)
    called = {}

    def train(trainee, learnt_from, held_out, output, plan, **options):
        called.update(options, trainee=trainee, folder=output, plan=plan)
        called.update(learnt_from=list(learnt_from), held_out=list(held_out))
        options["progress"]("Step 1 of 2", 0.5)
        measured = ReconstructionMeasured(0.912, 0.85)
        return ReconstructionReport(100, 2, 0, 600.0, "scratch", "2 CPU cores", measured, ["ct.nrrd"], 6)

    monkeypatch.setattr(training, "train", train)
    monkeypatch.setattr(spines, "real_spines", lambda files: [one.name for one in files])
    monkeypatch.setattr(spines, "synthetic_spines", lambda count, first: list(range(first, first + count)))
    return called


@pytest.fixture
def download(trainer, tmp_path):
    """Sixty CTs."""
    for number in range(60):
        for end in ("", "_seg"):
            (tmp_path / f"liver_{number}{end}.nii.gz").touch()
    return trainer


def test_nothing_is_needed_but_a_place(command, trainer):
    code, out, err = command(*TRAIN)
    assert code == 0, err
    assert trainer["trainee"] is training.RECONSTRUCTION
    assert (len(trainer["learnt_from"]), len(trainer["held_out"])) == (40, 4)
    assert not set(trainer["learnt_from"]) & set(trainer["held_out"])
    assert trainer["plan"] == TrainingPlan(batch=2, learning_rate=3e-3)
    assert (trainer["start"], trainer["device"], trainer["resume"], trainer["overwrite"]) == (None, "cpu", False, False)
    assert out.strip() == "model: F1 0.912, on X-rays that it had not seen, after 100 steps in 10 min."


def test_patients_of_a_download_are_learnt_from_measured_on_or_left_alone(command, download):
    code, _, err = command(*TRAIN, ".", "--synthetic", 0)
    assert code == 0, err
    learnt_from, held_out = download["learnt_from"], download["held_out"]
    assert len(learnt_from) > 5 * len(held_out) > 0
    assert not set(learnt_from) & set(held_out)
    assert len(learnt_from) + len(held_out) < 60


def test_options_arrive(command, download):
    code, out, err = command(
        *TRAIN, ".", "--network", "levels", "--synthetic", 11, "--start", "before", "--steps", 77, "--seed", 9,
        "--resume", "--overwrite", "--json",
    )  # fmt: skip
    assert code == 0, err
    assert download["trainee"] is training.LEVELS
    assert [sum(isinstance(one, int) for one in download[part]) for part in ("learnt_from", "held_out")] == [11, 2]
    assert download["plan"] == TrainingPlan(77, batch=8, seed=9)
    assert (str(download["start"]), download["resume"], download["overwrite"]) == ("before", True, True)
    told = json.loads(out)
    assert (told["folder"], told["vertebrae"], told["measured"]["f1"]) == ("model", 6, 0.912)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--network", "ribs"), "No network is called 'ribs'; choose one of: bones, levels."),
        (("nowhere",), "nowhere holds no labelled CT"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(command, trainer, arguments, words):
    code, out, err = command(*TRAIN, *arguments)
    assert code == 2
    assert (out, words in err, len(err.strip().splitlines())) == ("", True, 1)
