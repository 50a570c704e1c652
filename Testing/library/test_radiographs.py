"""Real radiographs from disk, and whose they are."""

import zipfile
from collections import Counter

import cv2
import numpy as np
import pytest

from xray3d.datasets.radiographs import Radiograph, find_radiographs, patient_of
from xray3d.errors import VolumeError

NAMES = ["sunhl-1th-09-Jan-2017-215-A-AP_jpg.rf.0123abc.jpg", "sunhl-1th-10-Jan-2017-215-D-AP_jpg.rf.99ff.jpg"]


def encoded(value=100):
    return cv2.imencode(".png", np.full((6, 4), value, np.uint8))[1].tobytes()


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("sunhl-1th-09-Jan-2017-215-D-AP", "215"),
        ("sunhl-1th-20-Jul-2016-1-A-AP", "1"),
        ("sunhl-1th-20-Jul-2016-coronal10", "sunhl-1th-20-Jul-2016-coronal10"),
        ("N64--Rt-TAIS--F--15-Yrs", "N64"),
        ("N40-S-20-F_1_0", "N40"),
        ("Image_048", "Image_048"),
        ("Image_048_2ndbatch", "Image_048"),
        ("98", "98"),
    ],
)
def test_the_patient_is_in_the_name(name, patient):
    assert patient_of(name) == patient


@pytest.mark.parametrize("packed", [False, True])
def test_images_are_found_in_folders_and_archives(tmp_path, packed):
    (tmp_path / "train/images").mkdir(parents=True)
    for number, name in enumerate(NAMES):
        (tmp_path / "train/images" / name).write_bytes(encoded(51 * number))
    (tmp_path / "train/labels.txt").write_text("no image")
    place = tmp_path
    if packed:
        place = tmp_path.with_suffix(".zip")
        with zipfile.ZipFile(place, "w") as archive:
            for path in tmp_path.rglob("*.*"):
                archive.write(path, path.relative_to(tmp_path))
    found = find_radiographs(place)
    assert [one.name for one in found] == ["sunhl-1th-09-Jan-2017-215-A-AP", "sunhl-1th-10-Jan-2017-215-D-AP"]
    assert {one.patient for one in found} == {"215"}
    np.testing.assert_allclose(found[1].pixels(), np.full((6, 4), 0.2), atol=1e-6)


def test_each_patient_is_for_one_thing_alone():
    many = [Radiograph(f"image {n}", f"patient {n % 1500}", bytes) for n in range(3000)]
    parts = {one.patient: set() for one in many}
    for one in many:
        parts[one.patient].add(one.part)
    assert {len(of_patient) for of_patient in parts.values()} == {1}
    shares = Counter(part for of_patient in parts.values() for part in of_patient)
    assert 0.77 < shares["training"] / 1500 < 0.83
    assert 0.07 < shares["validation"] / 1500 < 0.13
    assert [one.part for one in many] == [Radiograph("", one.patient, bytes).part for one in many]


@pytest.mark.parametrize("content", [b"", b"no image at all"])
def test_what_is_no_image_is_said_to_be_none(content):
    with pytest.raises(VolumeError, match="broken is no image"):
        Radiograph("broken", "somebody", lambda: content).pixels()


@pytest.mark.parametrize("name", ["nothing", "missing.zip"])
def test_a_place_without_images_is_refused(tmp_path, name):
    (tmp_path / "nothing").mkdir()
    with pytest.raises(VolumeError, match="holds no JPEG or PNG image"):
        find_radiographs(tmp_path / name)
