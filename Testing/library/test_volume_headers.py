"""Volume files that cannot be used: each is refused in one sentence that names the file and the field."""

import gzip

import numpy as np
import pytest
import SimpleITK as sitk

from volume_files import voxel_bytes, write_mha, write_nifti, write_nrrd
from xray3d.errors import VolumeError
from xray3d.volumes import CTVolume, LabelVolume, load_ct, load_labels

ZERO_AXIS = np.diag([1.0, 0, 1, 0])[:3]
PARALLEL = np.array([[1.0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]])
SHEARED = np.array([[1.0, 0.02, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])

WRONG_NIFTI = {
    "zero spacing": ({"pixdim": (1, 0, 1)}, "pixdim has a zero"),
    "zero spacing without sform": ({"pixdim": (1, 0, 1), "sform": ()}, "pixdim has a zero"),
    "negative spacing": ({"pixdim": (1, -2, 1)}, "pixdim has a negative"),
    "spacing not finite": ({"pixdim": (1, np.nan, 1)}, "pixdim is not finite"),
    "sform all zero": ({"sform": np.zeros((3, 4))}, "sform .* zero"),
    "sform with a zero axis": ({"sform": ZERO_AXIS}, "sform .* zero"),
    "sform singular": ({"sform": PARALLEL}, "sform .* singular"),
    "sform not finite": ({"sform": np.full((3, 4), np.nan)}, "sform .* not finite"),
    "sform sheared": ({"sform": SHEARED}, "sheared sform"),
    "sform against pixdim": ({"sform": 2 * np.eye(3, 4)}, "pixdim gives voxels of 1, 1, 1 mm and the sform of 2, 2, 2"),
    "4D": ({"dim": (4, 5, 6, 7, 2), "data": 2 * voxel_bytes()}, "4D"),
    "2D": ({"dim": (2, 5, 6)}, "2D"),
    "RGB": ({"datatype": (128, 24)}, "3 values per voxel"),
    "size zero": ({"dim": (3, 5, 0, 7)}, "empty"),
    "dimensions": ({"dim": (9, 5, 6, 7)}, "9 dimensions"),
    "truncated": ({"data": voxel_bytes()[:400]}, "truncated"),
}

WRONG_NRRD = {
    "zero axis": ({"directions": "(1,0,0) (0,0,0) (0,0,1)"}, "space directions has an axis of zero"),
    "singular": ({"directions": "(1,0,0) (1,0,0) (0,0,1)"}, "space directions is a singular"),
    "not finite": ({"directions": "(1,0,0) (nan,1,0) (0,0,1)"}, "space directions is not finite"),
    "zero spacing": ({"directions": "", "more": "spacings: 1 0 1\n"}, "spacings has a zero"),
    "negative spacing": ({"directions": "", "more": "spacings: 1 -1 1\n"}, "spacings has a negative"),
    "size zero": ({"sizes": "5 0 7"}, "sizes has a zero"),
    "vector": (
        {"directions": "none (1,0,0) (0,1,0) (0,0,1)", "sizes": "3 5 6 7", "dimension": 4,
         "more": "kinds: vector domain domain domain\n", "data": 3 * voxel_bytes()},
        "3 values per voxel",
    ),
    "truncated": ({"data": b"123"}, "cannot be read"),
}  # fmt: skip

WRONG_MHA = {
    "zero spacing": ({"spacing": "1 0 1"}, "ElementSpacing has a zero"),
    "negative spacing": ({"spacing": "1 -1 1"}, "ElementSpacing has a negative"),
    "spacing not finite": ({"spacing": "1 nan 1"}, "ElementSpacing is not finite"),
    "singular": ({"matrix": "1 0 0 0 1 0 0 1 0"}, "TransformMatrix .*(singular|zero)"),
    "zero matrix": ({"matrix": "0 0 0 0 0 0 0 0 0"}, "TransformMatrix .* zero"),
    "size zero": ({"size": "5 0 7"}, "DimSize has a zero"),
    "truncated": ({"data": b"123"}, "cannot be read"),
}


@pytest.mark.parametrize("load", [load_ct, load_labels])
@pytest.mark.parametrize("case", WRONG_NIFTI)
def test_wrong_nifti_is_refused_by_field(tmp_path, case, load):
    fields, says = WRONG_NIFTI[case]
    with pytest.raises(VolumeError, match=rf"ct\.nii.*{says}"):
        load(write_nifti(tmp_path / "ct.nii", **fields))


@pytest.mark.parametrize("case", WRONG_NRRD)
def test_wrong_nrrd_is_refused_by_field(tmp_path, case):
    fields, says = WRONG_NRRD[case]
    with pytest.raises(VolumeError, match=rf"ct\.nrrd.*{says}"):
        load_ct(write_nrrd(tmp_path / "ct.nrrd", **fields))


@pytest.mark.parametrize("case", WRONG_MHA)
def test_wrong_metaimage_is_refused_by_field(tmp_path, case):
    fields, says = WRONG_MHA[case]
    with pytest.raises(VolumeError, match=rf"ct\.mha.*{says}"):
        load_ct(write_mha(tmp_path / "ct.mha", **fields))


def test_the_same_files_without_their_fault_load(tmp_path):
    """So that the tests above fail for the fault alone."""
    for path in (
        write_nifti(tmp_path / "ct.nii"),
        write_nifti(tmp_path / "one_frame.nii", dim=(4, 5, 6, 7, 1)),
        write_nrrd(tmp_path / "ct.nrrd"),
        write_mha(tmp_path / "ct.mha"),
    ):
        assert load_ct(path).size_ijk == (5, 6, 7)


def test_unknown_left_and_right_is_said(tmp_path):
    for path in (write_nifti(tmp_path / "ct.nii", sform=()), write_nrrd(tmp_path / "ct.nrrd", directions="")):
        with pytest.warns(UserWarning, match=f"{path.name}.*left is a guess"):
            load_ct(path)


def test_truncated_gzip_is_refused_and_a_whole_one_of_several_parts_is_not(tmp_path):
    whole = write_nifti(tmp_path / "ct.nii").read_bytes()
    packed = gzip.compress(whole)
    (tmp_path / "cut.nii.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "parts.nii.gz").write_bytes(gzip.compress(whole[:600]) + gzip.compress(whole[600:]))
    with pytest.raises(VolumeError, match=r"cut\.nii\.gz is truncated"):
        load_ct(tmp_path / "cut.nii.gz")
    assert load_ct(tmp_path / "parts.nii.gz").size_ijk == (5, 6, 7)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("ct.nii", b"", "empty file"),
        ("ct.nii", b"not an image" * 99, "not a NIfTI file"),
        ("ct.nii.gz", b"\x1f\x8b" + b"x" * 99, "damaged gzip"),
        ("ct.nrrd", b"not an image" * 99, "not a NRRD file"),
        ("ct.mha", b"not an image" * 99, "cannot be read"),
        ("ct.jpg", b"whatever", "no known kind"),
    ],
)
def test_unreadable_file_is_named(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(VolumeError, match=rf"{name}.*{says}"):
        load_ct(tmp_path / name)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(VolumeError, match=r"nowhere\.nii does not exist"):
        load_ct(tmp_path / "nowhere.nii")


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_voxels_that_are_no_numbers_are_refused(tmp_path, wrong):
    voxels = np.frombuffer(voxel_bytes(), "<f4").reshape(7, 6, 5).copy()
    voxels[3, 2, 1] = wrong
    sitk.WriteImage(sitk.GetImageFromArray(voxels), str(tmp_path / "ct.nrrd"))
    with pytest.raises(VolumeError, match=r"ct\.nrrd has NaN or infinite voxels"):
        load_ct(tmp_path / "ct.nrrd")


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["ct.nii", "ct.nii.gz"])
def test_nifti_voxels_that_are_no_numbers_are_not_read_as_water(tmp_path, wrong, name):
    voxels = np.frombuffer(voxel_bytes(), "<f4").copy()
    voxels[-1] = wrong
    path = write_nifti(tmp_path / "ct.nii", data=voxels.tobytes())
    if name.endswith(".gz"):
        (tmp_path / name).write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(VolumeError, match=rf"{name} has NaN or infinite voxels"):
        load_ct(tmp_path / name)


@pytest.mark.parametrize("make", [CTVolume, LabelVolume])
@pytest.mark.parametrize(
    ("shape", "affine", "says"),
    [
        ((2, 2), np.eye(4), "2 dimensions"),
        ((2, 2, 2, 2), np.eye(4), "4 dimensions"),
        ((2, 0, 2), np.eye(4), "empty"),
        ((2, 2, 2), np.eye(3), "4×4"),
        ((2, 2, 2), np.diag([1, np.nan, 1, 1]), "4×4"),
        ((2, 2, 2), np.diag([1, 0, 1, 1]), "spacing of zero"),
        ((2, 2, 2), np.array([[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), "singular"),
    ],
)
def test_impossible_volume_in_memory_is_refused(make, shape, affine, says):
    with pytest.raises(VolumeError, match=f"study 7.*{says}"):
        make(np.zeros(shape, np.int16), affine, name="study 7")
