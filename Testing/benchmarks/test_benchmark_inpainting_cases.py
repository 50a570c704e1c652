"""What the inpainting benchmark paints: metal where it says, the truth elsewhere, and the same every time."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from xray3d.benchmarks.inpainting import radiographs
from xray3d.benchmarks.inpainting.patients import Patient
from xray3d.benchmarks.inpainting.radiographs import take_radiographs
from xray3d.benchmarks.inpainting.views import take_views

SIDE_PX = 64
PLAIN, CLIPPED = "radiographs", "radiographs, clipped at white"


@pytest.fixture(scope="module")
def patient(anatomy):
    return Patient.of(anatomy.ct, "made-up")


@pytest.fixture(scope="module")
def views(patient):
    """DRRs and X-rays of four views."""
    return list(take_views(patient, range(4), SIDE_PX))


@pytest.fixture(scope="module")
def greys():
    rows, columns = np.mgrid[:120, :70]
    return (0.5 + 0.3 * np.sin(rows / 9.0) * np.cos(columns / 7.0)).astype(np.float32)


@pytest.fixture(scope="module")
def real(patient, greys):
    """Radiographs unclipped and clipped."""
    some = [SimpleNamespace(name=f"radiograph {number}", pixels=lambda: greys) for number in range(3)]
    return list(take_radiographs(some, patient, range(4)))


def beside(case):
    return ~binary_dilation(case.metal, iterations=3)


def test_every_view_is_a_drr_and_an_x_ray_of_the_same_metal(views):
    assert [case.test_set for case in views] == ["DRRs", "X-rays"] * 4
    for drr, xray in zip(views[::2], views[1::2], strict=True):
        assert drr.image.shape == (SIDE_PX, SIDE_PX)
        assert xray.name.startswith(drr.name)
        assert 0.005 <= drr.metal.mean() < 0.6
        np.testing.assert_array_equal(drr.metal, xray.metal)


def test_a_drr_is_the_truth_but_for_the_metal(views):
    for case in views[::2]:
        np.testing.assert_allclose(case.image[~case.metal], case.truth[~case.metal], atol=1e-4)
        assert (case.image[case.metal] > case.truth[case.metal]).mean() > 0.95


def test_an_x_ray_is_noisy_and_its_truth_is_not(views):
    for case in views[1::2]:
        image, truth = case.image.astype(float), case.truth.astype(float)
        metal = np.abs(image - truth)[case.metal].mean()
        assert 0 < np.abs(image - truth)[beside(case)].mean() < 0.2 * metal
        steps = [np.abs(np.diff(one, axis=0)).mean() for one in (image, truth)]
        assert steps[0] > steps[1]


def test_views_follow_from_their_numbers_alone(patient, views):
    again = list(take_views(patient, [2], SIDE_PX))
    for one, other in zip(again, views[4:6], strict=True):
        assert one.name == other.name
        for name in ("image", "truth", "metal"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert (views[0].metal != views[2].metal).any()


def test_a_radiograph_has_metal_unclipped_and_clipped(real, greys):
    assert [case.test_set for case in real] == [PLAIN, CLIPPED] * 4
    for plain, clipped in zip(real[::2], real[1::2], strict=True):
        assert plain.image.shape == greys.shape
        np.testing.assert_array_equal(plain.metal, clipped.metal)
        assert plain.metal.mean() >= 0.001
        np.testing.assert_allclose(clipped.truth, greys)
        np.testing.assert_allclose(clipped.image[beside(clipped)], greys[beside(clipped)], atol=1e-3)
        assert clipped.image.max() <= 1
        # Unclipped, the radiograph takes what metal leaves it of the range.
        np.testing.assert_allclose(plain.truth / plain.truth.max(), greys / greys.max(), rtol=1e-5)
        for case in (plain, clipped):
            assert (case.image - case.truth)[case.metal].mean() > 0.02


def test_radiographs_follow_from_their_numbers_alone(patient, greys, real):
    some = [SimpleNamespace(name=f"radiograph {number}", pixels=lambda: greys) for number in range(3)]
    (again, _) = take_radiographs(some, patient, [3])
    assert again.name == "radiograph 0, made-up"
    np.testing.assert_array_equal(again.image, real[6].image)
    assert (real[0].metal != real[2].metal).any()


def test_only_the_part_that_nothing_learns_from_is_used(monkeypatch):
    found = [SimpleNamespace(name=str(number), part=("training", "test")[number % 2]) for number in range(40)]
    monkeypatch.setattr(radiographs, "find_radiographs", lambda archive: found)
    of_test = radiographs.held_out_radiographs("archive.zip")
    assert sorted(of_test, key=lambda one: int(one.name)) == found[1::2]
    assert of_test != found[1::2]
    assert of_test == radiographs.held_out_radiographs("archive.zip")


def test_a_radiograph_with_real_implants_is_no_clean_one(monkeypatch):
    names = ["1", "sunhl-1th-30-Dec-2016-159-C-AP", "2"]
    found = [SimpleNamespace(name=name, part="test") for name in names]
    monkeypatch.setattr(radiographs, "find_radiographs", lambda archive: found)
    assert sorted(one.name for one in radiographs.held_out_radiographs("archive.zip")) == ["1", "2"]
