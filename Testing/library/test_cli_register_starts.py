"""From where `xray3d register` starts: geometry files, landmarks, what X-rays say themselves."""
# ruff: noqa: F811  fixtures are imported

import json

import numpy as np
import SimpleITK as sitk

from cli_register_support import MIDDLE_RAS, MOTION, carm, folder, registrar, run  # noqa: F401  fixtures
from dicom_files import xray as dicom_xray
from xray3d import (
    Projection,
    save_geometry,
)
from xray3d.geometry.geometry_file import load_geometry


def test_one_start_for_each_xray_replaces_its_pose(run, folder, registrar):
    for name, primary_deg in (("a", 20), ("b", 70)):
        save_geometry(carm(primary_deg), folder / f"{name}.json")
    assert run("ct.nii.gz", "ap.nrrd", "lateral.nrrd", "-o", "out", "--start", "a.json", "--start", "b.json")[0] == 0
    for start, primary_deg in zip(registrar.called["initial"], (20, 70), strict=True):
        np.testing.assert_allclose(start.matrix, carm(primary_deg).matrix, atol=1e-9)


def test_one_start_carries_the_others_along(run, folder, registrar):
    save_geometry(carm(20), folder / "a.json")
    assert run("ct.nii.gz", "ap.nrrd", "lateral.nrrd", "-o", "out", "--start", "a.json")[0] == 0
    for start, primary_deg in zip(registrar.called["initial"], (20, 110), strict=True):
        np.testing.assert_allclose(start.matrix, carm(primary_deg).matrix, atol=1e-6)


def test_a_picture_without_geometry_takes_that_of_its_start(run, folder, registrar):
    save_geometry(carm(20), folder / "a.json")
    assert run("ct.nii.gz", "bare.png", "-o", "out", "--start", "a.json")[0] == 0
    np.testing.assert_allclose(load_geometry("out/bare_registered.json").matrix, carm(20).moved(MOTION).matrix)


def test_landmarks_make_the_start_and_are_reported(run, folder, registrar):
    points = MIDDLE_RAS + np.array([[0, 20, 10], [-40, -10, 30], [38, -12, 10], [5, 10, -50]])
    truth = carm(0).moved(MOTION)
    pixels = truth.project(points)
    listed = [{"name": f"p{k}", "ras": list(points[k]), "pixels": [list(pixels[k])]} for k in range(4)]
    (folder / "pairs.json").write_text(json.dumps({"points": listed}))
    code, out, _ = run("ct.nii.gz", "ap.nrrd", "-o", "out", "--landmarks", "pairs.json")
    assert code == 0
    assert "p3 started 0.0 mm" in out
    np.testing.assert_allclose(registrar.called["initial"][0].project(points), pixels, atol=0.01)
    saved = json.loads((folder / "out/result.json").read_text())["landmarks"]
    assert [landmark["name"] for landmark in saved] == ["p0", "p1", "p2", "p3"]
    assert saved[0]["residual_mm"][0] < 0.1


def save_points(path, names, points):
    rows = [f"{n},{x},{y},{z},{name}" for n, (name, (x, y, z)) in enumerate(zip(names, points, strict=True))]
    path.write_text("\n".join(["# CoordinateSystem = RAS", "# columns = id,x,y,z,label", *rows]) + "\n")


def test_point_lists_of_slicer_make_the_start(run, folder, registrar):
    """They lie on the receptors where these stand by themselves, whatever the start; their names pair them."""
    points = MIDDLE_RAS + np.array([[0, 20, 10], [-40, -10, 30], [38, -12, 10], [5, 10, -50]])
    names = ["a", "b", "c", "d"]
    save_points(folder / "ct.fcsv", names, points)
    for name, view in (("ap", carm(0)), ("lateral", carm(90))):
        pixels = view.moved(MOTION).project(points)
        on_receptor = view.unproject(pixels, np.full(4, view.sdd_mm))
        save_points(folder / f"{name}.fcsv", names[::-1], on_receptor[::-1])
    save_geometry(carm(12), folder / "start.json")
    lists = ["--landmarks", "ct.fcsv", "--landmarks", "ap.fcsv", "--landmarks", "lateral.fcsv"]
    code, out, err = run("ct.nii.gz", "ap.nrrd", "lateral.nrrd", "-o", "out", "--start", "start.json", *lists)
    assert code == 0, err
    assert "d started 0.0 mm (0.0 px) off on lateral.nrrd" in out
    for start, view in zip(registrar.called["initial"], (carm(0), carm(90)), strict=True):
        np.testing.assert_allclose(start.project(points), view.moved(MOTION).project(points), atol=0.01)


def test_landmarks_need_no_angles_when_they_are_said_to_be_unknown(run, folder, registrar):
    points = MIDDLE_RAS + np.array([[0, 20, 10], [-40, -10, 30], [38, -12, 10], [5, 10, -50], [20, 30, 25]])
    truth = carm(100)
    save_points(folder / "ct.fcsv", "abcde", points)
    own = carm(0)
    save_points(folder / "ap.fcsv", "abcde", own.unproject(truth.project(points), np.full(5, own.sdd_mm)))
    lists = ["--landmarks", "ct.fcsv", "--landmarks", "ap.fcsv"]
    assert run("ct.nii.gz", "ap.nrrd", "-o", "out", *lists, "--angles-unknown")[0] == 0
    np.testing.assert_allclose(registrar.called["initial"][0].extrinsic, truth.extrinsic, atol=1e-2)
    save_points(folder / "ct.fcsv", "abc", points[:3])
    save_points(folder / "ap.fcsv", "abc", own.unproject(truth.project(points[:3]), np.full(3, own.sdd_mm)))
    code, _, err = run("ct.nii.gz", "ap.nrrd", "-o", "other", *lists, "--angles-unknown")
    assert code == 2
    assert "four landmarks" in err


def test_a_broken_geometry_is_not_replaced_by_the_start(run, folder, registrar):
    save_geometry(carm(20), folder / "start.json")
    (folder / "bare.json").write_text("{")
    code, _, err = run("ct.nii.gz", "bare.png", "-o", "out", "--start", "start.json")
    assert code == 2
    assert "bare.json" in err
    (folder / "ap.json").unlink()
    image = sitk.ReadImage("ap.nrrd")
    image.SetMetaData("XRay3D.SourceToDetectorDistance", "far")
    sitk.WriteImage(image, "ap.nrrd")
    code, _, err = run("ct.nii.gz", "ap.nrrd", "-o", "out", "--start", "start.json")
    assert code == 2
    assert "XRay3D.SourceToDetectorDistance" in err


def test_an_incomplete_dicom_header_takes_the_start_and_a_wrong_one_does_not(run, folder, registrar):
    save_geometry(Projection.from_carm(20, 0, MIDDLE_RAS, 1020, 700, (40, 60), (8, 8)), folder / "start.json")
    call = ("ct.nii.gz", "xa.dcm", "-o", "out", "--start", "start.json")
    dicom_xray("XA", DistanceSourceToDetector=None).save_as("xa.dcm", enforce_file_format=True)
    assert run(*call)[0] == 0
    dicom_xray("XA", DistanceSourceToDetector=500).save_as("xa.dcm", enforce_file_format=True)
    code, _, err = run(*call, "--overwrite")
    assert code == 2
    assert "isocentre is not between source and detector" in err
