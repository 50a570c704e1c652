"""Instrumented spines."""

from functools import cache

import numpy as np
import pytest

from xray3d.datasets.instrumentation import InstrumentableSpine
from xray3d.datasets.spine_finder import FoundSpine, find_vertebrae
from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
from xray3d.errors import VolumeError
from xray3d.volumes import LabelVolume


@cache
def spine() -> FoundSpine:
    return find_vertebrae(synthetic_lumbar_spine(seed=0, spacing_mm=1.5).ct)


@cache
def instrumentable() -> InstrumentableSpine:
    return InstrumentableSpine(spine())


@cache
def drawn(seed):
    return instrumentable().draw(np.random.default_rng(seed))


SEEDS = range(14)


def centers_ras():
    return np.array([vertebra.center_ras for vertebra in spine().vertebrae])


def test_all_kinds_of_implants_are_drawn_near_the_spine():
    kinds = set()
    centers = centers_ras()
    for seed in SEEDS:
        implants = drawn(seed)
        assert implants
        for implant in implants:
            kinds.add(implant.name.split()[-1])
            middle = implant.vertices_ras.mean(axis=0)
            assert np.linalg.norm(centers - middle, axis=1).min() < 60, implant.name
    assert kinds == {"screw", "rod", "cage", "plate"}


def test_screws_are_on_their_side_and_point_to_the_front():
    """x to the patient's right in RAS, whose spine stands upright."""
    middle = centers_ras().mean(axis=0)
    for seed in SEEDS:
        for implant in drawn(seed):
            if implant.name.endswith("screw"):
                head = implant.to_ras[:3, 3]
                assert (head[0] > middle[0]) == implant.name.startswith("right")
                assert implant.to_ras[1, 2] > 0.7


def test_rods_run_through_the_heads_of_their_screws():
    checked = 0
    for seed in SEEDS:
        implants = drawn(seed)
        for rod in (implant for implant in implants if implant.name.endswith("rod")):
            heads = [i for i in implants if i.name == rod.name.replace("rod", "screw")]
            assert len(heads) > 1
            for head in heads:
                seat = head.to_ras[:3, 3] - 8 * head.to_ras[:3, 2]
                off_mm = np.linalg.norm(rod.vertices_ras - seat, axis=1).min()
                assert off_mm < 5
                checked += 1
    assert checked > 10


def test_the_same_seed_draws_the_same():
    one, other = drawn(7), drawn.__wrapped__(7)
    assert [implant.name for implant in one] == [implant.name for implant in other]
    np.testing.assert_array_equal(one[0].vertices_ras, other[0].vertices_ras)


def test_without_a_spine_there_is_nothing_to_instrument():
    labels = spine().labels
    nothing = LabelVolume(np.zeros_like(labels.labels), labels.ijk_to_ras, "none")
    with pytest.raises(VolumeError, match="No vertebra in this CT takes a pedicle screw"):
        InstrumentableSpine(FoundSpine((), nothing, np.zeros(3)))
