"""Rays of X-rays meet where they were sent from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from test_geometry import ISOCENTER, carm
from xray3d.geometry.rays import nearest_to_rays, rays_of

OFFSETS = st.lists(st.floats(-60, 60), min_size=3, max_size=3)


@given(OFFSETS, st.floats(20, 90))
def test_rays_of_two_views_meet_in_the_point_that_both_see(offset, angle):
    point = ISOCENTER + offset
    views = [carm(0, 5), carm(angle, 0)]
    rays = np.concatenate([rays_of(view, view.project(point[None])) for view in views])
    np.testing.assert_allclose(np.linalg.norm(rays, axis=1), 1)
    found, information = nearest_to_rays(np.stack([view.source_ras for view in views]), rays)
    np.testing.assert_allclose(found, point, atol=1e-6)
    assert np.linalg.eigvalsh(information)[0] == pytest.approx(1 - abs(rays[0] @ rays[1]), abs=1e-9)


def test_of_rays_that_miss_each_other_it_is_the_point_between():
    sources, rays = np.array([[0.0, 0, 1], [0, 0, -1]]), np.array([[1.0, 0, 0], [0, 1, 0]])
    np.testing.assert_allclose(nearest_to_rays(sources, rays)[0], 0, atol=1e-12)
