"""Holes filled by what is known of differences in them."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from xray3d.inpainting.gradient_domain import (
    Gradients,
    about_holes,
    differences,
    integrate,
    integrated,
    standard_errors,
)

SHAPE = (40, 50)
IMAGE = gaussian_filter(np.random.default_rng(0).normal(size=SHAPE), 2)
HOLE = np.zeros(SHAPE, bool)
HOLE[8:30, 10:22] = True
HOLE[35:, 40:] = True  # at a corner
MEAN = differences(torch.from_numpy(IMAGE)[None, None])[0].numpy()
SURE = np.full_like(MEAN, 0.1)


def test_differences_lead_to_the_right_and_down():
    image = torch.tensor([[0.0, 1.0, 3.0], [10.0, 10.0, 10.0]])[None, None]
    right, down = differences(image)[0]
    assert right.tolist() == [[1, 2, 0], [0, 0, 0]]
    assert down.tolist() == [[10, 9, 7], [0, 0, 0]]


def test_those_about_holes_are_all_that_have_one_end_in_it():
    hole = torch.zeros(1, 1, 4, 4)
    hole[..., 1, 2] = 1
    right, down = about_holes(hole)[0]
    assert right.nonzero().tolist() == [[1, 1], [1, 2]]
    assert down.nonzero().tolist() == [[0, 2], [1, 2]]


def test_true_differences_give_the_true_image():
    spoiled = np.where(HOLE, 1e6, IMAGE)
    np.testing.assert_allclose(integrate(spoiled, HOLE, MEAN, SURE), IMAGE, atol=1e-6)
    of_two = torch.from_numpy(np.stack([IMAGE, IMAGE]))[:, None]
    holes = torch.from_numpy(np.stack([HOLE, np.zeros_like(HOLE)]))[:, None].double()
    mean = torch.from_numpy(np.stack([MEAN, MEAN]))
    filled = integrated(of_two + 7 * holes, holes, Gradients(mean, torch.zeros_like(mean)))
    torch.testing.assert_close(filled, of_two)


def test_a_difference_that_is_unsure_does_not_count():
    wrong, unsure = MEAN.copy(), SURE.copy()
    wrong[:, 15, 15] += 5.0
    unsure[:, 15, 15] = 1e4
    assert np.abs(integrate(IMAGE, HOLE, wrong, SURE) - IMAGE).max() > 1
    np.testing.assert_allclose(integrate(IMAGE, HOLE, wrong, unsure), IMAGE, atol=1e-4)


def test_standard_errors_are_those_of_wrong_differences():
    rng = np.random.default_rng(1)
    errors = [integrate(IMAGE, HOLE, MEAN + SURE * rng.normal(size=MEAN.shape), SURE) - IMAGE for _ in range(60)]
    found = standard_errors(HOLE, SURE)
    assert (found[~HOLE] == 0).all()
    ratio = found[HOLE] / np.sqrt(np.square(errors).mean(axis=0))[HOLE]
    assert np.median(ratio) == pytest.approx(1, abs=0.1)
    assert found[18, 16] > found[9, 11] > 0, "the middle is less sure than the rim"


def test_no_hole_is_nothing_to_do():
    none = np.zeros_like(HOLE)
    np.testing.assert_array_equal(integrate(IMAGE, none, MEAN, SURE), IMAGE)
    assert not standard_errors(none, SURE).any()
