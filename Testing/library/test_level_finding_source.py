"""What the network that finds levels is shown: middles of bodies where the geometry and the bones say."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from reconstruction_support import spine_views
from xray3d.reconstruction import exposing
from xray3d.reconstruction.level_finding import source
from xray3d.reconstruction.level_finding.source import Marked, marked
from xray3d.reconstruction.scenes import LEVELS, SIZE_PX


def shown(count=4, seed=0, spine=None) -> Marked:
    return marked([spine or spine_views()], count, seed)


@pytest.fixture
def plain(monkeypatch):
    """Line integrals of bone as they are, and no collimator."""
    monkeypatch.setattr(exposing, "levelled", lambda images: images)
    monkeypatch.setattr(exposing, "_DARK", 0.0)
    monkeypatch.setattr(exposing, "exposed", lambda soft, bone, generator, field: bone)
    monkeypatch.setattr(source, "collimator", lambda like, draw: torch.ones_like(like))


def dotted(level):
    """The spine with a dot at the middle of a level in the place of bone."""
    spine = spine_views()
    rows, columns = np.indices(SIZE_PX)
    integrals = np.zeros_like(spine.integrals)
    for image, projection in zip(integrals[:, 1], spine.projections, strict=True):
        column, row = projection.project(spine.frames[level][:3, 3])
        image[:] = np.exp(-((columns - column) ** 2 + (rows - row) ** 2) / (2 * 5.0**2))
    return replace(spine, integrals=integrals)


def test_shapes_are_those_of_batches():
    sizes = set()
    for seed in range(8):
        batch = shown(3, seed)
        count, channels, rows, columns = batch.images.shape
        assert (count, channels) == (3, 1)
        assert rows % 32 == columns % 32 == 0
        assert batch.pixels.shape == (3, 6, 2)
        assert batch.seen.shape == batch.known.shape == (3, 6)
        assert set(batch.seen.unique().tolist()) <= {0.0, 1.0}
        assert batch.known.all()
        for of_all in vars(batch).values():
            assert of_all.dtype == torch.float32
            assert torch.isfinite(of_all).all()
        sizes.add((rows, columns))
    assert len(sizes) > 3
    assert max(sizes)[0] <= SIZE_PX[0] // 2


@pytest.mark.parametrize("level", ["T12", "L3", "L5"])
def test_middles_are_where_the_geometry_shows_them(plain, level):
    number, compared = LEVELS.index(level), 0
    for seed in range(3):
        batch = shown(6, seed, dotted(level))
        rows, columns = np.indices(batch.images.shape[2:])
        of_level = zip(batch.images[:, 0].numpy(), batch.pixels[:, number].numpy(), batch.seen[:, number], strict=True)
        for image, at, seen in of_level:
            whole = (at > 8).all() and at[0] < columns.max() - 8 and at[1] < rows.max() - 8
            if seen and whole:
                middle = [(image * axis).sum() / image.sum() for axis in (columns, rows)]
                np.testing.assert_allclose(middle, at, atol=0.05)
                compared += 1
    assert compared >= 4


def test_middles_are_inside_of_their_bones():
    spine = spine_views()
    for level, frame in spine.frames.items():
        voxel = np.eye(4)
        voxel[:3, 3] = frame[:3, 3]
        assert spine.shapes[level].on(voxel, (1, 1, 1)).all()


def test_what_is_seen_is_on_the_image_and_in_the_field(monkeypatch):
    batch = shown(12, 1)
    rows, columns = batch.images.shape[2:]
    on_image = ((batch.pixels >= 0) & (batch.pixels <= torch.tensor([columns - 1, rows - 1]))).all(dim=-1)
    assert (on_image.float() >= batch.seen).all()
    assert 0.2 < batch.seen.mean() < 0.95

    def upper_half(like, draw):
        field = torch.ones_like(like)
        field[:, like.shape[1] // 2 :] = 1e-3
        return field

    monkeypatch.setattr(source, "collimator", upper_half)
    half = shown(12, 1)
    torch.testing.assert_close(half.pixels, batch.pixels)
    assert torch.equal(half.seen > 0, on_image & (half.pixels[..., 1].round() < rows // 2))


def test_collimators_are_seen():
    """On a half of the images that are covered somewhere, what is covered is flat."""
    soft, bone = torch.rand(2, 20, 64, 64)
    field = torch.ones_like(soft)
    field[:, :, :20] = 1e-3
    grey = exposing.exposed(soft, bone, torch.Generator().manual_seed(0), field)
    covered, open_field = grey[:, :, 4:16].flatten(1), grey[:, :, 24:].flatten(1)
    assert ((covered.mean(dim=1) - open_field.mean(dim=1)).abs() > open_field.std(dim=1)).float().mean() > 0.8


def test_levels_of_which_nothing_is_known_are_said_to_be_unknown():
    spine = spine_views()
    some = replace(spine, frames={level: spine.frames[level] for level in ("L2", "L3")})
    batch = shown(3, 0, some)
    assert batch.known.tolist() == 3 * [[0, 0, 1, 1, 0, 0]]
    assert not batch.seen[:, [0, 1, 4, 5]].any()
    whole = shown(3, 0)
    assert torch.equal(batch.images, whole.images)
    assert torch.equal(batch.pixels[:, 2:4], whole.pixels[:, 2:4])


def test_everything_follows_from_the_seed():
    one, same, other = (shown(seed=seed) for seed in (3, 3, 5))
    for first, second in zip(vars(one).values(), vars(same).values(), strict=True):
        assert torch.equal(first, second)
    assert not torch.equal(one.pixels, other.pixels)


def test_on_some_x_rays_bone_is_dark(monkeypatch):
    as_drawn = shown(24, 2).images
    monkeypatch.setattr(exposing, "_DARK", 0.0)
    bright = shown(24, 2).images
    dark = [torch.equal(one, -other) for one, other in zip(as_drawn, bright, strict=True)]
    assert 1 <= sum(dark) <= 14
    assert all(one != torch.equal(a, b) for one, a, b in zip(dark, as_drawn, bright, strict=True))
