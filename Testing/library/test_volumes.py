"""CT volumes and label maps in and out: placement in RAS, values, and what is not a CT."""

import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from volume_files import patient_like
from xray3d.errors import OutputExistsError, VolumeError
from xray3d.volumes import CTVolume, LabelVolume, load_ct, load_labels, save_volume

FORMATS = [".nrrd", ".nii.gz", ".nii", ".mha"]
DATA = Path(os.environ.get("XRAY3D_DATA", Path(__file__).parents[3] / "shared" / "data")) / "ct"


@st.composite
def affines(draw) -> np.ndarray:
    """Any orientation: oblique, flipped, axes permuted, left handed, anisotropic, far from the origin."""
    rotation = Rotation.from_rotvec(draw(st.tuples(*[st.floats(-3, 3)] * 3))).as_matrix()
    flips = draw(st.tuples(*[st.sampled_from([-1, 1])] * 3))
    spacing = draw(st.tuples(*[st.floats(0.2, 6)] * 3))
    affine = np.eye(4)
    affine[:3, :3] = rotation @ np.diag(flips) @ np.diag(spacing)
    affine[:3, 3] = draw(st.tuples(*[st.floats(-500, 500)] * 3))
    return affine


@settings(max_examples=25, deadline=None)
@given(affines(), st.sampled_from(FORMATS))
def test_any_orientation_is_saved_and_loaded_in_every_format(tmp_path_factory, affine, suffix):
    path = tmp_path_factory.mktemp("ct") / f"ct{suffix}"
    save_volume(CTVolume(patient_like(), affine), path)
    back = load_ct(path)
    np.testing.assert_array_equal(back.hu, patient_like())
    np.testing.assert_allclose(back.ijk_to_ras, affine, atol=1e-3 if ".nii" in suffix else 1e-9)


@pytest.mark.parametrize("suffix", FORMATS)
def test_simpleitk_sees_the_same_points_in_lps(tmp_path, suffix):
    """The files are right for others too: SimpleITK's own index to point, x and y negated, is ours."""
    affine = np.array([[0, 0, 2.5, 10], [-0.7, 0, 0, 20], [0, -0.8, 0, 30], [0, 0, 0, 1]])
    path = tmp_path / f"ct{suffix}"
    save_volume(CTVolume(patient_like(), affine), path)
    x, y, z = sitk.ReadImage(str(path)).TransformIndexToPhysicalPoint((3, 4, 5))
    np.testing.assert_allclose((-x, -y, z), load_ct(path).to_ras([3, 4, 5]), atol=1e-5)
    np.testing.assert_allclose((-x, -y, z), (affine @ [3, 4, 5, 1])[:3], atol=1e-5)


def test_voxels_go_where_the_header_says_whatever_wrote_it(tmp_path):
    """A voxel set through SimpleITK, an independent writer, is found at its place in RAS."""
    image = sitk.GetImageFromArray(patient_like().astype(np.int16))
    image.SetDirection(Rotation.from_euler("xyz", [20, -35, 50], degrees=True).as_matrix().ravel())
    image.SetSpacing((0.7, 0.9, 2.1))
    image.SetOrigin((-12, 34, 56))
    image[2, 3, 4] = 1234
    sitk.WriteImage(image, str(tmp_path / "ct.nii.gz"))
    x, y, z = image.TransformIndexToPhysicalPoint((2, 3, 4))
    ct = load_ct(tmp_path / "ct.nii.gz")
    i, j, k = np.rint(ct.to_ijk((-x, -y, z))).astype(int)
    assert ct.hu[k, j, i] == 1234
    np.testing.assert_allclose(ct.spacing_mm, (0.7, 0.9, 2.1), atol=1e-6)


def test_grid_helpers_agree_with_each_other():
    affine = np.array([[0, 0, 2.5, 10], [-0.7, 0, 0, 20], [0, -0.8, 0, 30], [0, 0, 0, 1]])
    labels = LabelVolume(np.zeros((4, 5, 6), np.uint8), affine)
    assert labels.size_ijk == (6, 5, 4)
    np.testing.assert_allclose(labels.center_ras, (affine @ [2.5, 2, 1.5, 1])[:3])
    np.testing.assert_allclose(labels.to_ijk(labels.to_ras([[1, 2, 3], [0, 0, 0]])), [[1, 2, 3], [0, 0, 0]], atol=1e-12)


@pytest.mark.parametrize("suffix", FORMATS)
def test_labels_keep_their_numbers(tmp_path, suffix):
    numbers = np.random.default_rng(1).integers(0, 118, (4, 5, 6)).astype(np.uint8)
    save_volume(LabelVolume(numbers, np.diag([2.0, 1, 3, 1])), tmp_path / f"l{suffix}")
    back = load_labels(tmp_path / f"l{suffix}")
    np.testing.assert_array_equal(back.labels, numbers)
    assert back.labels.dtype == np.uint8


def test_labels_are_whole_numbers():
    whole = LabelVolume(np.full((2, 2, 2), 3.0), np.eye(4))
    assert whole.labels.dtype.kind == "i"
    for wrong in (0.5, np.nan):
        with pytest.raises(VolumeError, match="not whole numbers"):
            LabelVolume(np.full((2, 2, 2), wrong), np.eye(4))


def test_fractions_of_hu_are_kept(tmp_path):
    hu = patient_like() + np.float32(0.25)
    save_volume(CTVolume(hu, np.eye(4)), tmp_path / "ct.nrrd")
    np.testing.assert_array_equal(load_ct(tmp_path / "ct.nrrd").hu, hu)


