"""How alike two X-rays are, and whether one method is better than another."""

from dataclasses import asdict, fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from xray3d.errors import VolumeError
from xray3d.inpainting.paired import compare_paired
from xray3d.inpainting.similarity import BORDER_PX, MEASURES, Similarity, border_of, similarity


def picture(seed=0, shape=(64, 80)):
    return 100 + 20 * gaussian_filter(np.random.default_rng(seed).normal(size=shape), 2.0)


def noisy(image, sigma, seed=1):
    return image + np.random.default_rng(seed).normal(0, sigma, image.shape)


TRUTH = picture()
SQUARE = np.zeros(TRUTH.shape, bool)
SQUARE[20:40, 30:60] = True


def test_an_image_is_as_alike_to_itself_as_can_be():
    same = similarity(TRUTH, TRUTH, SQUARE)
    assert (same.mae, same.rmse, same.psnr_db) == (0, 0, np.inf)
    assert same.ssim == pytest.approx(1, abs=1e-4)
    assert same.ncc == pytest.approx(1)
    assert same.gradient_correlation == pytest.approx(1)
    assert same.mutual_information > 2


def test_errors_are_in_shares_of_the_truths_range():
    shifted = similarity(TRUTH + 0.1 * np.ptp(TRUTH), TRUTH)
    assert shifted.mae == pytest.approx(10)
    assert shifted.rmse == pytest.approx(10)
    assert shifted.psnr_db == pytest.approx(20)
    assert shifted.ncc == pytest.approx(1), "a constant is no matter of correlation"


@pytest.mark.parametrize("region", [None, SQUARE, border_of(SQUARE)], ids=["all", "inside", "border"])
@pytest.mark.parametrize("name", [field.name for field in fields(Similarity)])
def test_every_measure_tells_more_noise_from_less(name, region):
    """By the direction that it says it has."""
    less, more = (asdict(similarity(noisy(TRUTH, sigma), TRUTH, region))[name] for sigma in (0.3, 1.5))
    assert (less > more) == MEASURES[name].grows
    assert set(MEASURES) == {field.name for field in fields(Similarity)}


@settings(max_examples=20, deadline=None)
@given(gain=st.floats(0.1, 50), offset=st.floats(-1e3, 1e3))
def test_the_grey_scale_that_both_have_does_not_matter(gain, offset):
    image = noisy(TRUTH, 0.5)
    one, other = similarity(image, TRUTH, SQUARE), similarity(gain * image + offset, gain * TRUTH + offset, SQUARE)
    for name, value in asdict(one).items():
        if name not in ("ssim", "mutual_information"):  # the one has a luminance, the other bins
            assert asdict(other)[name] == pytest.approx(value, rel=1e-5), name


def test_only_the_region_counts():
    spoiled = np.where(SQUARE, TRUTH, TRUTH + 7 * picture(3))
    far = np.zeros_like(SQUARE)
    far[28:32, 42:48] = True
    assert similarity(spoiled, TRUTH, far).rmse == 0
    assert similarity(spoiled, TRUTH, far).ssim == pytest.approx(1, abs=1e-4)
    assert similarity(spoiled, TRUTH).rmse > 1


def test_edges_that_are_elsewhere_have_another_gradient():
    step = np.tile(np.arange(80) > 30, (64, 1)).astype(float)
    aside = np.tile(np.arange(80) > 45, (64, 1)).astype(float)
    assert similarity(aside, step).gradient_correlation < 0.05
    assert similarity(1 - step, step).ncc == pytest.approx(-1)


def test_a_flat_image_has_nothing_in_common():
    flat = similarity(np.full(TRUTH.shape, TRUTH.mean()), TRUTH)
    assert (flat.ncc, flat.gradient_correlation, flat.mutual_information) == (0, 0, 0)


def test_a_border_is_on_both_sides_of_the_edge():
    border = border_of(SQUARE)
    rows = np.flatnonzero(border[:, 45])
    assert rows.tolist() == [*range(20 - BORDER_PX, 20 + BORDER_PX), *range(40 - BORDER_PX, 40 + BORDER_PX)]
    assert not border_of(np.ones((20, 20))).any(), "a mask of everything has no edge"
    assert not border_of(np.zeros((20, 20))).any()


@pytest.mark.parametrize(
    ("image", "truth", "region", "words"),
    [
        (TRUTH[1:], TRUTH, None, "images of one size"),
        (TRUTH[None], TRUTH[None], None, "images of one size"),
        (np.where(SQUARE, np.nan, TRUTH), TRUTH, None, "gaps"),
        (TRUTH, TRUTH, SQUARE[1:], "region has"),
        (TRUTH, TRUTH, np.zeros_like(SQUARE), "empty region"),
        (TRUTH, np.ones_like(TRUTH), None, "one grey value"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(image, truth, region, words):
    with pytest.raises(VolumeError, match=words):
        similarity(image, truth, region)


def test_a_paired_comparison_sees_through_what_cases_have_in_common():
    rng = np.random.default_rng(0)
    cases = rng.normal(30, 8, 60)
    better = cases + rng.normal(0.5, 0.3, 60)
    found = compare_paired(better, cases)
    assert found.low < found.difference < found.high
    assert 0.35 < found.difference < 0.65
    assert found.p < 1e-6
    assert compare_paired(cases, better).p > 0.99


def test_no_difference_is_no_evidence():
    rng = np.random.default_rng(1)
    ps = [compare_paired(*rng.normal(size=(2, 30)), seed=seed).p for seed in range(40)]
    assert 0 <= sum(p < 0.05 for p in ps) <= 6
    same = compare_paired(np.arange(5), np.arange(5))
    assert (same.difference, same.low, same.high, same.p) == (0, 0, 0, 1)


def test_the_same_difference_everywhere_is_some_evidence():
    assert compare_paired(np.arange(10) + 1.0, np.arange(10)).p == pytest.approx(2**-10)


@pytest.mark.parametrize(("one", "other"), [([1.0], [2.0]), ([1, np.inf], [0, 1]), ([[1, 2]], [[1, 3]])])
def test_what_is_no_pair_is_refused(one, other):
    with pytest.raises(ValueError, match="paired comparison"):
        compare_paired(one, other)
