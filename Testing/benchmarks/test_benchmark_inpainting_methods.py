"""The methods that ours stands beside, and what is measured of an X-ray with all of them."""

import subprocess
from dataclasses import replace

import cv2
import numpy as np
import pytest

from inpainting_benchmark_support import KnowingInpainter, outcome
from xray3d.benchmarks.engine_process import peers_python
from xray3d.benchmarks.inpainting.biharmonic import Biharmonic
from xray3d.benchmarks.inpainting.cases import Case
from xray3d.benchmarks.inpainting.measuring import dice, measured
from xray3d.benchmarks.inpainting.methods import (
    BIHARMONIC,
    CLASSICAL,
    NAVIER_STOKES,
    OCCLUDED,
    OURS,
    TELEA,
    around,
    fill_with_opencv,
)
from xray3d.benchmarks.inpainting.pictures import strip, write_page
from xray3d.inpainting.similarity import similarity

HAS_SCIKIT_IMAGE = not subprocess.run([peers_python(), "-c", "import skimage"], capture_output=True).returncode


@pytest.fixture
def smooth():
    """An X-ray of any unit, (60, 70)."""
    rows, columns = np.mgrid[:60, :70]
    return 300.0 + 40.0 * np.sin(rows / 15.0) + columns


@pytest.fixture
def holes():
    holes = np.zeros((60, 70), bool)
    holes[20:30, 30:36] = True
    holes[27:33, 50:54] = True
    return holes


@pytest.fixture
def occluded(smooth, holes):
    return np.where(holes, 1000.0, smooth)


@pytest.fixture
def absent(tmp_path, monkeypatch):
    """Lets a test say what happens when scikit-image is imported."""
    (tmp_path / "skimage").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "skimage" / "__init__.py"


@pytest.mark.parametrize("method", [TELEA, NAVIER_STOKES])
@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (1e-4, -0.02), (-7.0, 100.0)])
def test_opencv_fills_a_hole_in_any_unit(smooth, holes, occluded, method, gain, offset):
    filled = (fill_with_opencv(gain * occluded + offset, holes, method) - offset) / gain
    np.testing.assert_allclose(filled[~holes], smooth[~holes])
    assert np.abs(filled - smooth)[holes].mean() < 8


@pytest.mark.skipif(not HAS_SCIKIT_IMAGE, reason="scikit-image is not installed; get it by: make peers")
@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (-1e-4, 0.02)])
def test_the_biharmonic_equation_fills_a_hole_as_on_the_whole_image(smooth, holes, occluded, gain, offset):
    with Biharmonic() as biharmonic:
        assert biharmonic.version()[0].isdigit()
        filled = (biharmonic.fill(gain * occluded + offset, holes) - offset) / gain
        whole = biharmonic._process.call("fill", occluded / 1000.0, holes) * 1000.0
    np.testing.assert_allclose(filled[~holes], smooth[~holes])
    assert np.abs(filled - smooth)[holes].max() < 1
    np.testing.assert_allclose(filled, whole, atol=1e-3)


def test_a_method_that_is_not_installed_says_how_to_get_it(occluded, holes, absent):
    absent.write_text("raise ModuleNotFoundError(\"No module named 'skimage'\")\n")
    with Biharmonic() as biharmonic:
        for answer in (biharmonic.version(), biharmonic.fill(occluded, holes)):
            assert answer == "not installed (No module named 'skimage'); get it by: make peers"


def test_a_method_that_crashes_can_be_called_again(occluded, holes, absent):
    absent.write_text("import os\nos._exit(7)\n")
    with Biharmonic() as biharmonic:
        assert [biharmonic.fill(occluded, holes) for _ in range(2)] == ["crashed: exit code 7"] * 2


def test_what_is_around_holes_ends_with_the_image(holes):
    assert [np.arange(side)[part].tolist() for side, part in zip(holes.shape, around(holes), strict=True)] == [
        list(range(4, 49)),
        list(range(14, 70)),
    ]


class NotInstalled:
    def fill(self, image, holes):
        return "not installed"


def test_all_methods_are_measured_within_one_mask(smooth, holes, occluded):
    case = Case("DRRs", "a view", occluded, smooth, holes)
    found = measured(case, KnowingInpainter(smooth, holes), NotInstalled())
    inside = found.similarity["in the mask"]
    assert set(inside) == {OURS, OCCLUDED, *CLASSICAL}
    assert inside[BIHARMONIC] == "not installed"
    assert inside[OURS].psnr_db > inside[TELEA].psnr_db > inside[OCCLUDED].psnr_db
    grown = KnowingInpainter(smooth, holes).paint(occluded, holes).mask
    assert inside[TELEA] == similarity(fill_with_opencv(occluded, grown, TELEA), smooth, grown)
    assert found.similarity["over the image"][OCCLUDED] == similarity(occluded, smooth)
    assert (found.test_set, found.dice, found.clean) == ("DRRs", 1.0, True)


def test_metal_found_where_there_is_none_is_not_clean(smooth, holes, occluded):
    knowing = KnowingInpainter(None, holes)
    knowing.paint = KnowingInpainter(smooth, holes).paint
    assert not measured(Case("DRRs", "a view", occluded, smooth, holes), knowing, NotInstalled()).clean


def test_dice(holes):
    half = holes.copy()
    half[25:30, 30:36] = False
    half[30:33, 50:54] = False
    assert dice(holes, holes) == 1
    assert dice(~holes, holes) == 0
    assert dice(half, holes) == pytest.approx(2 * half.sum() / (half.sum() + holes.sum()))


def test_a_page_shows_the_best_the_middle_and_the_worst_tenth(smooth, tmp_path):
    strips = [strip(smooth, smooth + number, smooth) for number in range(40)]
    write_page([replace(outcome(), strip=one) for one in strips], tmp_path / "page.png")
    page = cv2.imread(str(tmp_path / "page.png"), cv2.IMREAD_GRAYSCALE)
    pictures = [cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_GRAYSCALE) for one in strips]
    rows, columns = pictures[0].shape
    heading = (page.shape[0] - 9 * rows) // 10
    for place, number in enumerate((0, 2, 3, 18, 20, 21, 36, 38, 39)):
        first = heading + place * (heading + rows) + heading
        np.testing.assert_array_equal(page[first : first + rows, :columns], pictures[number])
