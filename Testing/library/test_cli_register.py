"""`xray3d register` as a user runs it: files in, files out, one sentence for what is wrong."""
# ruff: noqa: F811  fixtures are imported

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from cli_register_support import MIDDLE_RAS, MOTION, carm, folder, registrar, run  # noqa: F401  fixtures
from test_landmarks import moved_about_isocenter
from xray3d import (
    CTVolume,
    DRRRenderer,
    Projection,
    XRayImage,
    load_xray,
    save_volume,
    save_xray,
)
from xray3d.geometry.geometry_file import geometry_from_dict, load_geometry
from xray3d.registration.files import save_transform
from xray3d.registration.objective import RelativeError

OF_VIEW = ("_registered.nrrd", "_registered.json", "_overlay.png")


def test_everything_is_written(run, folder, registrar):
    code, out, _ = run("ct.nii.gz", "ap.nrrd", "lateral.nrrd", "-o", "out")
    assert code == 0
    assert "accepted: Because it was said so." in out
    written = {file.name for file in (folder / "out").iterdir()}
    of_views = {f"{name}{end}" for name in ("ap", "lateral") for end in OF_VIEW}
    assert written == of_views | {"transform.json", "transform.tfm", "result.json"}
    for name, primary_deg in (("ap", 0), ("lateral", 90)):
        registered = load_xray(folder / f"out/{name}_registered.nrrd")
        np.testing.assert_allclose(registered.projection.matrix, carm(primary_deg).moved(MOTION).matrix, rtol=1e-9)
        assert np.array_equal(registered.pixels, load_xray(folder / f"{name}.nrrd").pixels)
    assert sitk.ReadImage(str(folder / "out/ap_overlay.png")).GetSize() == (80, 64)
    np.testing.assert_allclose(json.loads((folder / "out/transform.json").read_text())["transform_ras"], MOTION)


def test_json_is_all_there_is_and_says_all(run, folder, registrar):
    code, out, _ = run("ct.nii.gz", "ap.nrrd", "-o", "out", "--json")
    assert code == 0
    report, saved = json.loads(out), json.loads((folder / "out/result.json").read_text())
    assert saved.items() <= report.items()
    for field in (
        "reason",
        "similarity",
        "similarities",
        "pivot_ras",
        "used_share",
        "seconds",
        "error_along_mm",
        "error_across_mm",
    ):
        assert field in saved
    assert {file.name for file in (folder / "out").iterdir()} == {Path(file).name for file in report["files"]}
    assert saved["verdict"] == "accepted"
    assert saved["converged"] is True
    assert np.shape(saved["covariance"]) == (6, 6)
    registered = geometry_from_dict(saved["projections"][0], "result.json")
    start = geometry_from_dict(saved["initial"][0], "result.json")
    np.testing.assert_allclose(registered.matrix, start.moved(saved["transform_ras"]).matrix, rtol=1e-9)


def test_what_is_not_finite_is_null(run, folder, registrar, monkeypatch):
    monkeypatch.setattr(registrar, "verdict", "failed")
    run("ct.nii.gz", "ap.nrrd", "-o", "out")
    saved = json.loads((folder / "out/result.json").read_text(), parse_constant=pytest.fail)
    assert saved["error_along_mm"] is None
    assert saved["covariance"] == [[None] * 6] * 6


def test_a_doubtful_result_is_written_like_an_accepted_one(run, folder, registrar, monkeypatch):
    monkeypatch.setattr(registrar, "verdict", "doubtful")
    code, out, _ = run("ct.nii.gz", "ap.nrrd", "-o", "out", "--json")
    assert code == 0
    assert json.loads(out)["verdict"] == "doubtful"
    assert (folder / "out/ap_registered.nrrd").exists()


def test_a_failure_leaves_numbers_and_pictures_but_no_pose(run, folder, registrar, monkeypatch):
    """Nor that of an earlier registration, which would be taken for this one's."""
    assert run("ct.nii.gz", "ap.nrrd", "lateral.nrrd", "-o", "out")[0] == 0
    (folder / "out/notes.txt").write_text("mine")
    monkeypatch.setattr(registrar, "verdict", "failed")
    code, out, _ = run("ct.nii.gz", "ap.nrrd", "lateral.nrrd", "-o", "out", "--overwrite", "--json")
    assert code == 3
    report = json.loads(out)
    assert report["verdict"] == "failed"
    left = {"ap_overlay.png", "lateral_overlay.png", "result.json"}
    assert {Path(file).name for file in report["files"]} == left
    assert {file.name for file in (folder / "out").iterdir()} == left | {"notes.txt"}
    code, out, _ = run("ct.nii.gz", "ap.nrrd", "-o", "elsewhere")
    assert code == 3
    assert "nothing was registered" in out
    assert "Moved" not in out