def test_existing_volume_is_kept_unless_asked(tmp_path):
    path = tmp_path / "ct.nrrd"
    path.write_text("mine")
    with pytest.raises(OutputExistsError, match=r"ct\.nrrd exists"):
        save_volume(CTVolume(patient_like(), np.eye(4)), path)
    assert path.read_text() == "mine"
    save_volume(CTVolume(patient_like(), np.eye(4)), path, overwrite=True)
    assert load_ct(path).size_ijk == (10, 12, 14)


def test_volume_that_cannot_be_written_is_named(tmp_path):
    ct = CTVolume(patient_like(), np.eye(4))
    sheared = CTVolume(ct.hu, np.array([[1, 0.3, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))
    for volume, name, says in (
        (ct, "ct.xyz", "choose one of"),
        (ct, "nowhere/ct.nrrd", "folder exists"),
        (sheared, "ct.nii", "sheared"),
    ):
        with pytest.raises(VolumeError, match=f"{name}.*{says}"):
            save_volume(volume, tmp_path / name)


def ringing(stored: np.ndarray) -> np.ndarray:
    """With the undershoot that cubic interpolation leaves beside edges."""
    stored = stored.copy()
    stored[::3, ::3, ::3] = -70
    return stored


NOT_HU = {
    "stored values, not rescaled": (lambda hu: np.maximum(hu + 1024, 0), "fat and air"),
    "stored values with padding": (lambda hu: np.where(hu <= -1000, -2000, hu + 1024), "fat and air"),
    "stored values, interpolated": (lambda hu: ringing(hu + 1024)[3:-3, 3:-3, 3:-3], "soft tissue near 1000"),
    "the same, air zeroed": (lambda hu: np.pad(ringing(hu + 1024)[3:-3, 3:-3, 3:-3], 8), "soft tissue near 1000"),
    "an 8-bit picture": (lambda hu: np.clip((hu + 1000) / 8, 0, 255).round(), "fat and air"),
    "normalised to 0..1": (lambda hu: (hu + 1000) / 1700, "as if normalised"),
    "normalised to -1..1": (lambda hu: hu / 1000, "as if normalised"),
    "standardised": (lambda hu: 30 * (hu + 900) / 1700 - 40, "as if normalised"),
    "MR-like": (lambda hu: np.abs(hu) / 2, "fat and air"),
    "MR, background zeroed": (lambda hu: np.where(hu <= -1000, 0, 400 + hu), "fat and air"),
    "a label map": (lambda hu: (hu > -500) * 100 + (hu > 300) * 100, "fat and air"),
    "one value": (lambda hu: hu * 0, "the same value, 0, in every voxel"),
    "air alone": (lambda hu: np.clip(hu, -1000, -600), "nothing denser"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", NOT_HU)
def test_values_that_are_not_hu_are_refused(tmp_path, kind):
    spoil, says = NOT_HU[kind]
    values = spoil(patient_like(shape=(30, 30, 30)))
    save_volume(CTVolume(values, np.eye(4)), tmp_path / "odd.nrrd")
    with pytest.raises(VolumeError, match=rf"odd\.nrrd .*{says}"):
        load_ct(tmp_path / "odd.nrrd")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("ball_hu", [-300, 0, 1000, 3000])
def test_phantom_in_air_is_a_ct(tmp_path, ball_hu):
    hu = np.full((20, 20, 20), -1000.0)
    hu[8:12, 8:12, 8:12] = ball_hu
    save_volume(CTVolume(hu, np.eye(4)), tmp_path / "phantom.nrrd")
    np.testing.assert_array_equal(load_ct(tmp_path / "phantom.nrrd").hu, hu)


@pytest.mark.filterwarnings("error")
def test_crop_without_air_is_a_ct(tmp_path):
    tissue = np.random.default_rng(3).normal(0, 80, (20, 20, 20))
    save_volume(CTVolume(tissue, np.eye(4)), tmp_path / "crop.nrrd")
    np.testing.assert_array_equal(load_ct(tmp_path / "crop.nrrd").hu, tissue.astype(np.float32))


def test_what_was_cut_away_becomes_air_and_the_rest_stays(tmp_path):
    """A masked CT, set to 0 HU outside: inside, three voxels from the cut on, nothing changes."""
    rng = np.random.default_rng(4)
    hu = np.zeros((40, 40, 40), np.float32)
    hu[10:30, 10:30, 10:30] = rng.normal(60, 120, (20, 20, 20))
    save_volume(CTVolume(hu, np.eye(4)), tmp_path / "masked.nrrd")
    with pytest.warns(UserWarning, match=r"masked\.nrrd is masked"):
        ct = load_ct(tmp_path / "masked.nrrd")
    assert (ct.hu[:10] == -1000).all()
    np.testing.assert_array_equal(ct.hu[13:27, 13:27, 13:27], hu[13:27, 13:27, 13:27])
    np.testing.assert_array_equal(CTVolume(hu, np.eye(4)).hu, hu)  # in memory nothing is guessed


@pytest.mark.skipif(not DATA.is_dir(), reason="no example CTs here")
@pytest.mark.filterwarnings("ignore:.*is masked")
@pytest.mark.parametrize("path", sorted(DATA.glob("*.nii.gz")), ids=lambda path: path.name.split(".")[0])
def test_every_example_loads(path):
    if "labels" in path.name:
        assert load_labels(path).labels.max() > 20
        with pytest.raises(VolumeError, match="not in Hounsfield units"):
            load_ct(path)
    else:
        ct = load_ct(path)
        reference = sitk.ReadImage(str(path))
        x, y, z = reference.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in reference.GetSize()])
        np.testing.assert_allclose(ct.center_ras, (-x, -y, z), atol=1e-3)
        assert ct.hu.max() > 600
        assert ct.hu.min() < -900
