"""`xray3d drr` as a user runs it: files in, files out, one sentence for what is wrong."""

import json

import numpy as np
import pytest

from dicom_files import xray as dicom_xray
from test_implants import CUBE, CUBE_FACES
from xray3d import CTVolume, load_ct, load_xray, save_volume
from xray3d.geometry.geometry_file import load_geometry


@pytest.fixture(scope="module")
def ct_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("ct") / "patient.nii.gz"
    hu = np.full((40, 60, 70), -1000.0, np.float32)
    hu[4:36, 15:45, 15:55] = 40.0
    hu[10:30, 20:30, 40:50] = 900.0
    affine = np.diag([-4.0, -4.0, 5.0, 1.0])
    affine[:3, 3] = [140, 120, -100]
    save_volume(CTVolume(hu, affine), path)
    return path


@pytest.fixture
def run(command, monkeypatch, tmp_path):
    """The command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return command


def cube_file(path, half_mm=6.0, faces=CUBE_FACES):
    lines = [f"v {x} {y} {z}" for x, y, z in CUBE * half_mm] + [f"f {a} {b} {c}" for a, b, c in faces + 1]
    path.write_text("\n".join(lines))
    return path


def test_writes_an_image_and_its_geometry(run, ct_file, tmp_path):
    code, out, _ = run("drr", ct_file, "--primary", 20, "--secondary", -10, "--size", 64, 48, "-o", "view.nrrd")
    assert code == 0
    assert "view.nrrd" in out
    xray = load_xray(tmp_path / "view.nrrd")
    assert xray.pixels.shape == (64, 48)
    assert 0 < xray.pixels.max() < 10
    fields = json.loads((tmp_path / "view.json").read_text())
    assert {"intrinsic", "extrinsic_ras_to_camera", "size_px", "pixel_spacing_mm", "source_to_detector_mm"} <= set(
        fields
    )
    assert fields["source_to_detector_mm"] == pytest.approx(1020)


def test_geometry_of_one_view_makes_another(run, ct_file, tmp_path):
    run("drr", ct_file, "--primary", -30, "--size", 40, 40, "--pixel", 6, 6, "-o", "a.nrrd")
    run("drr", ct_file, "--geometry", tmp_path / "a.json", "-o", "b.nrrd")
    assert np.array_equal(load_xray(tmp_path / "a.nrrd").pixels, load_xray(tmp_path / "b.nrrd").pixels)
    assert np.allclose(load_geometry(tmp_path / "a.json").matrix, load_geometry(tmp_path / "b.json").matrix)


def test_a_dicom_header_makes_a_view_about_the_isocentre(run, ct_file, tmp_path):
    dicom_xray("XA").save_as(tmp_path / "xa.dcm", enforce_file_format=True)
    assert run("drr", ct_file, "--geometry", tmp_path / "xa.dcm", "-o", "dicom.nrrd")[0] == 0
    view = load_geometry(tmp_path / "dicom.json")
    middle = (np.array(view.size_px[::-1]) - 1) / 2
    assert view.project(load_ct(ct_file).center_ras) == pytest.approx(middle, abs=1e-6)


def test_a_preset_is_repeatable_by_its_seed(run, ct_file, tmp_path):
    common = ("drr", ct_file, "--size", 40, 40, "--pixel", 6, 6, "--preset", "fluoroscopy")
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run(*common, "--seed", seed, "-o", f"{name}.nrrd")[0] == 0
    a, b, c = (load_xray(tmp_path / f"{name}.nrrd").pixels for name in "abc")
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_implants_leave_a_mask_and_json_is_all_there_is(run, ct_file, tmp_path):
    cube = cube_file(tmp_path / "cube.obj")
    code, out, _ = run(
        "drr", ct_file, "--size", 64, 64, "--pixel", 3, 3, "--isocenter", 0, 0, 0, "-o", "metal.nrrd", "--json",
        "--implant", cube, "--mask", "mask.nrrd", "--metal", "tantalum",
    )  # fmt: skip
    assert code == 0
    report = json.loads(out)
    assert report["mask"] == "mask.nrrd"
    mask = load_xray(tmp_path / "mask.nrrd").pixels
    assert set(np.unique(mask)) == {0.0, 1.0}
    assert load_xray(tmp_path / "metal.nrrd").pixels[mask > 0].max() > 10


def test_lps_implants_are_turned_into_ras(run, ct_file, tmp_path):
    shifted = tmp_path / "shifted.obj"
    shifted.write_text(
        "\n".join([f"v {x + 40} {y} {z}" for x, y, z in CUBE * 6.0] + [f"f {a} {b} {c}" for a, b, c in CUBE_FACES + 1])
    )
    columns = []
    for lps in ((), ("--lps",)):
        common = ("drr", ct_file, "--size", 64, 64, "--pixel", 4, 4, "--isocenter", 0, 0, 0, "--overwrite")
        assert run(*common, "-o", "x.nrrd", "--implant", shifted, "--mask", "m.nrrd", *lps)[0] == 0
        columns.append(np.argwhere(load_xray(tmp_path / "m.nrrd").pixels)[:, 1].mean())
    assert columns[0] > 40, "RAS +x is to the right of a view from behind"
    assert columns[1] < 24


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["absent.nii.gz"], "absent.nii.gz"),
        (["{ct}", "--sod", "1200"], "between source and detector"),
        (["{ct}", "--sod", "20"], "inside the body"),
        (["{ct}", "--isocenter", "3000", "0", "0"], "isocentre"),
        (["{ct}", "--preset", "holiday-snap"], "holiday-snap"),
        (["{ct}", "--implant", "{open}"], "not closed"),
        (["{ct}", "--device", "abacus"], "abacus"),
        (["{ct}", "--size", "0", "5"], "size_px"),
        (["{ct}", "--geometry", "absent.json"], "absent.json"),
        (["{ct}", "-o", "view.png"], ".nrrd or .mha"),
        (["{ct}", "--mask", "view.nrrd"], "named twice"),
        (["{ct}", "-o", "no/such/folder/view.nrrd"], "folder"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run, ct_file, tmp_path, arguments, sentence):
    opened = cube_file(tmp_path / "open.obj", faces=CUBE_FACES[:-1])
    filled = [argument.format(ct=ct_file, open=opened) for argument in arguments]
    code, out, err = run("drr", "-o", "view.nrrd", *filled)
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert sentence in err
    assert not (tmp_path / "view.nrrd").exists()


def test_nothing_is_overwritten_unasked(run, ct_file, tmp_path):
    (tmp_path / "view.json").write_text("mine")
    code, _, err = run("drr", ct_file, "--size", 8, 8, "-o", "view.nrrd")
    assert code == 2
    assert "view.json already exists" in err
    assert (tmp_path / "view.json").read_text() == "mine"
    assert run("drr", ct_file, "--size", 8, 8, "-o", "view.nrrd", "--overwrite")[0] == 0
