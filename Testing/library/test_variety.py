"""Synthetic patients that are not all alike: curved columns, slipped vertebrae, shapes of real people."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from xray3d.datasets.canvas import BoneTissue
from xray3d.datasets.column import sample_column
from xray3d.datasets.deformity import Deformity
from xray3d.datasets.morphometry import MEAN_SHAPES
from xray3d.datasets.scanned_vertebra import ScannedVertebra
from xray3d.datasets.synthetic_spine import VERTEBRA_LABELS, synthetic_lumbar_spine
from xray3d.datasets.variety import Variety
from xray3d.datasets.vertebra_frame import GRID_AXES

LEVELS = [shape.level for shape in MEAN_SHAPES]
L3 = MEAN_SHAPES[4]


def column(**deformity):
    return sample_column(np.random.default_rng(0), Deformity(**deformity))


def lateral_tilts_deg(of):
    """How far the heads of vertebrae, from below, lean to the right."""
    up = np.array([placed.to_ras[:3, 2] for placed in of.vertebrae])[::-1]
    return np.rad2deg(np.arctan2(up[:, 0], up[:, 2]))


def test_a_column_without_deformity_is_the_healthy_one():
    for healthy, same in zip(sample_column(np.random.default_rng(0)).vertebrae, column().vertebrae, strict=True):
        np.testing.assert_array_equal(healthy.to_ras, same.to_ras)


@pytest.mark.parametrize("cobb", [30.0, -30.0])
def test_a_curve_has_its_angle_and_its_convexity_to_the_right_where_it_is_positive(cobb):
    curved, straight = column(cobb_deg=cobb, apex=3.0), column()
    tilts = lateral_tilts_deg(curved) - lateral_tilts_deg(straight)
    assert tilts[0] - tilts[-1] == pytest.approx(cobb, rel=0.2)
    aside = [of.vertebra("L2").to_ras[0, 3] - np.mean([of.vertebra(end).to_ras[0, 3] for end in ("T11", "L5")])
             for of in (curved, straight)]  # fmt: skip
    assert np.sign(cobb) * (aside[0] - aside[1]) > 3


@pytest.mark.parametrize("turn", [12.0, -12.0])
def test_the_apex_turns_its_front_to_the_side_and_the_others_less(turn):
    turned, straight = column(rotation_deg=turn, apex=3.0, reach=1.2), column()
    fronts = {}
    for level in LEVELS:
        front = np.linalg.inv(straight.vertebra(level).to_ras[:3, :3]) @ turned.vertebra(level).to_ras[:3, 1]
        fronts[level] = np.rad2deg(np.arctan2(front[0], front[1]))
    assert fronts["L2"] == pytest.approx(turn, abs=1.5)
    assert abs(fronts["L5"]) < 2
    assert abs(fronts["L4"]) < abs(fronts["L3"]) < abs(fronts["L2"])


def test_a_slipped_vertebra_lies_in_front_of_the_one_below_with_all_above_it():
    slipped, healthy = column(slip_mm={"L4": 8.0}), column()
    assert slipped.vertebra("L5").shape == healthy.vertebra("L5").shape
    for above, moved in (("L4", 8), ("L3", 8), ("L2", 8)):
        between = [of.vertebra(above).to_ras[:3, 3] - of.vertebra("L5").to_ras[:3, 3] for of in (slipped, healthy)]
        front = healthy.vertebra("L5").to_ras[:3, 1]
        assert (between[0] - between[1]) @ front == pytest.approx(moved, abs=0.5)


def test_some_patients_are_healthy_and_some_are_not():
    several = [Deformity.sample(np.random.default_rng(seed)) for seed in range(200)]
    assert 0.3 < np.mean([one.cobb_deg != 0 for one in several]) < 0.5
    assert 0.12 < np.mean([bool(one.slip_mm) for one in several]) < 0.28
    assert 0 < np.mean([one.cobb_deg > 0 for one in several]) < 0.4, "to both sides"
    assert all(one.cobb_deg * one.rotation_deg >= 0 for one in several)


def box(name="box"):
    """What no formula makes: a block, with its right half higher."""
    x, y, z = np.meshgrid(*GRID_AXES, indexing="ij")
    outside = np.stack([np.abs(x) - 23, np.abs(y) - 17, np.abs(z) - np.where(x > 0, 20.0, 10.0)]).max(axis=0)
    return ScannedVertebra(name, outside.astype(np.float32), np.array([46.0, 34.0, 27.5]))


GRID = np.stack(np.meshgrid(*GRID_AXES, indexing="ij")).astype(np.float32)
ALIKE = Variety([box()], formula_share=0.0, free_form_mm=0.0, measures=0.0)


def test_a_scanned_vertebra_stands_for_any_level_also_mirrored():
    higher = set()
    for seed in range(8):
        inside = ALIKE.vertebra(L3, np.random.default_rng(seed))(GRID) < 0
        heights = inside.any(axis=1).sum(axis=1)
        higher.add(bool(heights[GRID_AXES[0] > 2].max() > heights[GRID_AXES[0] < -2].max()))
    assert higher == {True, False}


def test_measures_and_free_form_make_each_another():
    seeds = [np.random.default_rng(seed) for seed in range(6)]
    volumes = [(replace(ALIKE, measures=0.06).vertebra(L3, seed)(GRID) < 0).sum() for seed in seeds]
    assert np.std(volumes) / np.mean(volumes) == pytest.approx(0.06 * 3**0.5, rel=0.6)
    formulas = Variety(free_form_mm=3.0, measures=0.0)
    for one, other in pairwise(formulas.vertebra(L3, seed)(GRID) < 0 for seed in seeds):
        dice = 2 * (one & other).sum() / (one.sum() + other.sum())
        assert 0.8 < dice < 0.99


def test_without_scans_vertebrae_are_formulas():
    inside = Variety(free_form_mm=0.0, measures=0.0).vertebra(L3, np.random.default_rng(0))(GRID) < 0
    assert not inside[np.abs(GRID_AXES[0]) < 5][:, np.abs(GRID_AXES[1] + 24) < 3].any(), "there is a canal"


def test_a_patient_of_variety_is_whole_and_another_than_the_healthy_one():
    healthy = synthetic_lumbar_spine(3, 3.0)
    varied, again = (synthetic_lumbar_spine(3, 3.0, variety=Variety(free_form_mm=3.0)) for _ in range(2))
    np.testing.assert_array_equal(varied.ct.hu, again.ct.hu)
    assert varied.label_names == healthy.label_names
    for level in LEVELS[1:]:
        mask = varied.labels.labels == VERTEBRA_LABELS[level]
        centre = varied.labels.to_ras(np.argwhere(mask).mean(axis=0)[::-1])
        assert np.linalg.norm(centre - varied.column.vertebra(level).to_ras[:3, 3]) < 35
        assert 0.6 < mask.sum() / (healthy.labels.labels == VERTEBRA_LABELS[level]).sum() < 1.6


def test_bone_is_as_it_usually_is_unless_asked_otherwise_and_then_as_different_as_asked():
    usual, rng = BoneTissue(1.1, 1050.0, 190.0), np.random.default_rng(0)
    assert Variety().tissue(usual, rng) == usual
    others = [Variety(density=1.0).tissue(usual, rng) for _ in range(200)]
    spongy = np.log([other.spongy_hu / usual.spongy_hu for other in others])
    assert abs(spongy.mean()) < 0.1
    assert spongy.std() == pytest.approx(0.35, rel=0.2)
    assert np.std([other.shell_mm for other in others]) > 0.1


def test_arches_differ_only_where_asked_and_nothing_else_does_then():
    """Spines of seeds stay what they were: nothing is drawn that is not asked for."""
    as_before, none = (Variety(free_form_mm=2.0, arches=0.0).vertebra(L3, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(as_before(GRID), none(GRID))
    other = Variety(free_form_mm=2.0, arches=1.0).vertebra(L3, np.random.default_rng(4))
    differs = (other(GRID) < 0) != (none(GRID) < 0)
    assert differs.sum() > 0.02 * (none(GRID) < 0).sum()
    assert not differs[:, GRID_AXES[1] > -L3.depth_mm / 2 + 8].any(), "free form moves the limit a little"
