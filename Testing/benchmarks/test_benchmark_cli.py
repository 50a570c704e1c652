"""`xray3d benchmark` as a user and as a machine meets it."""

import json

import pytest

from xray3d.benchmarks import registry
from xray3d.benchmarks.table import Row


@pytest.fixture
def tiny_benchmark(monkeypatch):
    def tiny(quick, report):
        report("measuring")
        return [Row("forward", 1.0 if quick else 2.0, "ms", "<= peer", True, "a peer", 3.0)]

    monkeypatch.setitem(registry.BENCHMARKS, "tiny", tiny)


def test_unknown_name_is_one_line_that_names_the_known_ones(command):
    code, out, err = command("benchmark", "nonsense")
    assert code == 2
    assert out == ""
    known = ", ".join(registry.BENCHMARKS)
    (line,) = err.strip().splitlines()
    assert line == f"xray3d: There is no benchmark called 'nonsense'; choose one of: {known}."
    assert "drr, registration" in line


@pytest.mark.usefixtures("tiny_benchmark")
def test_json_is_all_there_is_on_standard_output(command):
    code, out, _ = command("benchmark", "tiny", "--json", "--quick")
    (row,) = json.loads(out)
    assert code == 0
    figures = {"value": 1.0, "unit": "ms", "goal": "<= peer", "met": True, "peer": "a peer", "peer_value": 3.0}
    assert row == {"measure": "forward", **figures}


@pytest.mark.usefixtures("tiny_benchmark")
def test_table_and_file(command, tmp_path):
    code, out, _ = command("benchmark", "tiny", "-o", tmp_path / "rows.json")
    assert code == 0
    assert "a peer" in out
    assert json.loads((tmp_path / "rows.json").read_text())[0]["value"] == 2.0


@pytest.mark.usefixtures("tiny_benchmark")
def test_an_existing_output_is_kept_unless_asked(command, tmp_path):
    path = tmp_path / "rows.json"
    path.write_text("mine")
    code, _, err = command("benchmark", "tiny", "-o", path)
    assert code == 2
    assert "rows.json already exists" in err
    assert path.read_text() == "mine"
    code, _, _ = command("benchmark", "tiny", "-o", path, "--overwrite")
    assert code == 0
    assert path.read_text() != "mine"


def test_version(command):
    code, out, _ = command("--version")
    assert code == 0
    assert out.startswith("xray3d ")
