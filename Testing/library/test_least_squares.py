"""Grey values by weighted least squares."""

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_dilation, gaussian_filter

from xray3d.inpainting.gradient_domain import bends, differences
from xray3d.inpainting.least_squares import EQUATIONS, LeastSquares

SHAPE = (24, 28)
ROW, COLUMN = np.mgrid[: SHAPE[0], : SHAPE[1]] / 10.0
PLANE = 3 + 2 * ROW - COLUMN
IMAGE = gaussian_filter(np.random.default_rng(0).normal(size=SHAPE), 2)
DIFFERENCES, BENDS, ITSELF = slice(0, 4), slice(4, 7), 7
SURE, UNSURE = np.log(0.1), 20.0


def box(rows, columns):
    inside = np.zeros(SHAPE, bool)
    inside[rows, columns] = True
    return inside


MIDDLE, NOWHERE = box(slice(8, 17), slice(10, 20)), np.zeros(SHAPE, bool)
RIM = binary_dilation(MIDDLE, np.ones((7, 7))) & ~MIDDLE


def true(image):
    """What all equations give."""
    pixels = torch.from_numpy(image)[None, None]
    return torch.cat([differences(pixels), differences(pixels), bends(pixels), pixels], dim=1)[0].numpy()


def sigmas(log_sigma=SURE):
    return np.full((len(EQUATIONS), *SHAPE), log_sigma)


def only_bends():
    log_sigma = sigmas(UNSURE)
    log_sigma[BENDS] = 0.0
    return log_sigma


def solved(image=IMAGE, hole=MIDDLE, rim=NOWHERE, mean=None, log_sigma=None):
    mean = true(IMAGE) if mean is None else mean
    return LeastSquares(image, hole, rim, mean, sigmas() if log_sigma is None else log_sigma)


@pytest.mark.parametrize(
    "hole",
    [
        MIDDLE,
        box(0, 0),
        box(slice(5), slice(6)),
        box(slice(-5, None), slice(6)),
        box(slice(5), slice(-6, None)),
        box(slice(-5, None), slice(-6, None)),
        box(slice(9, 15), slice(3)),
        box(-1, slice(None)),
        box(slice(1, None), slice(None)),
        MIDDLE | box(slice(5), slice(6)) | box(-1, slice(20, 25)),
    ],
)
def test_true_equations_give_the_true_image_wherever_the_hole_is(hole):
    spoiled = np.where(hole, np.nan, IMAGE)
    np.testing.assert_allclose(solved(spoiled, hole).image(), IMAGE, atol=1e-9)


@pytest.mark.parametrize(
    "picture",
    [PLANE, ROW * COLUMN, ROW**2 - COLUMN**2, ROW**2 + 3 * COLUMN**2, ROW * COLUMN**2],
    ids=["plane", "saddle", "turned saddle", "bowl", "cubic"],
)
def test_bends_alone_make_a_thin_plate_that_goes_on_as_what_is_around(picture):
    spoiled = np.where(MIDDLE, 1e3, picture)
    plate = solved(spoiled, mean=np.zeros_like(true(IMAGE)), log_sigma=only_bends()).image()
    np.testing.assert_allclose(plate, picture, atol=1e-6)


@pytest.mark.parametrize("hole", [box(slice(7), slice(8)), box(slice(5, 15), slice(-6, None))], ids=["corner", "edge"])
def test_a_thin_plate_goes_on_straight_beyond_what_is_seen(hole):
    plate = solved(np.where(hole, 0.0, PLANE), hole, mean=np.zeros_like(true(IMAGE)), log_sigma=only_bends()).image()
    np.testing.assert_allclose(plate, PLANE, atol=1e-6)


def test_no_other_picture_bends_less_than_a_thin_plate():
    def energy(picture):
        return np.square(true(picture)[BENDS]).sum()

    plate = solved(mean=np.zeros_like(true(IMAGE)), log_sigma=only_bends()).image()
    others = [plate + 0.01 * MIDDLE * gaussian_filter(np.random.default_rng(n).normal(size=SHAPE), n) for n in range(9)]
    assert energy(plate) < min(energy(other) for other in others)
    assert energy(plate) < energy(IMAGE)


@pytest.mark.parametrize("channel", range(len(EQUATIONS) - 1))
def test_a_wrong_equation_counts_as_much_as_it_is_sure(channel):
    wrong, unsure = true(IMAGE), sigmas()
    wrong[channel, 12, 14] += 5.0
    unsure[channel, 12, 14] = UNSURE
    assert np.abs(solved(mean=wrong).image() - IMAGE).max() > 0.1
    np.testing.assert_allclose(solved(mean=wrong, log_sigma=unsure).image(), IMAGE, atol=1e-6)


def test_noise_at_the_rim_is_kept_where_that_is_sure_and_averaged_where_it_is_not():
    noisy = IMAGE + 0.3 * RIM * np.random.default_rng(1).normal(size=SHAPE)
    mean, log_sigma = true(IMAGE), sigmas()
    mean[ITSELF] = noisy
    errors = {}
    for rim_log_sigma in (-12.0, 2.0):
        log_sigma[ITSELF] = rim_log_sigma
        found = solved(noisy, MIDDLE, RIM, mean, log_sigma).image()
        np.testing.assert_array_equal(found[~(MIDDLE | RIM)], noisy[~(MIDDLE | RIM)])
        errors[rim_log_sigma] = np.abs(found - IMAGE)
    np.testing.assert_allclose(errors[-12.0][RIM], np.abs(noisy - IMAGE)[RIM], atol=1e-4)
    assert errors[2.0][RIM].max() < 0.01
    assert errors[2.0][MIDDLE].max() < 0.01 < errors[-12.0][MIDDLE].max()


def test_gradients_are_finite_differences():
    """Of a number that depends on all pixels of a small image."""
    rng, shape, step = np.random.default_rng(5), (5, 6), 1e-5
    image, counts = rng.normal(size=(2, *shape))
    hole, rim = np.zeros(shape, bool), np.zeros(shape, bool)
    hole[1:4, 2:4] = hole[0, 0] = rim[1:4, 4] = rim[4, 2] = True
    numbers = rng.normal(size=(2, len(EQUATIONS), *shape)) * np.array([1.0, 0.5])[:, None, None, None]

    def number(of):
        return (counts * LeastSquares(image, hole, rim, *of).image()).sum()

    slopes = np.zeros_like(numbers)
    for at in np.ndindex(numbers.shape):
        off = np.zeros_like(numbers)
        off[at] = step
        slopes[at] = (number(numbers + off) - number(numbers - off)) / (2 * step)
    found = np.stack(LeastSquares(image, hole, rim, *numbers).gradients(counts))
    np.testing.assert_allclose(found, slopes, atol=1e-7)
    assert (np.abs(found).max(axis=(2, 3)) > 1e-3).all(), "all equations count"
