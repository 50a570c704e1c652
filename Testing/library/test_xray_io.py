"""X-ray images with geometry in and out: NRRD and JSON, DICOM, pictures with a geometry file."""

import json

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_files import xray
from xray3d.errors import GeometryError, OutputExistsError, VolumeError
from xray3d.geometry import GivenGeometry, Projection, save_geometry, save_p_matrix
from xray3d.volumes import XRayImage, load_xray, save_xray

SIZE_PX, PIXEL_MM = (40, 60), (1.3, 1.1)


def view(primary_deg=20.0, secondary_deg=-10.0, principal_point=(25.0, 22.0)) -> XRayImage:
    projection = Projection.from_carm(primary_deg, secondary_deg, (5, 6, 7), 1020, 700, SIZE_PX, PIXEL_MM)
    intrinsic = projection.intrinsic.copy()
    intrinsic[:2, 2] = principal_point
    pixels = np.random.default_rng(0).random(SIZE_PX).astype(np.float32)
    return XRayImage(pixels, Projection(intrinsic, projection.extrinsic, SIZE_PX, PIXEL_MM))


@settings(max_examples=20, deadline=None)
@given(st.floats(-180, 180), st.floats(-80, 80), st.floats(-20, 80), st.booleans(), st.sampled_from([".nrrd", ".mha"]))
def test_saved_view_comes_back_with_or_without_its_json(tmp_path_factory, primary, secondary, column, alone, suffix):
    path = tmp_path_factory.mktemp("view") / f"view{suffix}"
    original = view(primary, secondary, (column, 22.0))
    save_xray(original, path)
    if alone:
        path.with_name("view.json").unlink()
    back = load_xray(path)
    np.testing.assert_array_equal(back.pixels, original.pixels)
    np.testing.assert_allclose(back.projection.matrix, original.projection.matrix, rtol=1e-9, atol=1e-5)
    np.testing.assert_allclose(back.projection.pixel_mm, PIXEL_MM)


def test_nrrd_lies_on_the_receptor_for_any_other_reader(tmp_path):
    """SimpleITK's own physical points, turned to RAS, project onto their pixels; the attributes are in its metadata."""
    original = view()
    save_xray(original, tmp_path / "view.nrrd")
    image = sitk.ReadImage(str(tmp_path / "view.nrrd"))
    for column, row in ((0, 0), (59, 0), (12, 33)):
        x, y, z = image.TransformIndexToPhysicalPoint((column, row, 0))
        np.testing.assert_allclose(original.projection.project((-x, -y, z)), (column, row), atol=1e-6)
        assert image[column, row, 0] == original.pixels[row, column]
    assert image.GetSize() == (60, 40, 1)
    assert float(image.GetMetaData("XRay3D.SourceToDetectorDistance")) == pytest.approx(1020)
    assert [float(n) for n in image.GetMetaData("XRay3D.PrincipalPoint").split()] == [25, 22]


@pytest.mark.parametrize("existing", ["view.nrrd", "view.json"])
def test_neither_file_is_overwritten_unless_asked(tmp_path, existing):
    (tmp_path / existing).write_text("mine")
    with pytest.raises(OutputExistsError, match=existing):
        save_xray(view(), tmp_path / "view.nrrd")
    assert [path.name for path in tmp_path.iterdir()] == [existing]
    assert (tmp_path / existing).read_text() == "mine"
    save_xray(view(), tmp_path / "view.nrrd", overwrite=True)
    assert load_xray(tmp_path / "view.nrrd").projection.size_px == SIZE_PX


def test_json_that_is_out_of_date_is_noticed(tmp_path):
    save_xray(view(20), tmp_path / "view.nrrd")
    save_geometry(view(25).projection, tmp_path / "view.json", overwrite=True)
    with pytest.raises(GeometryError, match=r"view\.nrrd and view\.json place the X-ray .* mm apart"):
        load_xray(tmp_path / "view.nrrd")
    chosen = load_xray(tmp_path / "view.nrrd", geometry=tmp_path / "view.json")
    np.testing.assert_allclose(chosen.projection.matrix, view(25).projection.matrix)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".nii.gz", ".nrrd"])
def test_picture_with_json_or_p_matrix(tmp_path, suffix):
    pixels = np.random.default_rng(1).integers(0, 60000, SIZE_PX).astype(np.uint16)
    projection = view().projection
    image = sitk.GetImageFromArray(pixels if suffix in (".png", ".tif") else pixels[None])
    path = tmp_path / f"photo{suffix}"
    sitk.WriteImage(image, str(path))
    with pytest.raises(GeometryError, match=r"photo.* has no geometry.*photo\.json"):
        load_xray(path)
    save_p_matrix(projection, tmp_path / "p.txt")
    save_geometry(projection, tmp_path / "photo.json")
    for loaded in (load_xray(path), load_xray(path, tmp_path / "p.txt"), load_xray(path, projection)):
        np.testing.assert_array_equal(loaded.pixels, pixels)
        np.testing.assert_allclose(loaded.projection.matrix, projection.matrix, atol=1e-7)


def test_bare_p_matrix_takes_size_and_spacing_from_a_file_that_has_them(tmp_path):
    np.savetxt(tmp_path / "p.txt", view().projection.matrix)
    image = sitk.GetImageFromArray(view().pixels[None])
    image.SetSpacing((PIXEL_MM[1], PIXEL_MM[0], 1))
    sitk.WriteImage(image, str(tmp_path / "x.nrrd"))
    loaded = load_xray(tmp_path / "x.nrrd", tmp_path / "p.txt")
    assert loaded.projection.pixel_mm == pytest.approx(PIXEL_MM)
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros(SIZE_PX, np.uint8)), str(tmp_path / "x.png"))
    with pytest.raises(GeometryError, match=r"p\.txt does not say the image's pixel_mm"):
        load_xray(tmp_path / "x.png", tmp_path / "p.txt")


