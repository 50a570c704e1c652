"""X-rays with metal and the same without, simulated and real."""

from functools import cache

import numpy as np
import pytest
import torch

from inpainting_support import made_up_scenes
from xray3d.inpainting import instrumented
from xray3d.inpainting.instrumented import Instrumented

SIDE, COUNT = 128, 13
HIGH, NARROW = (180, 140), (160, 90)


@cache
def source() -> Instrumented:
    """A radiograph that is large enough, and one that is too narrow."""
    rng = np.random.default_rng(0)
    return Instrumented(made_up_scenes(4, 200), [rng.random(shape, np.float32) for shape in (HIGH, NARROW)])


def drawn(seed=0, count=COUNT, draw=Instrumented.parts, of=None):
    return draw(of or source(), count, SIDE, np.random.default_rng(seed), torch.Generator().manual_seed(seed))


def without(seed=0):
    return drawn(seed, draw=Instrumented.without_metal)


def filled_up(radiograph):
    return np.pad(radiograph, [(0, max(0, SIDE - side)) for side in radiograph.shape], mode="symmetric")


def whose(greys):
    """The radiograph that this is, mirrored or not, and the factor between them."""
    for number, radiograph in enumerate(source().radiographs):
        for image in (filled_up(radiograph), filled_up(radiograph)[:, ::-1]):
            if image.shape == greys.shape and np.allclose(greys * (image.max() / greys.max()), image, atol=1e-5):
                return number, float(image.max() / greys.max())
    raise AssertionError("no radiograph of these")


def halves(parts):
    return parts[: len(parts) - len(parts) // 2], parts[len(parts) - len(parts) // 2 :]


@pytest.mark.parametrize(("draw", "of_real"), [(drawn, 6), (without, 10)])
def test_simulated_ones_come_first_and_those_without_metal_are_mostly_real(draw, of_real):
    parts = draw()
    assert len(parts) == COUNT
    simulated, real = parts[:-of_real], parts[-of_real:]
    for part in simulated:
        assert part.pairs.truth.shape == (SIDE, SIDE)
        with pytest.raises(AssertionError, match="no radiograph"):
            whose(part.pairs.truth.numpy())
    assert {whose(part.pairs.truth.numpy())[0] for part in real} == {0, 1}
    for part in parts:
        assert all(image.shape == (SIDE, SIDE) for image in vars(part.shown).values())
        assert torch.equal(part.shown.images, part.pairs.images[part.where])


def test_without_radiographs_all_are_simulated():
    alone = Instrumented(source().scenes, ())
    assert [part.pairs.truth.shape for part in drawn(of=alone)] == COUNT * [(SIDE, SIDE)]
    assert len(drawn(of=alone, draw=Instrumented.without_metal)) == COUNT


@pytest.mark.parametrize("draw", [Instrumented.parts, Instrumented.without_metal])
@pytest.mark.parametrize("count", range(4))
def test_few_can_be_drawn(draw, count):
    assert len(drawn(count=count, draw=draw)) == count


def test_metal_of_a_simulated_one_is_where_a_ray_meets_it():
    simulated, _ = halves(drawn(3))
    crops = source().scenes.crops(np.random.default_rng(3), len(simulated), SIDE)
    assert (crops.metal_mm > 0).flatten(1).any(dim=1).sum() > len(simulated) / 2
    for part, metal_mm in zip(simulated, crops.metal_mm, strict=True):
        assert torch.equal(part.pairs.metal > 0, metal_mm > 0)


def test_metal_on_a_radiograph_is_bright_and_nothing_else_is_changed():
    _, real = halves(drawn(4, 40))
    with_metal = [part.pairs for part in real if part.pairs.metal.any()]
    assert len(with_metal) > 15
    for pairs in with_metal:
        near = torch.nn.functional.max_pool2d(pairs.metal[None], 3, 1, 1)[0] > 0
        added = pairs.images - pairs.truth
        assert added[~near].abs().max() < 1e-3, "a grey value is rounded"
        assert (added[pairs.metal > 0] > 0).float().mean() > 0.6, "some was white before"


def test_most_parts_of_a_large_radiograph_are_about_metal_and_others_from_anywhere():
    large = Instrumented(source().scenes, [np.random.default_rng(0).random((600, 600), np.float32)])
    _, real = halves(drawn(5, 80, of=large))
    assert 0.6 < np.mean([bool(part.shown.metal.any()) for part in real]) < 1


def test_implants_on_radiographs_are_of_many_sizes():
    _, real = halves(drawn(6, 60))
    areas = [float(part.pairs.metal.sum()) for part in real if part.pairs.metal.any()]
    assert max(areas) > 5 * min(areas)


def test_metal_made_smaller_is_as_thick_as_it_was(monkeypatch):
    """A bar that is 5 mm thick everywhere: a pixel is a ray, no average of some that meet it and some that do not."""
    made, thicknesses = instrumented.radiograph_pairs, set()

    def seen(greys, metal_mm, *others):
        thicknesses.update(metal_mm.unique().tolist())
        return made(greys, metal_mm, *others)

    monkeypatch.setattr(instrumented, "radiograph_pairs", seen)
    drawn(11, 20)
    assert thicknesses == {0.0, 5.0}


def test_the_truth_of_a_radiograph_is_the_radiograph_up_to_a_factor():
    _, real = halves(drawn(7, 40))
    factors = [whose(part.pairs.truth.numpy())[1] for part in real]
    assert min(factors) >= 1 - 1e-6, "what is behind metal may need room"
    assert max(factors) > 1.1


def test_radiographs_are_mirrored_at_random():
    greys = [part.pairs.truth.numpy() for part in halves(without(8))[1]]
    as_they_are = [any(np.array_equal(image, filled_up(one)) for one in source().radiographs) for image in greys]
    assert set(as_they_are) == {True, False}


def test_a_narrow_radiograph_is_filled_up_by_its_mirror_image():
    narrow = [part for part in halves(drawn(9, 30))[1] if part.pairs.truth.shape[1] < HIGH[1]]
    assert len(narrow) > 3
    width = NARROW[1]
    for part in narrow:
        assert part.pairs.truth.shape == (NARROW[0], SIDE)
        truth = part.pairs.truth
        assert any(
            torch.equal(one[:, width:], one[:, 2 * width - SIDE : width].flip(1)) for one in (truth, truth.flip(1))
        )


def test_those_without_metal_have_none():
    parts = without(10)
    for part in parts:
        assert not part.pairs.metal.any()
        assert torch.equal(part.pairs.images, part.pairs.truth)
    _, real = halves(parts)
    assert {whose(part.pairs.images.numpy())[1] for part in real} == {1.0}


@pytest.mark.parametrize("draw", [drawn, without])
def test_the_same_seed_draws_the_same(draw):
    first, again, other = draw(1), draw(1), draw(2)
    for one, same in zip(first, again, strict=True):
        assert one.where == same.where
        assert all(torch.equal(*both) for both in zip(vars(one.pairs).values(), vars(same.pairs).values(), strict=True))
    assert not any(
        torch.equal(one.shown.images, another.shown.images) for one, another in zip(first, other, strict=True)
    )
