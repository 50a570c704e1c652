"""X-rays that are to be painted."""

from functools import cache

import numpy as np
import pytest
import torch

from inpainting_support import made_up_scenes
from xray3d.datasets.occlusion import Pairs
from xray3d.inpainting.instrumented import Instrumented, Part
from xray3d.inpainting.painting_source import PAINTED_PX, Occluded, occluded

COUNT = 12
LEAST_MARGIN_PX, MOST_MARGIN_PX = 1, 4


@cache
def source() -> Instrumented:
    radiographs = [np.random.default_rng(0).random(shape, np.float32) for shape in ((180, 140), (160, 90))]
    return Instrumented(made_up_scenes(4, 200), radiographs)


@cache
def batch(seed=0) -> Occluded:
    return occluded(source(), COUNT, seed)


def metal():
    """Of the parts that the batch is made of."""
    parts = source().parts(COUNT, PAINTED_PX, np.random.default_rng(0), torch.Generator().manual_seed(0))
    return torch.stack([part.shown.metal for part in parts])[:, None]


class One:
    """A source of one picture only, with metal somewhere."""

    def __init__(self, picture, metal):
        self._part = Part(Pairs(picture + 5 * metal, picture, metal), np.s_[:, :])

    def parts(self, count, size_px, rng, generator):
        return count * [self._part]


def test_holes_are_larger_than_the_metal_by_some_pixels():
    margins = set()
    for hole, there in zip(batch().holes, metal(), strict=True):
        if there.any():
            grown = [torch.nn.functional.max_pool2d(there, 2 * px + 1, 1, px) for px in range(6)]
            margins.add([torch.equal(hole, one) for one in grown].index(True))
        else:
            assert not hole.any()
    assert min(margins) >= LEAST_MARGIN_PX
    assert max(margins) <= MOST_MARGIN_PX
    assert len(margins) > 1


def test_images_are_about_0_to_1_outside_of_holes_and_take_more_or_less_of_that():
    shown = batch()
    ranges = []
    for image in vars(shown).values():
        assert image.shape == (COUNT, 1, PAINTED_PX, PAINTED_PX)
        assert torch.isfinite(image).all()
    for image, hole in zip(shown.images, shown.holes, strict=True):
        low, high = image[hole == 0].quantile(torch.tensor([0.01, 0.99])).tolist()
        assert -0.01 < low < high < 1.01
        ranges.append(high - low)
    assert min(ranges) > 0.29
    assert max(ranges) - min(ranges) > 0.2


def test_images_and_truth_share_a_grey_scale():
    metal = torch.zeros(PAINTED_PX, PAINTED_PX)
    metal[40:80, 60:70] = 1
    shown = occluded(One(torch.rand(PAINTED_PX, PAINTED_PX), metal), 4, 0)
    torch.testing.assert_close(shown.images[:, 0, metal == 0], shown.truth[:, 0, metal == 0])
    added = (shown.images - shown.truth)[:, 0, metal > 0]
    torch.testing.assert_close(added, added[:, :1].expand_as(added))
    assert (added > 1).all()


def test_what_is_filled_is_as_the_image_outside_of_holes_and_knows_nothing_of_what_is_in_them():
    shown = batch()
    outside = shown.holes == 0
    assert torch.equal(shown.filled[outside], shown.images[outside])
    assert (shown.filled[~outside] != shown.images[~outside]).float().mean() > 0.99
    for image, filled, hole in zip(shown.images, shown.filled, outside, strict=True):
        assert image[hole].min() - 1e-5 <= filled.min() <= filled.max() <= image[hole].max() + 1e-5


@pytest.mark.parametrize("covered", [True, False], ids=["all metal", "all of one grey value"])
def test_where_there_is_nothing_to_go_by_numbers_stay_finite(covered):
    size = (PAINTED_PX, PAINTED_PX)
    picture = torch.rand(size) if covered else torch.full(size, 3.0)
    shown = occluded(One(picture, torch.full(size, float(covered))), 3, 0)
    assert all(torch.isfinite(image).all() for image in vars(shown).values())
    assert -0.1 < shown.truth.min() <= shown.truth.max() < 1.1


def test_the_same_seed_gives_the_same_batch():
    first, again, other = batch(), occluded(source(), COUNT, 0), batch(4)
    assert all(torch.equal(*both) for both in zip(vars(first).values(), vars(again).values(), strict=True))
    assert not torch.equal(first.images, other.images)
