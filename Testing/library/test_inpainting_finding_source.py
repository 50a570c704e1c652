"""X-rays that are searched for metal."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from inpainting_support import made_up_scenes
from xray3d.datasets.occlusion import Pairs
from xray3d.inpainting.finding_source import SEARCHED_PX, searched
from xray3d.inpainting.instrumented import Instrumented, Part
from xray3d.models.levels import levelled

COUNT = 7
LEAST_GAIN, MOST_GAIN, MOST_LIFT = 0.75, 1.3, 0.2


@cache
def source() -> Instrumented:
    radiographs = [np.random.default_rng(0).random(shape, np.float32) for shape in ((300, 280), (270, 200))]
    return Instrumented(made_up_scenes(4, SEARCHED_PX + 20), radiographs)


@dataclass
class Ramps:
    """A source whose parts are the dark quarter of a ramp, with metal at a corner of it or without."""

    size_px: int = SEARCHED_PX

    @property
    def ramp(self):
        return torch.linspace(0, 1, 4 * self.size_px).expand(self.size_px, -1)

    def _part(self, metal):
        return Part(Pairs(self.ramp, self.ramp, metal), np.s_[:, : self.size_px])

    def parts(self, count, size_px, rng, generator):
        metal = torch.zeros_like(self.ramp)
        metal[:10, :10] = 1
        return [self._part(metal) for _ in range(count)]

    def without_metal(self, count, size_px, rng, generator):
        return [self._part(torch.zeros_like(self.ramp)) for _ in range(count)]


def rises(images):
    """(n,) whether attenuation shows bright."""
    return images[:, 0, :, -1].mean(dim=1) > images[:, 0, :, 0].mean(dim=1)


def test_half_have_no_metal():
    batch = searched(source(), COUNT, 0)
    for image in vars(batch).values():
        assert image.shape == (COUNT, 1, SEARCHED_PX, SEARCHED_PX)
        assert torch.isfinite(image).all()
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
    whole = levelled(Ramps().ramp[None, None])[0, 0, 0, :SEARCHED_PX]
    images = searched(Ramps(), 80, 0).images
    images = images[rises(images)][:, 0, 0]
    gains = (images[:, -1] - images[:, 0]) / (whole[-1] - whole[0])
    lifts = images[:, 0] - gains * whole[0]
    assert LEAST_GAIN - 1e-4 < gains.min() < 0.85
    assert 1.2 < gains.max() < MOST_GAIN + 1e-4
    assert -MOST_LIFT - 1e-4 < lifts.min() < -0.1
    assert 0.1 < lifts.max() < MOST_LIFT + 1e-4


def test_the_same_seed_gives_the_same_batch():
    first, again, other = (searched(source(), COUNT, seed) for seed in (3, 3, 4))
    assert all(torch.equal(*both) for both in zip(vars(first).values(), vars(again).values(), strict=True))
    assert not torch.equal(first.images, other.images)
