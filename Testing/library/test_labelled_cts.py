"""Downloads of public data sets: which labels are of which CT, and whose these are."""

import pytest

from xray3d.datasets.labelled_cts import find_labelled_cts
from xray3d.errors import VolumeError

CTSPINE1K = [
    "raw_data/volumes/COLONOG/1.3.6.1.4.1.9328.50.4.0001.nii.gz",
    "raw_data/labels/COLONOG/1.3.6.1.4.1.9328.50.4.0001_seg.nii.gz",
    "raw_data/volumes/COVID-19/volume-covid19-A-0011_ct.nii.gz",
    "raw_data/labels/COVID-19/volume-covid19-A-0011_ct_seg.nii.gz",
    "raw_data/volumes/MSD-T10/liver_7.nii.gz",
    "raw_data/labels/MSD-T10/liver_7_seg.nii.gz",
]
VERSE_BY_SUBJECT = [
    "training/rawdata/sub-verse500/sub-verse500_dir-ax_ct.nii.gz",
    "training/derivatives/sub-verse500/sub-verse500_dir-ax_seg-vert_msk.nii.gz",
    "training/derivatives/sub-verse500/sub-verse500_dir-ax_seg-subreg_ctd.json",
    "training/rawdata/sub-verse402/sub-verse402_split-verse251_ct.nii.gz",
    "training/derivatives/sub-verse402/sub-verse402_split-verse251_seg-vert_msk.nii.gz",
    "training/rawdata/sub-verse402/sub-verse402_split-verse252_ct.nii.gz",
    "training/derivatives/sub-verse402/sub-verse402_split-verse252_seg-vert_msk.nii.gz",
    "training/rawdata/sub-verse004/sub-verse004_ct.nii.gz",
    "training/derivatives/sub-verse004/sub-verse004_seg-vert_msk.nii.gz",
]
VERSE = [
    "01_training/verse012/verse012_CT-iso.nii.gz",
    "01_training/verse012/verse012_CT-iso_seg.nii.gz",
    "01_training/verse013/verse013.nii",
    "01_training/verse013/verse013_seg.nii",
]


def download(folder, files):
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


@pytest.mark.parametrize(
    ("files", "patients"),
    [
        (CTSPINE1K, ["1.3.6.1.4.1.9328.50.4.0001", "liver_7", "volume-covid19-A-0011"]),
        (VERSE_BY_SUBJECT, ["sub-verse004", "sub-verse402", "sub-verse402", "sub-verse500"]),
        (VERSE, ["verse012", "verse013"]),
    ],
)
def test_every_ct_has_its_own_labels(tmp_path, files, patients):
    found = find_labelled_cts(download(tmp_path, files))
    assert [one.patient for one in found] == patients
    images = [file for file in files if file.endswith((".nii", ".nii.gz"))]
    pairs = {(tmp_path / ct, tmp_path / labels) for ct, labels in zip(images[::2], images[1::2], strict=True)}
    assert {(one.ct, one.labels) for one in found} == pairs


def test_of_cts_of_one_name_the_labels_are_of_that_in_a_folder_of_their_own_name(tmp_path):
    folder = download(tmp_path, ["volumes/A/1.nii.gz", "volumes/B/1.nii.gz", "labels/B/1_seg.nii.gz"])
    (one,) = find_labelled_cts(folder)
    assert one.ct == folder / "volumes/B/1.nii.gz"
    download(folder, ["other/B/1.nii.gz"])
    with pytest.raises(VolumeError, match=r"not clear whose labels .*1_seg.nii.gz are"):
        find_labelled_cts(folder)


def test_all_cts_of_a_patient_are_for_the_same(tmp_path):
    files = [f"rawdata/sub-{n}/sub-{n}_split-{m}{end}" for n in range(60) for m in "ab" for end in ("_ct.nii.gz",)]
    labels = [file.replace("rawdata", "derivatives").replace("_ct.", "_seg-vert_msk.") for file in files]
    found = find_labelled_cts(download(tmp_path, files + labels))
    assert len(found) == 120
    assert [one.part for one in found[::2]] == [one.part for one in found[1::2]]
    assert {one.part for one in found} == {"training", "validation", "test"}


@pytest.mark.parametrize("files", [[], ["liver_7.nii.gz", "liver_8_seg.nii.gz"], ["a_seg.json", "a.json"]])
def test_a_folder_without_any_is_one_sentence(tmp_path, files):
    with pytest.raises(VolumeError, match="no labelled CT; choose the folder of a download of CTSpine1K or VerSe"):
        find_labelled_cts(download(tmp_path, files))