@pytest.mark.parametrize("modality", ["XA", "RF", "DX", "CR"])
def test_dicom_pixels_are_seen_from_the_source(tmp_path, modality):
    """Stored with the patient's left on the right: from a source behind the patient it is the other way round."""
    stored = np.arange(2400, dtype=np.uint16).reshape(40, 60)
    xray(modality, stored).save_as(tmp_path / "view.dcm")
    loaded = load_xray(tmp_path / "view.dcm")
    np.testing.assert_array_equal(loaded.pixels, stored[:, ::-1])
    kept = load_xray(tmp_path / "view.dcm", geometry=loaded.projection)
    np.testing.assert_array_equal(kept.pixels, stored)


@pytest.mark.parametrize("modality", ["XA", "RF", "DX", "CR"])
def test_monochrome1_is_inverted_and_values_are_rescaled(tmp_path, modality):
    stored = np.arange(2400, dtype=np.uint16).reshape(40, 60)
    fields = {"BitsStored": 12, "HighBit": 11, "RescaleSlope": 2, "RescaleIntercept": -100}
    xray(modality, stored, **fields).save_as(tmp_path / "2.dcm")
    xray(modality, stored, PhotometricInterpretation="MONOCHROME1", **fields).save_as(tmp_path / "1.dcm")
    bright, dark = load_xray(tmp_path / "2.dcm").pixels, load_xray(tmp_path / "1.dcm").pixels
    np.testing.assert_array_equal(bright[:, ::-1], 2.0 * stored - 100)
    np.testing.assert_array_equal(dark[:, ::-1], 2.0 * (4095 - stored) - 100)


def test_frame_of_a_run_comes_with_its_own_angle(tmp_path):
    frames = np.stack([np.full((40, 60), n, np.uint16) for n in range(3)])
    xray(pixels=frames, PositionerPrimaryAngleIncrement=[0, 5, 10]).save_as(tmp_path / "run.dcm")
    loaded = load_xray(tmp_path / "run.dcm", frame=2)
    assert (loaded.pixels == 2).all()
    expected = Projection.from_carm(40, 20, (0, 0, 0), 1000, 600, SIZE_PX, (0.4, 0.3))
    np.testing.assert_allclose(loaded.projection.matrix, expected.matrix, atol=1e-6)
    with pytest.raises(VolumeError, match=r"run\.dcm has 3 frames; there is no frame 3"):
        load_xray(tmp_path / "run.dcm", frame=3)


def test_header_without_distance_is_named_and_can_be_helped(tmp_path):
    xray(DistanceSourceToDetector=None).save_as(tmp_path / "view.dcm")
    with pytest.raises(GeometryError, match=r"view\.dcm has no DistanceSourceToDetector \(0018,1110\); .*sdd_mm"):
        load_xray(tmp_path / "view.dcm")
    loaded = load_xray(tmp_path / "view.dcm", given=GivenGeometry(sdd_mm=1000))
    assert loaded.projection.sdd_mm == pytest.approx(1000)


@pytest.mark.parametrize(
    ("name", "image", "says"),
    [
        ("a.png", sitk.GetImageFromArray(np.uint8([[[1, 2, 3]] * 60] * 40), isVector=True), "3 values per voxel"),
        ("a.nrrd", sitk.Image([6, 4, 3, 2], sitk.sitkFloat32), "not one X-ray image"),
    ],
)
def test_image_that_is_no_xray_is_refused(tmp_path, name, image, says):
    sitk.WriteImage(image, str(tmp_path / name))
    with pytest.raises(VolumeError, match=rf"{name}.*{says}"):
        load_xray(tmp_path / name, geometry=view().projection)


def test_image_and_geometry_must_fit(tmp_path):
    with pytest.raises(VolumeError, match=r"40×59 pixels, but its geometry is for 40×60"):
        XRayImage(view().pixels[:, :-1], view().projection)
    with pytest.raises(VolumeError, match="NaN"):
        XRayImage(view().pixels * np.nan, view().projection)
    with pytest.raises(VolumeError, match="3 dimensions"):
        XRayImage(view().pixels[None], view().projection)


def test_wrong_attribute_or_file_is_named(tmp_path):
    save_xray(view(), tmp_path / "view.nrrd")
    (tmp_path / "view.json").unlink()
    image = sitk.ReadImage(str(tmp_path / "view.nrrd"))
    image.SetMetaData("XRay3D.PrincipalPoint", "here")
    sitk.WriteImage(image, str(tmp_path / "view.nrrd"))
    for path, error, says in (
        (tmp_path / "view.nrrd", GeometryError, r"view\.nrrd: its attributes"),
        (tmp_path / "nowhere.nrrd", VolumeError, r"nowhere\.nrrd does not exist"),
        (tmp_path, VolumeError, "is a folder"),
    ):
        with pytest.raises(error, match=says):
            load_xray(path)
    with pytest.raises(VolumeError, match=r"view\.jpg cannot be written"):
        save_xray(view(), tmp_path / "view.jpg")


def test_json_is_the_contract(tmp_path):
    save_xray(view(), tmp_path / "view.nrrd")
    fields = json.loads((tmp_path / "view.json").read_text())
    assert fields["pixel_spacing_mm"] == list(PIXEL_MM)
    np.testing.assert_allclose(fields["intrinsic"], view().projection.intrinsic)
