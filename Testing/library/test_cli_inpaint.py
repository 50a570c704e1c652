"""`xray3d inpaint` as a user runs it: files in, files out, one sentence for what is wrong."""

import json
import os

import numpy as np
import pytest
import SimpleITK as sitk

from dicom_files import xray as dicom_xray
from inpainting_support import brighter_than, save_model
from registration_support import carm
from xray3d import XRayImage, load_xray, save_xray
from xray3d.inpainting import inpainter, model

SIZE = (64, 80)
GREY = np.random.default_rng(0).integers(0, 200, SIZE)
SCREW = np.zeros(SIZE, bool)
SCREW[30:40, 20:50] = True
BRIGHT = 220


def write(pixels, name, spacing=None):
    image = sitk.GetImageFromArray(pixels)
    if spacing:
        image.SetSpacing(spacing)
    sitk.WriteImage(image, name)


def pixels_of(name):
    return sitk.GetArrayFromImage(sitk.ReadImage(str(name)))


def view(angle):
    return carm(angle, size_px=SIZE, pixel_mm=(3.0, 3.0))


@pytest.fixture
def run(command, tmp_path_factory, tmp_path, monkeypatch):
    """The command in a folder of its own, with a model that takes what is bright for metal."""
    monkeypatch.chdir(tmp_path)
    shipped = tmp_path_factory.mktemp("shipped") / "model"
    save_model(shipped)
    monkeypatch.setattr(model, "SHIPPED", shipped)
    monkeypatch.setattr(inpainter, "find_metal", brighter_than(BRIGHT))
    return lambda *arguments: command("inpaint", *arguments)


@pytest.fixture
def folder(run, tmp_path):
    """X-rays with and without metal, with and without geometry, and a mask."""
    metal = np.where(SCREW, 250, GREY)
    save_xray(XRayImage(metal, view(0)), tmp_path / "ap.nrrd")
    save_xray(XRayImage(GREY, view(80)), tmp_path / "lateral.nrrd")
    write(metal.astype(np.uint8), "photo.png")
    write(SCREW.astype(np.uint8), "mask.png")
    return tmp_path


def test_a_screenshot_has_its_grey_values_three_times(run, folder):
    grey = pixels_of("photo.png")
    sitk.WriteImage(sitk.GetImageFromArray(np.stack([grey] * 3, axis=-1), isVector=True), "screenshot.png")
    for name, clean in (("screenshot.png", "clean.png"), ("photo.png", "other.png")):
        assert run(name, "-o", clean)[0] == 0
    np.testing.assert_array_equal(pixels_of("clean.png"), pixels_of("other.png"))


def test_metal_is_found_and_the_geometry_kept(run, folder):
    code, out, err = run("ap.nrrd", "-o", "clean.nrrd")
    assert code == 0, err
    assert out.startswith("clean.nrrd: implants painted over, ")
    before, clean = load_xray("ap.nrrd"), load_xray("clean.nrrd")
    np.testing.assert_allclose(clean.projection.matrix, before.projection.matrix)
    changed = clean.pixels != before.pixels
    assert changed[SCREW].all()
    assert changed.mean() < 2 * SCREW.mean()
    assert clean.pixels[SCREW].mean() < 230
    assert {file.name for file in folder.glob("clean*")} == {"clean.nrrd", "clean.json"}
    assert (folder / "clean.json").read_text() == (folder / "ap.json").read_text()


def test_a_mask_says_where(run, folder):
    assert run("lateral.nrrd", "--mask", "mask.png", "-o", "clean.nrrd")[0] == 0
    changed = load_xray("clean.nrrd").pixels != load_xray("lateral.nrrd").pixels
    assert changed[SCREW].mean() > 0.95
    assert not changed[:20].any()


def test_without_metal_the_x_ray_is_written_as_it_was(run, folder):
    code, out, _ = run("lateral.nrrd", "-o", "clean.nrrd", "--save-mask", "found.nrrd")
    assert code == 0
    assert out.strip() == "clean.nrrd: no implant was found on lateral.nrrd, which is written as it was."
    np.testing.assert_array_equal(load_xray("clean.nrrd").pixels, load_xray("lateral.nrrd").pixels)
    assert not load_xray("found.nrrd").pixels.any()


