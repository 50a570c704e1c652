"""Maps of rays: each pixel says where its ray passes the grid."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xray3d import Projection
from xray3d.geometry.poses import se3_exp
from xray3d.reconstruction.rays import CHANNELS, ray_maps

ROWS, COLUMNS = 24, 32
numbers = st.floats(-1, 1, width=32)


def view(primary, secondary):
    return Projection.from_carm(primary, secondary, (5.0, -3.0, 8.0), 1020.0, 700.0, (ROWS, COLUMNS), (4.0, 4.0))


def maps_of(views, to_ras, middle):
    matrices = torch.from_numpy(np.stack([one.matrix for one in views]))[None]
    return ray_maps(matrices, torch.from_numpy(to_ras)[None], torch.from_numpy(middle)[None], ROWS, COLUMNS)[0].numpy()


@settings(max_examples=30, deadline=None)
@given(st.floats(-100, 100), st.floats(-30, 30), st.tuples(*[numbers] * 6))
def test_the_ray_of_a_pixel_is_seen_in_that_pixel(primary, secondary, pose):
    """Two points of the ray, from its map and the grid's frame, are projected onto the pixel that the map is of."""
    to_ras = se3_exp(np.array(pose) * [40, 40, 40, 1, 1, 1]) @ np.diag([1.0, 1.0, 1.0, 1.0])
    middle = to_ras[:3, 3] + [4.0, 5.0, 6.0]
    one = view(primary, secondary)
    found = maps_of([one], to_ras, middle)[0]
    assert found.shape == (CHANNELS, ROWS, COLUMNS)
    row, column = 7, 21
    direction, nearest = found[:3, row, column], 50 * found[3:, row, column]
    for along in (-60.0, 0.0, 80.0):
        ras = middle + to_ras[:3, :3] @ (nearest + along * direction)
        np.testing.assert_allclose(one.project(ras), [column, row], atol=1e-4)
    assert np.linalg.norm(direction) == pytest.approx(1, abs=1e-6)
    assert nearest @ direction == pytest.approx(0, abs=1e-4), "what is nearest to the middle is square to the ray"


def test_rays_lead_away_from_the_source():
    one = view(0, 0)
    assert maps_of([one], np.eye(4), np.zeros(3))[0][:3, ROWS // 2, COLUMNS // 2] @ one.viewing_direction_ras > 0.99


def test_a_finer_grid_has_the_same_rays():
    coarse, fine = np.diag([2.0, 2.0, 2.0, 1.0]), np.eye(4)
    np.testing.assert_allclose(
        maps_of([view(20, 10)], coarse, np.ones(3)), maps_of([view(20, 10)], fine, np.ones(3)), atol=1e-9
    )