def test_options_arrive(run, folder, registrar):
    mask = np.zeros((32, 40), np.uint8)
    mask[3, 7] = 1
    for name in ("m1.nrrd", "m2.nrrd"):
        sitk.WriteImage(sitk.GetImageFromArray(mask), name)
    code, _, err = run(
        "ct.nii.gz", "ap.nrrd", "lateral.nrrd", "-o", "out", "--search", "wide", "--seed", 7,
        "--relative-error", 2, 0.5, "--mask", "m1.nrrd", "--mask", "m2.nrrd", "--region", "labels.nrrd", "--label", 20,
    )  # fmt: skip
    assert code == 0, err
    called = registrar.called
    assert (called["search"], called["seed"]) == ("wide", 7)
    assert called["relative_error"] == RelativeError(2, 0.5)
    assert [np.argwhere(mask).tolist() for mask in called["masks"]] == [[[3, 7]]] * 2
    assert set(np.unique(called["region"].labels)) == {0, 1}
    assert called["region"].labels.sum() == 20 * 10 * 8


def test_xrays_of_one_name_from_two_folders_both_arrive(run, folder, registrar):
    (folder / "other").mkdir()
    for end in (".nrrd", ".json"):
        (folder / f"other/ap{end}").write_bytes((folder / f"ap{end}").read_bytes())
    assert run("ct.nii.gz", "ap.nrrd", "other/ap.nrrd", "-o", "out")[0] == 0
    assert {file.name for file in (folder / "out").glob("*.nrrd")} == {"1_ap_registered.nrrd", "2_ap_registered.nrrd"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["absent.nii.gz", "ap.nrrd"], "absent.nii.gz"),
        (["ct.nii.gz", "absent.nrrd"], "absent.nrrd"),
        (["ct.nii.gz", "bare.png"], "bare.png has no complete geometry of its own; give it with --start"),
        (["ct.nii.gz", "ap.nrrd", "--start", "absent.json"], "absent.json"),
        (["ct.nii.gz", "ap.nrrd", "--start", "ap.json", "--start", "ap.json"], "2 starts for 1 X-ray"),
        (["ct.nii.gz", "ap.nrrd", "--landmarks", "ap.json"], "points"),
        (["ct.nii.gz", "ap.nrrd", "lateral.nrrd", "--mask", "ap.nrrd"], "1 masks for 2"),
        (["ct.nii.gz", "ap.nrrd", "--mask", "labels.nrrd"], "pass the mask of this X-ray"),
        (["ct.nii.gz", "ap.nrrd", "--region", "labels.nrrd", "--label", "19"], "no label 19; it has 20, 21"),
        (["ct.nii.gz", "ap.nrrd", "--label", "20"], "--region"),
        (["ct.nii.gz", "ap.nrrd", "--landmarks", "ap.fcsv"], "2 files here, not 1"),
        (["ct.nii.gz", "ap.nrrd", "--angles-unknown"], "--landmarks"),
        (["ct.nii.gz", "ap.nrrd", "--search", "far"], "off, auto, wide"),
        (["ct.nii.gz", "ap.nrrd", "--implants", "melt"], "keep, mask, inpaint, both"),
        (["ct.nii.gz", "ap.nrrd", "--relative-error", "-1", "1"], "translation_mm must be a positive number"),
        (["ct.nii.gz", "ap.nrrd", "--relative-error", "1", "0"], "rotation_deg must be a positive number"),
        (["ct.nii.gz", "ap.nrrd", "-o", "ap.json"], "is a file"),
        (["ct.nii.gz", "ap.nrrd", "-o", "ap.json/out"], "is a file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run, folder, registrar, arguments, sentence):
    before = {file.name for file in folder.iterdir()}
    code, out, err = run("-o", "out", *arguments)
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert sentence in err
    assert {file.name for file in folder.iterdir()} == before


def test_nothing_is_overwritten_unasked(run, folder, registrar):
    (folder / "out").mkdir()
    (folder / "out/transform.tfm").write_text("mine")
    code, _, err = run("ct.nii.gz", "ap.nrrd", "-o", "out")
    assert code == 2
    assert "transform.tfm already exists" in err
    assert [file.read_text() for file in (folder / "out").iterdir()] == ["mine"]
    assert run("ct.nii.gz", "ap.nrrd", "-o", "out", "--overwrite")[0] == 0
    assert (folder / "out/transform.tfm").read_text() != "mine"


def test_the_xrays_own_folder_may_be_the_output(run, folder, registrar):
    before = (folder / "ap.nrrd").read_bytes()
    assert run("ct.nii.gz", "ap.nrrd", "-o", ".")[0] == 0
    assert (folder / "ap.nrrd").read_bytes() == before


@pytest.mark.skipif(not find_spec("slicer"), reason="slicer-core has no wheel for this Python or system")
def test_slicer_reads_the_transform_as_it_was_meant(tmp_path):
    """A node's transform to its parent moves points as `transform_ras` does, of no symmetry that could hide a sign."""
    import slicer.util

    from xray3d.mrml.standalone import standalone_scene
    from xray3d.mrml.transforms import world_matrix

    save_transform(MOTION, tmp_path / "transform.tfm")
    with standalone_scene() as own:
        node = own.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
        storage = own.scene.AddNewNodeByClass("vtkMRMLTransformStorageNode")
        storage.SetFileName(str(tmp_path / "transform.tfm"))
        assert storage.ReadData(node)
        child = own.scene.AddNewNodeByClass("vtkMRMLModelNode")
        child.SetAndObserveTransformNodeID(node.GetID())
        np.testing.assert_allclose(world_matrix(child), MOTION, atol=1e-12)
        np.testing.assert_allclose(slicer.util.arrayFromTransformMatrix(node), MOTION, atol=1e-12)


def bony_phantom():
    """A trunk with a dozen balls of bone of 8 to 20 mm radius, which no pose but one brings to cover."""
    random = np.random.default_rng(5)
    z, y, x = np.indices((60, 50, 60)) * 4.0
    hu = np.where(((y - 98) / 90) ** 2 + ((x - 118) / 110) ** 2 < 1, 40.0, -1000.0).astype(np.float32)
    for middle in random.uniform([50, 50, 50], [190, 150, 190], (12, 3)):
        hu[np.linalg.norm(np.stack([z, y, x], -1) - middle, axis=-1) < random.uniform(8, 20)] = 800.0
    to_ras = np.diag([4.0, 4.0, 4.0, 1.0])
    to_ras[:3, 3] = MIDDLE_RAS - [118, 98, 118]
    return CTVolume(hu, to_ras)


def test_from_start_to_end_with_the_real_registrar(run, tmp_path, monkeypatch):
    """Two views, both off by one motion: the written geometry is where the X-rays were taken, to a millimetre."""
    monkeypatch.chdir(tmp_path)
    ct = bony_phantom()
    save_volume(ct, tmp_path / "ct.nii.gz")
    truths = [Projection.from_carm(angle, 0, MIDDLE_RAS, 1020, 700, (96, 96), (3, 3)) for angle in (0, 75)]
    motion = moved_about_isocenter([3, -4, 2, 0.02, -0.03, 0.02])
    for name, truth in zip("ab", truths, strict=True):
        pixels = 4000 * np.exp(-DRRRenderer(ct).render(truth))
        save_xray(XRayImage(pixels, truth.moved(motion)), tmp_path / f"{name}.nrrd")
    code, out, err = run("ct.nii.gz", "a.nrrd", "b.nrrd", "-o", "out", "--json")
    assert code == 0, err
    assert json.loads(out)["verdict"] == "accepted"
    around = MIDDLE_RAS + np.array([[0, 0, 0], [60, 0, 0], [0, 60, 0], [0, 0, 60]])
    for name, truth in zip("ab", truths, strict=True):
        registered = load_geometry(tmp_path / f"out/{name}_registered.json")
        moved = (np.linalg.inv(truth.extrinsic) @ registered.extrinsic @ np.column_stack([around, np.ones(4)]).T)[:3].T
        assert np.linalg.norm(moved - around, axis=1).max() < 1.0
