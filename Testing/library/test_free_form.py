"""Free-form deformation: smooth, of the size that was asked for, and repeatable."""

import numpy as np
import pytest

from xray3d.datasets.free_form import CONTROL_MM, FreeForm

GRID = np.stack(np.meshgrid(*[np.arange(-60.0, 61.0, 3.0)] * 3, indexing="ij")).astype(np.float32)


def shift(spread_mm, seed=0):
    return FreeForm(np.random.default_rng(seed), spread_mm).moved(GRID) - GRID


def test_points_move_by_as_much_as_was_asked_for():
    """A cubic B-spline averages its control points: what is left of their spread is known."""
    weights = np.array([1 / 6, 2 / 3, 1 / 6])
    at_controls = (weights**2).sum() ** 1.5
    spread = np.mean([shift(4.0, seed).std() for seed in range(8)])
    assert 0.8 * 4.0 * at_controls < spread < 4.0 * at_controls * 1.1


def test_it_is_smooth_and_never_folds():
    moved = shift(3.0)
    slopes = np.stack([np.gradient(moved, 3.0, axis=axis) for axis in (1, 2, 3)])
    assert np.abs(slopes).max() < 3.0 * 4 / CONTROL_MM
    jacobian = np.moveaxis(slopes, (0, 1), (-1, -2)) + np.eye(3)
    assert np.linalg.det(jacobian).min() > 0.2


def test_the_same_seed_moves_alike_and_another_otherwise():
    np.testing.assert_array_equal(shift(3.0, 5), shift(3.0, 5))
    assert np.abs(shift(3.0, 5) - shift(3.0, 6)).mean() > 0.5


def test_nothing_asked_nothing_moved():
    assert not shift(0.0).any()


@pytest.mark.parametrize("far", [150.0, -400.0])
def test_what_is_far_away_moves_no_farther_than_what_is_near(far):
    deform = FreeForm(np.random.default_rng(1), 2.0)
    point = np.array([[far], [0.0], [0.0]], np.float32)
    assert np.abs(deform.moved(point) - point).max() < 10
