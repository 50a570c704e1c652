"""Rigid transforms: the angle they turn by, and turns about a point."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xray3d.geometry.poses import about, rotation_angle, se3_exp

vectors = st.tuples(*[st.floats(-300, 300)] * 3).map(np.array)
axes = vectors.filter(lambda vector: np.linalg.norm(vector) > 1).map(lambda vector: vector / np.linalg.norm(vector))


@given(axes, st.floats(0, np.pi), vectors)
def test_the_angle_is_the_one_turned_by_whatever_the_axis_and_the_shift(axis, angle, shift):
    transform = se3_exp([*shift, *(angle * axis)])
    assert rotation_angle(transform) == pytest.approx(angle, abs=1e-7)
    assert rotation_angle(transform[:3, :3]) == rotation_angle(transform)


def test_small_angles_keep_their_digits():
    assert rotation_angle(se3_exp([0, 0, 0, 1e-6, 0, 0])) == pytest.approx(1e-6, rel=1e-6)


def test_a_quarter_turn_about_a_point_beside_the_origin():
    """About (10, 0, 0) and the z axis, (11, 0, 0) goes to (10, 1, 0); a shift of 5 along z goes on top."""
    turned = about([10, 0, 0], se3_exp([0, 0, 5, 0, 0, np.pi / 2]))
    np.testing.assert_allclose(turned @ [11, 0, 0, 1], [10, 1, 5, 1], atol=1e-12)


@given(vectors, vectors, axes, vectors)
def test_about_a_point_only_the_translation_moves_it(point, shift, axis, other):
    transform = np.eye(4)
    transform[:3, :3], transform[:3, 3] = se3_exp([0, 0, 0, *axis])[:3, :3], shift
    turned = about(point, transform)
    np.testing.assert_allclose((turned @ [*point, 1])[:3], point + shift, atol=1e-9)
    moved = transform[:3, :3] @ (other - point) + point + shift
    np.testing.assert_allclose((turned @ [*other, 1])[:3], moved, atol=1e-9)
    assert transform[0, 3] == shift[0], "and what was passed stays as it was"
