"""Which models `xray3d benchmark scene-coordinates` finds, and what it says where there is none."""

import json
import shlex
import subprocess
import sys
from collections import defaultdict
from dataclasses import astuple
from typing import get_args

import numpy as np
import pytest
import typer

from scene_benchmark_support import STRANGERS, report, trial
from xray3d.benchmarks.registry import run_benchmark
from xray3d.benchmarks.scene_coordinates import run
from xray3d.benchmarks.scene_coordinates.outcomes import Condition, PartOutcome
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
@pytest.mark.parametrize("scratch", [False, True])
def test_the_command_that_is_given_is_one(cts, models, known, scratch):
    """Parsed, not run: the model's folder, the CT and the isocentre, signs and spaces included, arrive."""
    command = shlex.split(how_to_train(known, scratch).split("`")[1])
    parser = typer.main.get_command(app)
    assert command[0] == "xray3d"
    for word in command[1:3]:
        parser = parser.commands[word]
    found = parser.make_context("scene-coordinates", command[3:]).params
    assert str(found["ct"]) == str(cts / known.place.file)
    assert str(found["output"]) == str(models / (f"{known.model}_scratch" if scratch else known.model))
    assert tuple(found["center"]) == known.place.isocenter_ras
    assert found["from_scratch"] is scratch


def test_models_are_found_by_the_names_of_their_folders(models):
    for name in ("lumbar", "pelvis_scratch", "ablation/published", "ablation/gaussian", "ablation/.making"):
        (models / name).mkdir(parents=True)
    (models / "ablation" / "published.training").touch()
    lumbar, pelvis, bone_only = (models_of(known) for known in PLACES)
    assert (lumbar.main.path, lumbar.scratch) == (models / "lumbar", None)
    assert [folder.path.name for folder in lumbar.ablation] == ["gaussian", "published"]
    assert (pelvis.main, pelvis.scratch.path, pelvis.ablation) == (None, models / "pelvis_scratch", ())
    assert [lumbar.any, pelvis.any, bone_only.any] == [True, True, False]


def test_a_model_that_changes_is_another_one(models):
    (models / "lumbar").mkdir()
    (models / "pelvis").mkdir()
    before = [models_of(known).main for known in PLACES[:2]]
    (models / "lumbar" / "weights").write_bytes(b"1")
    after = [models_of(known).main for known in PLACES[:2]]
    assert before[0] != after[0]
    assert before[1] == after[1]


@pytest.mark.parametrize(("quick", "plan"), [(True, QUICK), (False, FULL)])
def test_every_model_is_measured_on_what_it_is_for(monkeypatch, cts, models, quick, plan):
    for name in ("lumbar", "pelvis", "pelvis_scratch", "ablation/first"):
        (models / name).mkdir(parents=True)
    counts = defaultdict(int)

    def in_processes(work, jobs, done):
        assert work.__name__ == "run_part"
        for known, model, data, part, wanted in jobs:
            assert data == cts
            assert known.model in ("lumbar", "pelvis")
            assert 0 < part.count <= 50
            assert wanted.registered is (model.path.name in ("lumbar", "pelvis"))
            counts[(model.path.name, part.condition, *astuple(wanted)[1:])] += part.count
        return [made_up(part, wanted) for *_, part, wanted in jobs]

    monkeypatch.setattr(run, "in_processes", in_processes)
    rows = rows_of(quick)
    nothing_more = (False, False, False)
    expected = {
        ("lumbar", "whole view", True, True, True): plan.compared,
        ("lumbar", "whole view", *nothing_more): plan.whole - plan.compared,
        ("pelvis", "whole view", True, False, False): plan.compared,
        ("pelvis", "whole view", *nothing_more): plan.whole - plan.compared,
        ("pelvis_scratch", "whole view", *nothing_more): plan.targets,
        ("first", "whole view", False, True, False): plan.compared,
    }
    for place in ("lumbar", "pelvis"):
        expected |= {(place, condition, *nothing_more): plan.others for condition in get_args(Condition)[1:]}
        expected |= {(place, kind, *nothing_more): plan.strangers for kind in ("chest of another patient", "noise")}
        expected[(place, "blank image", *nothing_more)] = 1
    assert counts == {key: count for key, count in expected.items() if count}
    lumbar, pelvis, bone_only = (known.place.name for known in PLACES)
    assert rows[0].measure == bone_only
    for name in (lumbar, pelvis):
        met = [row.value for row in rows if row.measure.startswith(f"{name}, {plan.targets} X-rays, after") and row.met]
        assert met == [0.3, 0]
    scratch = [row.value for row in rows if row.measure.startswith(f"{pelvis}, model from scratch, {plan.targets} X")]
    assert scratch[1] == 2.0
    names = {row.measure.split(",")[1].strip() for row in rows if row.measure.startswith("ablation, ")}
    assert names == {"plain", "first"}


def made_up(part, wanted):
    """The outcome of a part."""
    strange = part.condition in STRANGERS
    trials = [trial(None, None, "failed", part.condition) if strange else trial(condition=part.condition)] * part.count
    simpler = {"plain": (5.0,) * part.count} if wanted.ransac else {}
    return PartOutcome(report(), tuple(trials), np.ones(1 if wanted.surface else 0), simpler)


def test_the_quick_run_is_a_small_part_of_the_full_one():
    assert (FULL.whole, FULL.targets, FULL.compared, FULL.others, FULL.strangers) == (900, 400, 100, 50, 25)
    assert (QUICK.whole, QUICK.targets, QUICK.compared, QUICK.others, QUICK.strangers) == (20, 20, 20, 10, 5)


def test_other_benchmarks_do_not_load_torch():
    code = "import sys, xray3d.benchmarks.registry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
