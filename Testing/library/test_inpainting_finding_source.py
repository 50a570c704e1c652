"""X-rays that are searched for metal."""

from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import pytest
import torch

from inpainting_support import made_up_scenes
from xray3d.datasets.occlusion import Pairs
from xray3d.inpainting.finding_source import SEARCHED_PX, searched
from xray3d.inpainting.instrumented import Instrumented, Part
from xray3d.inpainting.search_scale import CHANNELS
from xray3d.models.levels import levelled

COUNT = 7
LEAST_GAIN, MOST_GAIN, MOST_LIFT = 0.75, 1.3, 0.2


@cache
def source() -> Instrumented:
    radiographs = [np.random.default_rng(0).random(shape, np.float32) for shape in ((300, 280), (270, 200))]
    return Instrumented(made_up_scenes(4, SEARCHED_PX + 20), radiographs)


@dataclass
class Ramps:
    """A source whose parts are the dark quarter of a ramp, with metal on a tenth of it each way or without."""

    sizes_px: list[int] = field(default_factory=list)

    def parts(self, count, size_px, rng, generator):
        self.sizes_px.append(size_px)
        ramp = torch.linspace(0, 1, 4 * size_px).expand(size_px, -1)
        metal = torch.zeros_like(ramp)
        metal[: size_px // 10, : size_px // 10] = 1
        return [Part(Pairs(ramp, ramp, metal), np.s_[:, :size_px]) for _ in range(count)]

    def without_metal(self, count, size_px, rng, generator):
        parts = self.parts(count, size_px, rng, generator)
        return [Part(replace(part.pairs, metal=torch.zeros_like(part.pairs.metal)), part.where) for part in parts]


def rises(images):
    """(n,) whether attenuation shows bright."""
    return images[:, 0, :, -1].mean(dim=1) > images[:, 0, :, 0].mean(dim=1)


def test_half_have_no_metal():
    batch = searched(source(), COUNT, 0)
    assert batch.images.shape == (COUNT, CHANNELS, SEARCHED_PX, SEARCHED_PX)
    assert batch.metal.shape == (COUNT, 1, SEARCHED_PX, SEARCHED_PX)
    assert torch.isfinite(batch.images).all()
    assert set(batch.metal.unique().tolist()) == {0, 1}
    assert not batch.metal[-(COUNT // 2) :].any()


def test_attenuation_shows_dark_on_some_and_metal_is_there_all_the_same():
    batch = searched(Ramps(), 80, 0)
    right, has_metal = rises(batch.images), batch.metal.flatten(1).any(dim=1)
    first = torch.arange(80) < 40
    assert torch.equal(has_metal, first)
    for half in (first, ~first):
        assert 0.5 < right[half].float().mean() < 0.9


def test_grey_values_are_levelled_about_as_those_of_the_whole():
    whole = levelled(torch.linspace(0, 1, 4 * SEARCHED_PX).expand(2, -1)[None, None])[0, 0, 0, :SEARCHED_PX]
    images = searched(Ramps(), 80, 0).images
    images = images[rises(images)][:, 0, 0]
    gains = (images[:, -1] - images[:, 0]) / (whole[-1] - whole[0])
    lifts = images[:, 0] - gains * whole[0]
    assert LEAST_GAIN - 1e-4 < gains.min() < 0.85
    assert 1.2 < gains.max() < MOST_GAIN + 1e-4
    assert -MOST_LIFT - 1e-4 < lifts.min() < -0.1
    assert 0.1 < lifts.max() < MOST_LIFT + 1e-4


def test_ends_are_those_of_the_whole():
    batch = searched(Ramps(), 80, 0)
    ends, right = batch.images[:, 1], rises(batch.images)
    assert (ends[right] <= 0).all()
    assert (ends[right, :, 0] == -1).all()
    assert (ends[~right, :, 0] == 1).all()
    assert (ends[:, :, 20:] == 0).all(), "the other end is not in this part"


def test_parts_are_enlarged_and_metal_with_them():
    ramps = Ramps()
    for seed in range(20):
        metal = searched(ramps, 2, seed).metal
        assert set(metal.unique().tolist()) == {0, 1}
        assert metal[0].sum().sqrt().item() == pytest.approx(SEARCHED_PX / 10, rel=0.1)
    assert SEARCHED_PX / 2 <= min(ramps.sizes_px) < 1.2 * SEARCHED_PX / 2
    assert 0.9 * SEARCHED_PX < max(ramps.sizes_px) <= SEARCHED_PX


def test_the_same_seed_gives_the_same_batch():
    first, again, other = (searched(source(), COUNT, seed) for seed in (3, 3, 4))
    assert all(torch.equal(*both) for both in zip(vars(first).values(), vars(again).values(), strict=True))
    assert not torch.equal(first.images, other.images)