def test_mask_and_uncertainty_lie_where_the_x_ray_does(run, folder):
    code, out, _ = run(
        "ap.nrrd", "-o", "clean.nrrd", "--save-mask", "found.nrrd", "--save-uncertainty", "sigma.nrrd", "--json"
    )
    assert code == 0
    found, sigma = load_xray("found.nrrd"), load_xray("sigma.nrrd")
    assert set(np.unique(found.pixels)) == {0.0, 1.0}
    assert found.pixels[SCREW].all()
    np.testing.assert_array_equal(sigma.pixels > 0, found.pixels > 0)
    np.testing.assert_allclose(sigma.projection.matrix, view(0).matrix)
    (report,) = json.loads(out)["xrays"]
    assert (report["clean"], report["geometry"]) == ("clean.nrrd", "clean.json")
    assert (report["mask"], report["uncertainty"]) == ("found.nrrd", "sigma.nrrd")
    assert report["implants_found"] is True
    assert report["painted_share"] == pytest.approx(found.pixels.mean(), abs=1e-6)


def test_a_picture_stays_what_it_is(run, folder):
    code, out, err = run("photo.png", "-o", "clean.png", "--save-mask", "found.nrrd", "--json")
    assert code == 0, err
    before, clean = pixels_of("photo.png"), pixels_of("clean.png")
    found = pixels_of("found.nrrd") > 0
    assert (clean.dtype, clean.shape) == (before.dtype, before.shape)
    np.testing.assert_array_equal(clean[~found], before[~found])
    assert (clean != before)[SCREW].mean() > 0.9
    assert json.loads(out)["xrays"][0]["geometry"] is None
    assert not (folder / "clean.json").exists()


def test_an_image_that_lies_somewhere_keeps_that_and_its_type(run, folder):
    write(GREY.astype(np.int16)[None] - 50, "volume.nrrd", (0.25, 0.5, 1.0))
    assert run("volume.nrrd", "-o", "clean.nrrd")[0] == 0
    assert sitk.ReadImage("clean.nrrd").GetSpacing() == (0.25, 0.5, 1.0)
    clean = pixels_of("clean.nrrd")
    assert clean.dtype == np.int16
    np.testing.assert_array_equal(clean, pixels_of("volume.nrrd"))


def test_a_jpeg_and_a_dicom_image_without_geometry(run, folder):
    write(GREY.astype(np.uint8), "photo.jpg")
    dicom_xray("DX", DistanceSourceToDetector=None).save_as("dx.dcm", enforce_file_format=True)
    code, _, err = run("photo.jpg", "dx.dcm", "-o", "out")
    assert code == 0, err
    assert {file.name for file in (folder / "out").iterdir()} == {"photo_clean.nrrd", "dx_clean.nrrd"}
    assert pixels_of("out/dx_clean.nrrd").size == pixels_of("dx.dcm").size


def test_many_go_into_a_folder(run, folder):
    code, out, err = run("ap.nrrd", "lateral.nrrd", "photo.png", "-o", "out", "--save-mask", "out")
    assert code == 0, err
    assert [line.split(":")[0] for line in out.splitlines()] == [
        f"out/{name}_clean.nrrd" for name in ("ap", "lateral", "photo")
    ]
    with_geometry = {f"{name}_{what}.{end}" for name in ("ap", "lateral") for what in ("clean", "mask")
                     for end in ("nrrd", "json")}  # fmt: skip
    written = {file.name for file in (folder / "out").iterdir()}
    assert written == with_geometry | {"photo_clean.nrrd", "photo_mask.nrrd"}


def test_a_geometry_that_is_out_of_date_does_not_stay_beside_a_picture(run, folder):
    assert run("ap.nrrd", "-o", "clean.nrrd")[0] == 0
    code, _, err = run("photo.png", "-o", "clean.mha")
    assert code == 2
    assert "clean.json already exists" in err
    assert run("photo.png", "-o", "clean.nrrd", "--overwrite")[0] == 0
    assert not (folder / "clean.json").exists()


def test_another_model(run, folder, monkeypatch):
    save_model(folder / "other")
    monkeypatch.setattr(model, "SHIPPED", folder / "nowhere")
    assert run("ap.nrrd", "-o", "clean.nrrd", "--model", "other")[0] == 0
    code, _, err = run("ap.nrrd", "-o", "again.nrrd")
    assert code == 2
    assert "finder holds no model" in err


def test_one_that_cannot_be_cleaned_keeps_no_other_from_it(run, folder):
    blank = np.full(SIZE, 7, np.uint8)
    write(blank, "blank.png")
    masks = [option for _ in range(3) for option in ("--mask", "mask.png")]
    code, out, err = run("photo.png", "blank.png", "lateral.nrrd", *masks, "-o", "out", "--json")
    assert code == 2
    assert err.count("blank.png: What the mask leaves of the X-ray has one grey value") == 1
    assert [report["xray"] for report in json.loads(out)["xrays"]] == ["photo.png", "lateral.nrrd"]
    written = {file.name for file in (folder / "out").iterdir()}
    assert written == {"photo_clean.nrrd", "lateral_clean.nrrd", "lateral_clean.json"}


