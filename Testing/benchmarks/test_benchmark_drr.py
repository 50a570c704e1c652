"""`benchmark drr` on a small volume, beside a peer that is missing and one that crashes."""

import pytest

from xray3d.benchmarks import drr, job
from xray3d.benchmarks.engine_process import EngineFailure, EngineProcess
from xray3d.benchmarks.engines import NANODRR, OURS, RTK


@pytest.fixture
def bad_peers(tmp_path, monkeypatch):
    """Stand-ins that come before any installed nanodrr and itk."""
    (tmp_path / "nanodrr.py").write_text("raise ModuleNotFoundError(\"No module named 'nanodrr'\")\n")
    (tmp_path / "itk.py").write_text("import os\nos._exit(7)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.usefixtures("bad_peers")
def test_a_missing_peer_says_how_to_get_it():
    with EngineProcess(NANODRR) as process, pytest.raises(EngineFailure, match="nanodrr.*make peers"):
        process.call("start")


@pytest.mark.usefixtures("bad_peers")
def test_a_crash_is_a_failure_of_that_engine_alone():
    with EngineProcess(RTK) as process, pytest.raises(EngineFailure, match="crashed: exit code 7"):
        process.call("start")


@pytest.mark.usefixtures("bad_peers")
def test_the_table_is_complete_without_its_peers(monkeypatch, tmp_path):
    monkeypatch.setattr(job, "VOLUME_SIZE", (64, 64, 64))
    monkeypatch.setattr(job, "VOXEL_MM", 3.2)
    monkeypatch.setattr(drr, "CPU_ENGINES", (OURS, RTK, NANODRR))
    monkeypatch.setattr(drr, "_PEERS", (RTK, NANODRR))
    monkeypatch.setattr(drr, "_QUICK_TURN_SECONDS", 0.05)
    monkeypatch.setenv("XRAY3D_DATA", str(tmp_path))
    rows = drr.run(True, lambda stage: None)

    for view in job.VIEW_ANGLES_DEG:
        forward = {row.peer: row for row in rows if row.measure == f"forward, {view}"}
        assert 0 < forward[RTK].value < 10_000
        assert "crashed" in forward[RTK].peer_value
        assert "make peers" in forward[NANODRR].peer_value
        assert forward[RTK].met is None
        accuracy = [row.value for row in rows if row.measure == f"RMSE, hard ellipsoids, {view}"]
        assert all(0 < value < 2 for value in accuracy)
    patient = [row.value for row in rows if "acrin001" in row.measure]
    assert len(patient) == 2
    assert all(value.startswith("skipped") for value in patient)
    (memory,) = (row for row in rows if "memory" in row.measure)
    assert isinstance(memory.value, float)
