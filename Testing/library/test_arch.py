"""Arches that differ: the body stays, what is behind it moves smoothly, by as much as was asked for."""

import numpy as np
import pytest

from xray3d.datasets.arch import ArchVariety
from xray3d.datasets.morphometry import MEAN_SHAPES
from xray3d.datasets.vertebra import vertebra_distance

L3 = MEAN_SHAPES[4]
BACK_MM = -L3.depth_mm / 2
AXES = np.arange(-60.0, 61.0, 1.5), np.arange(-80.0, 31.0, 1.5), np.arange(-45.0, 46.0, 1.5)
GRID = np.stack(np.meshgrid(*AXES, indexing="ij")).astype(np.float32)


class Always:
    """Instead of random numbers, those given, as multiples of their standard deviations."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)

    def normal(self, mean, deviations):
        drawn = [self.numbers.pop(0) for _ in np.atleast_1d(deviations)]
        return np.squeeze(mean + np.array(drawn) * np.atleast_1d(deviations))


def arch(pitch=0.0, roll=0.0, stretch=(0.0, 0.0, 0.0), up=0.0):
    return ArchVariety(Always(pitch, roll, *stretch, up), 1.0, BACK_MM)


def extent(deformed):
    """Lowest and highest corner of what is inside."""
    inside = np.argwhere(vertebra_distance(deformed.moved(GRID), L3) < 0)
    low, high = inside.min(axis=0), inside.max(axis=0)
    return np.array([[axis[n] for axis, n in zip(AXES, corner, strict=True)] for corner in (low, high)])


@pytest.mark.parametrize("seed", range(5))
def test_the_body_stays_as_it_is(seed):
    deformed = ArchVariety(np.random.default_rng(seed), 1.0, BACK_MM)
    of_body = GRID[:, :, AXES[1] >= BACK_MM - 1]
    np.testing.assert_array_equal(deformed.moved(of_body), of_body)


@pytest.mark.parametrize("seed", range(5))
def test_it_never_folds(seed):
    moved = ArchVariety(np.random.default_rng(seed), 1.0, BACK_MM).moved(GRID)
    slopes = np.stack([np.gradient(moved, 1.5, axis=axis) for axis in (1, 2, 3)])
    jacobian = np.moveaxis(slopes, (0, 1), (-1, -2))
    assert np.linalg.det(jacobian).min() > 0.2


def test_nothing_asked_nothing_moved():
    np.testing.assert_array_equal(ArchVariety(np.random.default_rng(0), 0.0, BACK_MM).moved(GRID), GRID)


def test_pitch_lowers_or_lifts_what_is_far_behind_and_its_sign_says_which():
    lifted, usual, lowered = (extent(arch(pitch=pitch))[0, 2] for pitch in (-1.5, 0.0, 1.5))
    assert lifted > usual + 2 > lowered + 4


def test_stretched_processes_reach_farther_to_the_sides_and_to_the_back():
    usual, stretched = extent(arch()), extent(arch(stretch=(1.0, 1.0, 0.0)))
    assert stretched[1, 0] > usual[1, 0] + 2
    assert stretched[0, 1] < usual[0, 1] - 3
    assert stretched[1, 1] == usual[1, 1], "the front is the body's"


def test_an_arch_that_is_shifted_up_is_higher():
    assert extent(arch(up=2.0))[0, 2] >= extent(arch())[0, 2] + 1.5
