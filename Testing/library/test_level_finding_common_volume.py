"""The part of space that X-rays see together."""

import numpy as np
import pytest

from xray3d import Projection, XRayImage
from xray3d.errors import GeometryError
from xray3d.reconstruction.level_finding.common_volume import NEAREST, box_seen_twice, field_of_view

SIZE, PIXEL_MM = (200, 160), (2.0, 2.0)


def projection(angle_deg, middle=(0.0, 0.0, 0.0), tilt_deg=0.0):
    return Projection.from_carm(angle_deg, tilt_deg, middle, 1000.0, 700.0, SIZE, PIXEL_MM)


def xrays(*projections):
    return [XRayImage(np.zeros(SIZE), one, f"view {number + 1}") for number, one in enumerate(projections)]


def inside(points, field):
    return (points @ field[:, :3].T + field[:, 3] <= 0).all(axis=1)


def test_a_field_of_view_is_what_is_seen_between_source_and_detector():
    one = projection(30, (10.0, -20.0, 30.0), 15)
    points = np.random.default_rng(0).uniform(-600, 600, (20_000, 3))
    depth = points @ one.extrinsic[2, :3] + one.extrinsic[2, 3]
    expected = one.sees(points) & (depth >= NEAREST * 1000) & (depth <= 1000)
    assert expected.sum() > 100
    np.testing.assert_array_equal(inside(points, field_of_view(one)), expected)
    np.testing.assert_allclose(np.linalg.norm(field_of_view(one)[:, :3], axis=1), 1)


@pytest.mark.parametrize("angles", [(0, 90), (0, 45), (0, 90, -45), (0, 20, 90, 60)])
def test_the_box_is_about_what_two_x_rays_see(angles):
    views = xrays(*(projection(angle, (5.0, 10.0, 1000.0)) for angle in angles))
    lowest, highest = box_seen_twice(views)
    points = np.random.default_rng(0).uniform(-700, 700, (200_000, 3)) + [0, 0, 1000]
    twice = sum(inside(points, field_of_view(view.projection)).astype(int) for view in views) >= 2
    seen = points[twice]
    assert len(seen) > 500
    assert (seen >= lowest).all()
    assert (seen <= highest).all()
    # Corners are sharp: random points hardly reach them.
    assert (seen.min(axis=0) - lowest < 80).all()
    assert (highest - seen.max(axis=0) < 80).all()


def test_views_aside_of_each_other_make_the_box_larger():
    near, far = projection(0), projection(0, (0.0, 0.0, 150.0))
    lateral, long_way_up = projection(90), projection(90, (0.0, 0.0, 150.0))
    one = box_seen_twice(xrays(near, lateral))
    both = box_seen_twice(xrays(near, lateral, far, long_way_up))
    assert both[1, 2] > one[1, 2] + 100
    assert both[0, 2] <= one[0, 2] + 1e-6


@pytest.mark.parametrize("middle", [(0.0, 0.0, 900.0), (3000.0, 0.0, 0.0)])
def test_an_x_ray_that_sees_nothing_of_what_others_see_is_named(middle):
    with pytest.raises(GeometryError, match="^view 3 sees no part of the patient that another X-ray sees"):
        box_seen_twice(xrays(projection(0), projection(90), projection(45, middle)))