@pytest.fixture
def bad(folder):
    """What cannot be cleaned."""
    write(np.full(SIZE, np.nan, np.float32), "gaps.nrrd")
    write(np.ones((3, 4), np.uint8), "small.png")
    write(np.ones(SIZE, np.uint8), "all.png")
    most = np.ones(SIZE, np.uint8)
    most[0, 0] = 0
    write(most, "most.png")
    write(np.full(SIZE, 7, np.uint8), "blank.png")
    colours = np.stack([GREY, GREY, GREY + 1], axis=-1).astype(np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(colours, isVector=True), "colour.png")
    (folder / "text.png").write_text("no picture")
    (folder / "broken.nrrd").write_bytes((folder / "ap.nrrd").read_bytes())
    (folder / "broken.json").write_text("{")
    (folder / "empty").mkdir()
    return folder


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["absent.nrrd"], "absent.nrrd does not exist"),
        (["ap.nrrd", "absent.png", "-o", "empty"], "absent.png does not exist"),
        (["text.png"], "text.png cannot be read"),
        (["colour.png"], "colour.png has 3 values per voxel"),
        (["gaps.nrrd"], "gaps.nrrd has NaN or infinite pixels"),
        (["broken.nrrd"], "broken.json"),
        (["ap.nrrd", "--mask", "absent.png"], "absent.png does not exist"),
        (["ap.nrrd", "--mask", "small.png"], "pass the mask of this X-ray"),
        (["ap.nrrd", "--mask", "all.png"], "all.png covers all of ap.nrrd"),
        (["ap.nrrd", "--mask", "most.png"], "ap.nrrd: The mask covers all of the X-ray"),
        (["blank.png", "--mask", "mask.png"], "blank.png: What the mask leaves of the X-ray has one grey value"),
        (["ap.nrrd", "lateral.nrrd", "--mask", "mask.png", "-o", "empty"], "1 masks for 2 X-rays"),
        (["ap.nrrd", "lateral.nrrd"], "clean.nrrd is one file for 2 X-rays; give a folder"),
        (["ap.nrrd", "-o", "clean.png"], "a .nrrd or .mha file"),
        (["ap.nrrd", "-o", "clean.bmp"], "clean.bmp cannot be written; choose one of"),
        (["photo.png", "--save-uncertainty", "sigma.png"], "sigma.png holds whole numbers"),
        (["ap.nrrd", "-o", "no/such/clean.nrrd"], "folder"),
        (["ap.nrrd", "lateral.nrrd", "-o", "mask.png/out"], "is a file"),
        (["ap.nrrd", "-o", "lateral.nrrd"], "lateral.nrrd already exists"),
        (["ap.nrrd", "-o", "ap.nrrd", "--overwrite"], "ap.nrrd is an input"),
        (["ap.nrrd", "-o", "ap.mha", "--overwrite"], "ap.json is an input"),
        (["ap.nrrd", "--mask", "mask.png", "--save-mask", "mask.png", "--overwrite"], "mask.png is an input"),
        (["ap.nrrd", "--save-mask", "clean.nrrd"], "clean.nrrd is named twice"),
        (["ap.nrrd", "--model", "empty"], "finder holds no model"),
        (["ap.nrrd", "--device", "abacus"], "abacus"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run, bad, arguments, sentence):
    before = {file: file.stat().st_mtime_ns for file in bad.rglob("*")}
    code, out, err = run("-o", "clean.nrrd", *arguments)
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert sentence in err
    assert {file: file.stat().st_mtime_ns for file in bad.rglob("*")} == before


def test_what_cannot_be_written_leaves_all_as_it_was(run, folder, monkeypatch):
    """Not even the first of three files takes its place when the third cannot be made."""
    assert run("ap.nrrd", "-o", "clean.nrrd")[0] == 0
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    save, written = sitk.WriteImage, []

    def full(image, name, *arguments, **options):
        written.append(name)
        if len(written) == 3:
            raise RuntimeError("no space left on device")
        save(image, name, *arguments, **options)

    monkeypatch.setattr(sitk, "WriteImage", full)
    also = ("--save-mask", "found.nrrd", "--save-uncertainty", "sigma.nrrd")
    code, _, err = run("ap.nrrd", "--mask", "mask.png", "-o", "clean.nrrd", *also, "--overwrite")
    assert code == 2
    assert "clean.nrrd cannot be written; check permissions and the space left." in err
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(run, folder):
    (folder / "locked").mkdir(mode=0o500)
    code, _, err = run("ap.nrrd", "-o", "locked/clean.nrrd")
    assert code == 2
    assert "cannot be written to" in err
