"""What `xray3d benchmark inpainting` measures, and what it says where something is missing."""

import json
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from typing import get_args

import numpy as np
import pytest

from inpainting_benchmark_support import outcome
from registration_benchmark_support import error
from xray3d.benchmarks.engine_process import EngineFailure
from xray3d.benchmarks.inpainting import biharmonic, radiographs, run, speed
from xray3d.benchmarks.inpainting.cases import PATIENTS, RADIOGRAPHS, Case, TestSet
from xray3d.benchmarks.inpainting.pictures import strip
from xray3d.benchmarks.inpainting.plan import FULL, QUICK
from xray3d.benchmarks.inpainting.trials import Condition, Trial
from xray3d.benchmarks.kept import keeping
from xray3d.benchmarks.model_folders import ModelFolder
from xray3d.benchmarks.registry import run_benchmark
from xray3d.benchmarks.table import Row, to_json

FILES = [*PATIENTS, RADIOGRAPHS]
TEST_RADIOGRAPHS = 130


@pytest.fixture
def data(monkeypatch, tmp_path):
    """A data folder with a file where every CT and the radiographs should be, and a model."""
    for file in FILES:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    monkeypatch.setenv("XRAY3D_DATA", str(tmp_path))
    monkeypatch.setattr(run, "model_folder", lambda path: ModelFolder(path, "digest of the model"))
    return tmp_path


@pytest.fixture
def jobs(monkeypatch, data):
    """All jobs by the name of their work, which nobody does."""
    done = {}
    picture = np.arange(12.0).reshape(3, 4)

    def in_processes(work, listed, report):
        done[work.__name__] = listed
        report(len(listed))
        return [made_up[work.__name__](*job) for job in listed]

    def cases(part, folder, model, peer):
        one = replace(outcome(), strip=strip(picture, picture, picture))
        return [replace(one, test_set=test_set) for test_set in get_args(TestSet) for _ in part.numbers]

    def trials(place, protocol, pairs, folder, model):
        return [Trial(protocol, condition, error(2.5), error(0.3)) for condition in get_args(Condition)]

    made_up = {"run_part": cases, "are_clean": lambda some, *_: [True] * len(some), "run_trials": trials}
    monkeypatch.setattr(run, "in_processes", in_processes)
    monkeypatch.setattr(biharmonic.Biharmonic, "version", lambda self: "version of the peer")
    monkeypatch.setattr(speed, "speed_rows", lambda folder, model: [Row("time", 0.5, "s")])
    monkeypatch.setattr(radiographs, "held_out_radiographs", lambda archive: [0] * TEST_RADIOGRAPHS)
    return done


def rows_of(quick=True):
    rows = run_benchmark("inpainting", quick)
    json.loads(to_json(rows))
    return rows


@pytest.mark.parametrize("file", FILES)
def test_missing_data_are_one_visible_row(data, file):
    (data / file).unlink()
    (row,) = rows_of()
    assert row.value == f"skipped: no {file}; set XRAY3D_DATA to their folder"
    assert row.met is None


@pytest.mark.usefixtures("data")
def test_a_missing_model_is_one_visible_row(monkeypatch):
    monkeypatch.setattr(run, "model_folder", lambda path: None)
    (row,) = rows_of()
    assert row.value.startswith("skipped: no model in")


@pytest.mark.parametrize(("quick", "plan"), [(True, QUICK), (False, FULL)])
def test_everything_is_measured_once(jobs, quick, plan):
    rows = rows_of(quick)
    numbers = Counter((part.patient, number) for part, *_ in jobs["run_part"] for number in part.numbers)
    assert numbers == dict.fromkeys(((patient, n) for patient in PATIENTS for n in range(plan.cases)), 1)
    clean = [number for some, *_ in jobs["are_clean"] for number in some]
    assert clean == list(range(TEST_RADIOGRAPHS if plan.clean is None else plan.clean))
    protocols = Counter((place.name, protocol) for place, protocol, *_ in jobs["run_trials"])
    assert set(protocols.values()) == {1}
    assert len(protocols) == 2 * len(plan.protocols)
    count = 2 * plan.cases
    for test_set in get_args(TestSet):
        assert [row for row in rows if row.measure.startswith(f"{test_set}, {count} X-rays: metal found")]
    assert rows[-1].measure == "time"


def test_what_is_kept_is_of_one_model_and_one_version_of_the_peer(jobs):
    rows_of()
    for listed in jobs.values():
        assert all("digest of the model" in job for job in listed)
    assert all("version of the peer" in job for job in jobs["run_part"])


def test_pages_are_written_where_results_are_kept(jobs, tmp_path):
    skipped = next(row for row in rows_of() if row.measure.startswith("pictures"))
    assert "--keep" in skipped.value
    with keeping(tmp_path / "kept"):
        rows = rows_of()
    pages = sorted(str(page) for page in (tmp_path / "kept").glob("*.png"))
    assert sorted(row.value for row in rows if row.measure.startswith("pictures")) == pages
    assert len(pages) == len(get_args(TestSet))


def test_the_quick_run_is_a_small_part_of_the_full_one():
    assert (QUICK.cases, FULL.cases, FULL.clean) == (4, 50, None)
    starts = [sum(p.starts_per_bin for p in plan.protocols) for plan in (QUICK, FULL)]
    assert starts[0] < starts[1] / 5
    assert {(p.views, p.search) for p in FULL.protocols} == {(2, "off"), (1, "off"), (2, "auto")}


@pytest.mark.parametrize(("seconds", "met"), [(0.9, True), (1.1, False)])
def test_the_median_of_five_calls_after_one_that_warms_up_counts(monkeypatch, tmp_path, seconds, met):
    class Process:
        calls = iter([9.0, 9.0, 0.1, seconds, 0.1, 9.0])

        def __init__(self, *arguments):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *why):
            pass

        def call(self, method, *arguments):
            return {"start": 2**30, "peak_resident_bytes": 3 * 2**29}.get(method) or next(self.calls)

    rows = timed(monkeypatch, tmp_path, Process)
    assert (rows[0].value, rows[0].met) == (seconds, met)
    assert [row.value for row in rows[1:]] == [1.5, 0.5]


def test_a_process_that_fails_is_a_row_that_says_so(monkeypatch, tmp_path):
    def fail(*arguments):
        raise EngineFailure("crashed: exit code 7")

    for row in timed(monkeypatch, tmp_path, fail):
        assert (row.value, row.met) == ("crashed: exit code 7", None)


def timed(monkeypatch, folder, process):
    blank = np.zeros((512, 512))
    views = [Case(test_set, "", blank, blank, blank > 0) for test_set in ("DRRs", "X-rays") * 2]
    monkeypatch.setattr(speed, "load_patient", lru_cache(lambda path: None))
    monkeypatch.setattr(speed, "take_views", lambda *_: views)
    monkeypatch.setattr(speed, "EngineProcess", process)
    return speed.speed_rows(folder, "digest")
