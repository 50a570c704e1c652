"""Looks drawn for X-rays: as different as X-rays are, and still X-rays."""

from functools import cache

import numpy as np
import pytest
import torch
import warp as wp

from registration_support import carm, patient
from xray3d import DRRRenderer
from xray3d.datasets import appearance
from xray3d.datasets.appearance import Looks, random_looks

VIEWS = [carm(*angles, size_px=(64, 64), pixel_mm=(4.5, 4.5)) for angles in [(-40, 20), (-15, -25), (0, 0), (35, 10)]]
DRAWS = 16


@cache
def integrals() -> tuple[torch.Tensor, torch.Tensor]:
    """Line integrals (n, 64, 64) of soft tissue and of bone, each of the views several times."""
    materials = DRRRenderer(patient().ct).render_materials(VIEWS)
    soft, bone = (wp.to_torch(of).repeat(DRAWS, 1, 1) for of in (materials.soft, materials.bone))
    return soft, bone


def looks(seed: int = 0, soft: torch.Tensor | None = None) -> Looks:
    own, bone = integrals()
    return random_looks(own if soft is None else soft, bone, torch.Generator().manual_seed(seed))


@pytest.fixture
def metal(monkeypatch) -> list[torch.Tensor]:
    """The mm of metal (n, rows, cols) that each call of `looks` draws."""
    drawn = []

    def transmitted(soft, bone, metal_mm, draw, through=appearance.transmitted):
        drawn.append(metal_mm)
        return through(soft, bone, metal_mm, draw)

    monkeypatch.setattr(appearance, "transmitted", transmitted)
    return drawn


def test_the_same_seed_draws_the_same_looks_and_another_others():
    first, again, other = looks(1), looks(1), looks(2)
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.usable, again.usable)
    assert not torch.equal(first.images, other.images)
    of_one_view = first.images[:: len(VIEWS)]
    assert (of_one_view[1:] - of_one_view[0]).abs().amax(dim=(1, 2)).min() > 0.05, "no two looks of a batch are alike"


def test_looks_grow_from_none_to_all():
    """Without strength the views differ by their beams alone, and everything counts; with more they differ more."""
    soft, bone = integrals()
    drawn = [random_looks(soft, bone, torch.Generator().manual_seed(5), strength) for strength in (0.0, 0.3, 1.0)]
    assert drawn[0].usable.min() == 1
    spread = [each.images[:: len(VIEWS)].std(dim=0).mean().item() for each in drawn]
    assert spread[0] < 0.02 < spread[1] < spread[2]
    assert drawn[0].usable.mean() > drawn[1].usable.mean() > drawn[2].usable.mean()


def test_the_line_integrals_stay_as_they_are():
    soft, bone = (of.clone() for of in integrals())
    looks()
    assert torch.equal(soft, integrals()[0])
    assert torch.equal(bone, integrals()[1])


@pytest.mark.parametrize("thickness", [0.0, 3.0, 60.0])
def test_looks_are_finite_and_between_0_and_1(thickness):
    """From the open beam to a patient that no beam gets through."""
    drawn = looks(3, torch.full_like(integrals()[0], thickness))
    assert drawn.images.shape == drawn.usable.shape == integrals()[0].shape
    assert torch.isfinite(drawn.images).all()
    assert drawn.images.amin() >= 0
    assert drawn.images.amax() <= 1


def test_bone_and_thick_parts_are_bright():
    soft, bone = integrals()
    drawn, attenuation = looks(4), (soft + bone).numpy()
    correlations = []
    for image, usable, integral in zip(drawn.images.numpy(), drawn.usable.numpy() > 0, attenuation, strict=True):
        if image[usable].std() > 0:
            correlations.append(np.corrcoef(image[usable], integral[usable])[0, 1])
    assert len(correlations) > 0.95 * len(attenuation)
    assert np.mean(np.array(correlations) > 0) > 0.95
    assert np.median(correlations) > 0.7


def test_what_counts_is_said_pixel_by_pixel():
    """Nothing outside the collimator, and of most views most of what is inside."""
    drawn = [looks(seed) for seed in range(4)]
    usable = torch.cat([each.usable for each in drawn])
    assert set(usable.unique().tolist()) == {0.0, 1.0}
    share = usable.mean(dim=(1, 2))
    assert share.median() > 0.6
    assert share.min() > 0.2
    closed = (usable[:, [0, 0, -1, -1], [0, -1, 0, -1]] == 0).all(dim=1).float().mean()
    assert 0.4 < closed < 0.9, "two collimators out of three close the corners, but for the widest"


def test_beyond_the_collimator_there_is_no_beam():
    """Through air, its shadow is the brightest of an image, where nothing else is in the picture."""
    nothing = torch.zeros_like(integrals()[0])
    generator = torch.Generator().manual_seed(5)
    drawn = random_looks(nothing, nothing, generator)
    contrasts = [
        (image[usable == 0].mean() - image[usable > 0].mean()).item()
        for image, usable in zip(drawn.images, drawn.usable, strict=True)
        if (usable[[0, 0, -1, -1], [0, -1, 0, -1]] == 0).all()
    ]
    assert len(contrasts) > 10
    assert np.median(contrasts) > 0.3


def test_some_views_show_metal_and_some_of_it_is_painted_out(metal):
    drawn = [looks(seed) for seed in range(4)]
    metal_mm, usable = torch.cat(metal), torch.cat([each.usable for each in drawn])
    shows = (metal_mm > 0).flatten(1).any(dim=1)
    assert 0.15 < shows.float().mean() < 0.55
    assert 1.0 < metal_mm.amax() < 60.0, "implants are some mm thick"
    assert (metal_mm[shows] > 0).float().mean() < 0.5, "and do not hide the patient"
    pairs = zip(usable[shows], metal_mm[shows], strict=True)
    hidden = [bool((of_view[there > 0] == 0).all()) for of_view, there in pairs]
    assert 0.2 < np.mean(hidden) < 0.8


def test_metal_is_brighter_than_what_surrounds_it(metal):
    drawn = looks(6, torch.full_like(integrals()[0], 2.0))
    brighter = [
        (image[there > 1].mean() > image[(there == 0) & (usable > 0)].mean()).item()
        for image, usable, there in zip(drawn.images, drawn.usable, metal[0], strict=True)
        if (there > 1).sum() > 20
    ]
    assert len(brighter) > 5
    assert np.mean(brighter) > 0.8


def test_bones_without_soft_tissue_are_seen():
    """As of a CT in which all but the bones was taken away: some views get soft tissue, most do not."""
    _, bone = integrals()
    drawn = looks(7, torch.zeros_like(bone))
    assert torch.isfinite(drawn.images).all()
    on, off = (((bone > 0.3) == there) & (drawn.usable > 0) for there in (True, False))
    contrast = [(image[a].mean() - image[b].mean()).item() for image, a, b in zip(drawn.images, on, off, strict=True)]
    assert np.mean(np.array(contrast) > 0) > 0.95


@pytest.mark.parametrize("size_px", [(96, 32), (17, 40)])
def test_any_size_is_good(size_px):
    integral = torch.rand((3, *size_px), generator=torch.Generator().manual_seed(0))
    drawn = random_looks(integral, integral, torch.Generator().manual_seed(0))
    assert drawn.images.shape == drawn.usable.shape == (3, *size_px)
    assert torch.isfinite(drawn.images).all()
