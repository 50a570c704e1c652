"""Holes filled by what is believed of differences and bends in them."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from xray3d.inpainting.gradient_domain import (
    RIM_PX,
    Beliefs,
    about_holes,
    bends,
    differences,
    integrated,
    rims,
)

SHAPE = (40, 50)
IMAGE = gaussian_filter(np.random.default_rng(0).normal(size=SHAPE), 2)
HOLE = np.zeros(SHAPE, bool)
HOLE[8:30, 10:22] = True
HOLE[35:, 40:] = True  # at a corner
SIGMA = 0.1


def batch(*images):
    return torch.from_numpy(np.stack(images))[:, None].double()


def true_beliefs(images, sigma=SIGMA):
    mean = torch.cat([differences(images), differences(images), bends(images), images], dim=1)
    return Beliefs(mean, torch.full_like(mean, np.log(sigma)))


def test_differences_lead_to_the_right_and_down():
    right, down = differences(batch([[0.0, 1.0, 3.0], [10.0, 10.0, 10.0]]))[0]
    assert right.tolist() == [[1, 2, 0], [0, 0, 0]]
    assert down.tolist() == [[10, 9, 7], [0, 0, 0]]


def test_bends_are_second_differences_along_rows_along_columns_and_across_both():
    along_rows, along_columns, across = bends(batch([[0.0, 1.0, 3.0], [0.0, 2.0, 0.0], [5.0, 0.0, 0.0]]))[0]
    assert along_rows.tolist() == [[0, 1, 0], [0, -4, 0], [0, 5, 0]]
    assert along_columns.tolist() == [[0, 0, 0], [5, -3, 3], [0, 0, 0]]
    expected = 2**0.5 * np.array([[1, -4, 0], [-7, 2, 0], [0, 0, 0]])
    np.testing.assert_allclose(across.numpy(), expected)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 9), (2, 2)])
def test_images_too_small_to_bend_do_not(shape):
    assert bends(torch.rand(1, 1, *shape)).shape == (1, 3, *shape)
    along_rows, along_columns, _ = bends(torch.rand(1, 1, *shape))[0]
    assert along_rows.any() == (shape[1] > 2)
    assert along_columns.any() == (shape[0] > 2)


def test_those_about_holes_are_all_that_have_one_end_in_it():
    hole = torch.zeros(1, 1, 4, 4)
    hole[..., 1, 2] = 1
    right, down = about_holes(hole)[0]
    assert right.nonzero().tolist() == [[1, 1], [1, 2]]
    assert down.nonzero().tolist() == [[0, 2], [1, 2]]


def test_a_rim_is_what_is_near_a_hole_but_not_in_it():
    hole = torch.zeros(1, 1, 20, 20)
    hole[..., 8:10, 0] = 1
    rim = rims(hole)
    expected = torch.zeros_like(hole)
    expected[..., 8 - RIM_PX : 10 + RIM_PX, : RIM_PX + 1] = 1
    assert torch.equal(rim, expected - hole)


def test_only_holes_are_filled_and_only_those_that_something_is_around():
    images = batch(IMAGE, IMAGE, IMAGE)
    holes = batch(HOLE, np.zeros(SHAPE), np.ones(SHAPE))
    spoiled = images + 7 * holes
    filled = integrated(spoiled, holes, true_beliefs(images))
    torch.testing.assert_close(filled[:2], images[:2])
    assert torch.equal(filled[2], spoiled[2])
    assert torch.equal(filled[holes == 0], images[holes == 0])


def test_the_rim_is_estimated_but_shown_as_it_was():
    noisy = batch(IMAGE + 0.3 * np.random.default_rng(1).normal(size=SHAPE))
    holes = batch(HOLE)
    near = torch.nn.functional.max_pool2d(holes, 2 * RIM_PX + 1, 1, RIM_PX) > 0
    noisy = torch.where(near, noisy, batch(IMAGE))
    mean, log_sigma = true_beliefs(batch(IMAGE))
    mean[:, 7], log_sigma[:, 7] = noisy[:, 0], 3.0
    filled = integrated(noisy, holes, Beliefs(mean, log_sigma))
    assert torch.equal(filled[holes == 0], noisy[holes == 0])
    assert (filled - batch(IMAGE))[holes > 0].abs().max() < 0.02, "as if there was no noise"


def test_numbers_stay_of_their_type():
    images, holes = batch(IMAGE).float(), batch(HOLE).float()
    beliefs = Beliefs(*(of.float().requires_grad_() for of in true_beliefs(images)))
    filled = integrated(images + 7 * holes, holes, beliefs)
    assert filled.dtype == torch.float32
    torch.testing.assert_close(filled, images, atol=1e-4, rtol=0)
    filled.sum().backward()
    assert {of.grad.dtype for of in beliefs} == {torch.float32}


def test_gradients_are_those_of_finite_differences():
    rng = np.random.default_rng(2)
    hole = np.zeros((3, 12, 11), bool)
    hole[0, 3:6, 4:9], hole[0, 10:, :2], hole[2] = True, True, True
    images, holes = batch(*rng.normal(size=hole.shape)), batch(*hole)
    mean, log_sigma = (torch.from_numpy(rng.normal(size=(3, 8, 12, 11)) * scale) for scale in (1.0, 0.5))

    def filled(*beliefs):
        return integrated(images, holes, Beliefs(*beliefs))

    believed = mean.requires_grad_(), log_sigma.requires_grad_()
    assert torch.autograd.gradcheck(filled, believed, fast_mode=True)
    of_mean, of_log_sigma = torch.autograd.grad(filled(*believed).sum(), believed)
    for of_one in (of_mean, of_log_sigma):
        assert of_one[0].any()
        assert not of_one[1:].any(), "nothing is filled in the other two"
