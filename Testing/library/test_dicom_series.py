"""CT series in DICOM: order, rescale, placement, and what is refused."""

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from dicom_files import dicom, item, write_ct_series
from volume_files import patient_like
from xray3d.errors import VolumeError
from xray3d.volumes import load_ct

RAS_LPS = np.diag([-1.0, -1, 1, 1])


def lps_grid(euler_deg=(0, 0, 0), spacing=(0.7, 0.8, 2.5), origin=(-10, 20, 30)) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", euler_deg, degrees=True).as_matrix() @ np.diag(spacing)
    affine[:3, 3] = origin
    return affine


def stored() -> np.ndarray:
    return (patient_like() + 1024).astype(np.int16)


@settings(max_examples=15, deadline=None)
@given(st.tuples(*[st.floats(-170, 170)] * 3), st.booleans())
def test_series_of_any_orientation_is_placed_in_ras(tmp_path_factory, euler_deg, backwards):
    """Slices are ordered by position, not by name; voxels keep their values and their places."""
    folder = tmp_path_factory.mktemp("series")
    grid = lps_grid(euler_deg)
    if backwards:
        grid[:3, 2] *= -1
    write_ct_series(folder, stored(), grid)
    ct = load_ct(folder)
    hu = patient_like()
    for k, j, i in ((0, 0, 0), (7, 6, 5), (6, 3, 4), (13, 11, 9)):
        at = (RAS_LPS @ grid @ [i, j, k, 1])[:3]
        found = np.rint(ct.to_ijk(at)).astype(int)
        np.testing.assert_allclose(ct.to_ras(found), at, atol=1e-4)
        assert ct.hu[found[2], found[1], found[0]] == hu[k, j, i]


def test_one_file_stands_for_its_series_and_several_series_are_listed(tmp_path):
    first = write_ct_series(tmp_path, stored(), lps_grid(), series_uid="1.2.111111", SeriesDescription="thin")
    write_ct_series(tmp_path, stored()[:5], lps_grid(), series_uid="1.2.222222", SeriesDescription="lung")
    (tmp_path / "notes.txt").write_text("not DICOM")
    with pytest.raises(
        VolumeError, match=r"2 series.*series_uid.*1\.2\.111111 \(CT thin, 14 files\); 1\.2\.222222 \(CT lung"
    ):
        load_ct(tmp_path)
    assert load_ct(first[3]).size_ijk == (10, 12, 14)
    assert load_ct(tmp_path, series_uid="1.2.222222").size_ijk == (10, 12, 5)
    with pytest.raises(VolumeError, match=r"no series 9\.9"):
        load_ct(tmp_path, series_uid="9.9")


def test_every_slice_has_its_own_rescale(tmp_path):
    paths = write_ct_series(tmp_path, stored(), lps_grid())
    for path in paths[::2]:
        dataset = pydicom.dcmread(path)
        pixels = (dataset.pixel_array.astype(float) * 2 + 200).astype(np.int16)
        dataset.PixelData, dataset.RescaleSlope, dataset.RescaleIntercept = pixels.tobytes(), 0.5, -1124
        dataset.save_as(path)
    np.testing.assert_array_equal(load_ct(tmp_path).hu, patient_like())


def test_localizers_are_left_out(tmp_path):
    write_ct_series(tmp_path, stored(), lps_grid(), series_uid="1.2.333333")
    write_ct_series(
        tmp_path, stored()[:1], lps_grid((90, 0, 0)), "1.2.444444", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]
    )
    assert load_ct(tmp_path).size_ijk == (10, 12, 14)


def test_enhanced_ct_in_one_file(tmp_path):
    """Frames in any order, their places in the functional groups."""
    grid, order = lps_grid((10, 20, 30)), np.random.default_rng(0).permutation(14)
    spacing = np.linalg.norm(grid[:3, :2], axis=0)
    dataset = dicom("CT", stored()[order], RescaleSlope=1, RescaleIntercept=-1024, SeriesInstanceUID="1.2.3")
    dataset.SharedFunctionalGroupsSequence = [
        item(
            PixelMeasuresSequence=[item(PixelSpacing=[spacing[1], spacing[0]])],
            PlaneOrientationSequence=[
                item(ImageOrientationPatient=[f"{n:.9g}" for n in (grid[:3, :2] / spacing).T.ravel()])
            ],
        )
    ]
    dataset.PerFrameFunctionalGroupsSequence = [
        item(PlanePositionSequence=[item(ImagePositionPatient=[f"{n:.9g}" for n in (grid @ [0, 0, k, 1])[:3]])])
        for k in order
    ]
    dataset.save_as(tmp_path / "enhanced.dcm")
    ct = load_ct(tmp_path / "enhanced.dcm")
    np.testing.assert_array_equal(ct.hu, patient_like())
    np.testing.assert_allclose(ct.ijk_to_ras, RAS_LPS @ grid, atol=1e-6)


def without_one(paths):
    paths[6].unlink()


def with_one_twice(paths):
    paths[6].with_name("again.dcm").write_bytes(paths[6].read_bytes())


def only_one(paths):
    for path in paths[1:]:
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (without_one, "slices missing or unevenly spaced .5.00 mm instead of 2.50"),
        (with_one_twice, "several slices at"),
        (only_one, "single slice"),
    ],
)
def test_incomplete_series_is_refused(tmp_path, spoil, says):
    spoil(write_ct_series(tmp_path / "series", stored(), lps_grid()))
    with pytest.raises(VolumeError, match=f"series has? ?.*{says}|series holds a {says}"):
        load_ct(tmp_path / "series")


def test_gantry_tilt_is_refused(tmp_path):
    tilted = lps_grid()
    tilted[:3, 2] = [0, 0.5, 2.5]
    write_ct_series(tmp_path, stored(), tilted)
    with pytest.raises(VolumeError, match=r"gantry tilt of 11\.3 degrees"):
        load_ct(tmp_path)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"Modality": "MR"}, "Modality MR"),
        ({"PixelSpacing": [0, 1]}, "PixelSpacing has a zero"),
        ({"PixelSpacing": None}, "no usable PixelSpacing"),
        ({"ImagePositionPatient": None}, "no usable ImagePositionPatient"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "ImageOrientationPatient is not two perpendicular"),
        ({"RescaleIntercept": 0}, "not in Hounsfield units"),
        ({"SamplesPerPixel": 3}, "colour"),
    ],
)
def test_wrong_field_is_named(tmp_path, fields, says):
    write_ct_series(tmp_path, stored(), lps_grid(), **fields)
    with pytest.raises(VolumeError, match=says):
        load_ct(tmp_path)


def test_folder_without_images_is_named(tmp_path):
    with pytest.raises(VolumeError, match=rf"{tmp_path.name} holds no DICOM images"):
        load_ct(tmp_path)
