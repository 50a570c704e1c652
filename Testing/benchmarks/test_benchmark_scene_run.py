"""Which models `xray3d benchmark scene-coordinates` finds, and what it says where there is none."""

import json
import shlex
import subprocess
import sys

import pytest
import typer

from scene_benchmark_support import outcome, trial, variant
from xray3d.benchmarks.registry import run_benchmark
from xray3d.benchmarks.scene_coordinates import run
from xray3d.benchmarks.scene_coordinates.outcomes import Condition, PlaceOutcome
from xray3d.benchmarks.scene_coordinates.places import CHEST_FILE, PLACES, how_to_train, models_of
from xray3d.benchmarks.scene_coordinates.run import FULL, QUICK
from xray3d.benchmarks.table import to_json
from xray3d.cli.app import app

NAMES = [known.model for known in PLACES]


@pytest.fixture
def cts(monkeypatch, tmp_path):
    """A data folder with a file where every CT should be, and a folder for models."""
    data = tmp_path / "the data"
    for file in [CHEST_FILE, *(known.place.file for known in PLACES)]:
        (data / file).parent.mkdir(parents=True, exist_ok=True)
        (data / file).touch()
    monkeypatch.setenv("XRAY3D_DATA", str(data))
    monkeypatch.delenv("XRAY3D_MODELS", raising=False)
    return data


@pytest.fixture
def models(monkeypatch, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("XRAY3D_MODELS", str(folder))
    return folder


def rows_of(quick=True):
    rows = run_benchmark("scene-coordinates", quick)
    json.loads(to_json(rows))
    return rows


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("file", [CHEST_FILE, PLACES[2].place.file])
def test_missing_cts_are_one_visible_row(cts, file):
    (cts / file).unlink()
    (row,) = rows_of()
    assert row.value == f"skipped: no {file}; set XRAY3D_DATA to their folder"
    assert row.met is None


@pytest.mark.usefixtures("cts")
@pytest.mark.parametrize("named", [False, True])
def test_without_models_every_place_says_how_to_train_one(named, request):
    if named:
        request.getfixturevalue("models")
    rows = rows_of()
    assert [row.measure for row in rows[:3]] == [known.place.name for known in PLACES]
    for row, known in zip(rows, PLACES, strict=False):
        assert row.value.startswith(f"skipped: no model {known.model}; ")
        assert ("set XRAY3D_MODELS to a folder" in row.value) is not named
    assert all(row.met is None for row in rows)
    assert "ablation" in [row.measure for row in rows]


@pytest.mark.parametrize("known", PLACES, ids=NAMES)
@pytest.mark.parametrize("started", [False, True])
def test_the_command_that_is_given_is_one(cts, models, known, started):
    """Parsed, not run: the model's folder, the CT and the isocentre, signs and spaces included, arrive."""
    command = shlex.split(how_to_train(known, started).split("`")[1])
    parser = typer.main.get_command(app)
    assert command[0] == "xray3d"
    for word in command[1:3]:
        parser = parser.commands[word]
    found = parser.make_context("scene-coordinates", command[3:]).params
    assert str(found["ct"]) == str(cts / known.place.file)
    assert str(found["output"]) == str(models / (f"{known.model}_started" if started else known.model))
    assert tuple(found["center"]) == known.place.isocenter_ras
    assert (found["start"] is not None) is started


def test_models_are_found_by_the_names_of_their_folders(models):
    for name in ("lumbar", "pelvis_started", "ablation/published", "ablation/gaussian", "ablation/.making"):
        (models / name).mkdir(parents=True)
    (models / "ablation" / "published.training").touch()
    lumbar, pelvis, bone_only = (models_of(known) for known in PLACES)
    ablation = (models / "ablation" / "gaussian", models / "ablation" / "published")
    assert (lumbar.main, lumbar.started, lumbar.ablation) == (models / "lumbar", None, ablation)
    assert (pelvis.main, pelvis.started, pelvis.ablation) == (None, models / "pelvis_started", ())
    assert [lumbar.any, pelvis.any, bone_only.any] == [True, True, False]


@pytest.mark.parametrize(("quick", "plan"), [(True, QUICK), (False, FULL)])
def test_only_places_with_models_are_measured(monkeypatch, cts, models, quick, plan):
    (models / "pelvis").mkdir()
    (models / "pelvis_bone_only_started").mkdir()
    conditions = Condition.__args__
    measured = {
        "pelvis": outcome([trial(condition=condition) for condition in conditions]),
        "pelvis_bone_only": PlaceOutcome(None, variant(), ()),
    }

    def in_processes(work, jobs, done):
        assert work.__name__ == "run_place"
        assert [(job[0].model, job[2], job[3]) for job in jobs] == [(name, cts, plan) for name in measured]
        return [measured[job[0].model] for job in jobs]

    monkeypatch.setattr(run, "in_processes", in_processes)
    rows = rows_of(quick)
    lumbar, pelvis, bone_only = (known.place.name for known in PLACES)
    assert [row.measure for row in rows[:2]] == [lumbar, bone_only]
    goals = {
        start: [row.value for row in rows if row.measure.startswith(start) and row.goal]
        for start in (f"{pelvis}, 1 X-rays, after", f"{bone_only}, model from a start")
    }
    assert list(goals.values()) == [[0.3, 0], [7, 0]]


def test_the_quick_run_is_a_small_part_of_the_full_one():
    assert (FULL.whole, FULL.targets, FULL.compared, FULL.local, FULL.screws) == (900, 400, 100, 100, 100)
    assert (QUICK.whole, QUICK.targets, QUICK.compared, QUICK.local, QUICK.screws) == (20, 20, 20, 10, 10)


def test_other_benchmarks_do_not_load_torch():
    code = "import sys, xray3d.benchmarks.registry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
