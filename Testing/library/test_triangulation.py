"""Where a point is that X-rays show."""

import numpy as np
import pytest
from hypothesis import given

from test_geometry import ISOCENTER, carm, offsets
from xray3d.errors import GeometryError
from xray3d.geometry.triangulation import triangulated

VIEWS = [carm(0, 5), carm(88, 0), carm(40, -10)]


def pixels_of(point, views=VIEWS):
    return [view.project(point).tolist() for view in views]


@given(offsets)
def test_it_is_where_the_rays_of_those_that_show_it_meet(offset):
    point = ISOCENTER + offset
    pixels = pixels_of(point)
    np.testing.assert_allclose(triangulated(VIEWS, pixels), point, atol=1e-6)
    np.testing.assert_allclose(triangulated(VIEWS, [pixels[0], None, pixels[2]]), point, atol=1e-6)


def test_of_rays_that_almost_meet_it_is_between():
    """A pixel is 0.8 mm high where the patient is."""
    first, second = pixels_of(ISOCENTER, VIEWS[:2])
    point = triangulated(VIEWS[:2], [[first[0], first[1] - 5], [second[0], second[1] + 5]])
    assert 0 < np.linalg.norm(point - ISOCENTER) < 1
    higher = triangulated(VIEWS[:2], [[first[0], first[1] - 5], [second[0], second[1] - 5]])
    assert (higher - ISOCENTER)[2] == pytest.approx(5 * 1.2 * 700 / 1020, abs=0.3)


@pytest.mark.parametrize(
    ("pixels", "sentence"),
    [
        (7, "a pixel, or null, for each of 3 X-rays"),
        ([[1, 2]], "a pixel, or null, for each of 3 X-rays"),
        ([[1, 2], [1, "b"], None], "Each pixel must be"),
        ([[1, 2], [1, np.nan], None], "Each pixel must be"),
        ([None, [1, 2], None], "Two X-rays must show the point; mark it on another one"),
        ([[130, 100], [130, 10], None], "miss each other by .. mm"),
    ],
)
def test_pixels_that_show_no_point_are_one_sentence(pixels, sentence):
    with pytest.raises(GeometryError, match=sentence):
        triangulated(VIEWS, pixels)


def test_views_from_one_direction_show_no_depth():
    views = [VIEWS[0], VIEWS[0].perturbed([20, 0, 0, 0, 0, 0])]
    with pytest.raises(GeometryError, match="from one direction"):
        triangulated(views, pixels_of(ISOCENTER, views))
