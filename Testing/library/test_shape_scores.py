"""Scores of shapes whose distances are known."""

import numpy as np
import pytest

from xray3d.errors import MeshError, VolumeError
from xray3d.reconstruction.shape_scores import occupancy_f1, surface_scores
from xray3d.volumes.isosurface import isosurface

KJI = np.stack(np.meshgrid(*[np.arange(64.0)] * 3, indexing="ij"), axis=-1)
CENTRE = np.full(3, 31.5)


def distance(radius_mm, centre=CENTRE):
    return radius_mm - np.linalg.norm(KJI - centre, axis=-1)


def ball(radius_mm, centre=CENTRE):
    return isosurface(distance(radius_mm, centre), 0.0, np.eye(4))


def test_a_shape_is_like_itself():
    scores = surface_scores(ball(20), ball(20))
    assert scores.f_score == {1.0: 1.0, 1.5: 1.0, 2.0: 1.0}
    assert scores.mean_mm < 0.15
    assert scores.hausdorff95_mm < 0.25
    assert occupancy_f1(distance(20) > 0, distance(20) > 0) == 1


@pytest.mark.parametrize("found", [18.75, 21.25])
def test_a_larger_and_a_smaller_ball_are_off_by_the_difference_of_radii(found):
    scores = surface_scores(ball(found), ball(20))
    assert scores.mean_mm == pytest.approx(1.25, abs=0.04)
    assert scores.hausdorff95_mm == pytest.approx(1.25, abs=0.06)
    assert scores.f_score[1.0] < 0.02
    assert scores.f_score[1.5] > 0.98


def test_which_is_the_truth_does_not_count():
    forth, back = surface_scores(ball(17), ball(20)), surface_scores(ball(20), ball(17))
    assert forth.mean_mm == pytest.approx(back.mean_mm, abs=0.01)
    assert forth.hausdorff95_mm == pytest.approx(back.hausdorff95_mm, abs=0.01)


def test_a_shift_is_felt_where_the_surface_is_square_to_it():
    """A point of a ball that is shifted by d lies d |cos| off, to first order: d / 2 on average."""
    scores = surface_scores(ball(20, CENTRE + (0, 0, 2)), ball(20))
    assert scores.mean_mm == pytest.approx(1.0, abs=0.06)
    assert scores.hausdorff95_mm == pytest.approx(0.95 * 2, abs=0.06)
    assert scores.f_score[1.0] == pytest.approx(0.5, abs=0.03)


def test_what_is_found_beside_the_shape_costs_precision_what_is_missing_recall():
    two = isosurface(np.maximum(distance(10, (15, 15, 15)), distance(10, (48, 48, 48))), 0.0, np.eye(4))
    one = ball(10, (15, 15, 15))
    for found, truth in ((two, one), (one, two)):
        scores = surface_scores(found, truth)
        assert scores.f_score[1.0] == pytest.approx(2 / 3, abs=0.02), "half of one, all of the other"
        assert scores.hausdorff95_mm > 30


def test_small_triangles_and_large_ones_count_by_their_area():
    """A square of two triangles is the same as one of many, most of which are in a corner."""
    whole = np.array([[0, 0, 0], [40, 0, 0], [40, 40, 0], [0, 40, 0]], float), np.array([[0, 1, 2], [0, 2, 3]])
    steps = np.r_[np.linspace(0, 4, 30), 40.0]
    x, y = (axis.ravel() for axis in np.meshgrid(steps, steps))
    number = np.arange(31 * 31).reshape(31, 31)
    quads = np.stack([number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]], axis=-1).reshape(-1, 4)
    uneven = np.stack([x, y, np.full_like(x, 3.0)], axis=-1), np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    scores = surface_scores(uneven, whole, (2.9, 3.1))
    assert scores.f_score == {2.9: 0.0, 3.1: 1.0}
    half = np.array([[0, 0, 0], [20, 0, 0], [20, 40, 0], [0, 40, 0]], float), whole[1]
    near = (20 + np.sqrt(3.1**2 - 3**2)) / 40
    assert surface_scores(uneven, half, (3.1,)).f_score[3.1] == pytest.approx(2 * near / (1 + near), abs=0.01)


def test_f1_of_voxels_is_dices_coefficient():
    one, other = np.zeros((4, 5, 6)), np.zeros((4, 5, 6))
    one[1:3], other[2:4] = 1, 7
    assert occupancy_f1(one, other) == 0.5
    assert occupancy_f1(one, np.zeros_like(one)) == 0
    assert occupancy_f1(np.zeros_like(one), np.zeros_like(one)) == 1


def test_bad_input_is_one_sentence():
    with pytest.raises(VolumeError, match="use the same grid"):
        occupancy_f1(np.zeros((2, 3, 4)), np.zeros((2, 3, 5)))
    for nothing in ((np.empty((0, 3)), np.empty((0, 3), int)), (np.zeros((3, 3)), np.array([[0, 1, 2]]))):
        with pytest.raises(MeshError, match="without area"):
            surface_scores(nothing, ball(10))
