"""A part of an X-ray is an X-ray: its geometry is that of the whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration_support import xray_room
from test_geometry import ISOCENTER, offsets, projections
from xray3d import Projection
from xray3d.errors import GeometryError

ROWS, COLUMNS = 200, 260
VIEW = Projection.from_carm(20, -10, [0, 0, -10], 1020, 700, (48, 40), (6.0, 7.0))


def parts(length: int):
    """Slices of a side that leave something, also with open, negative and too large ends."""
    first = st.one_of(st.none(), st.integers(-length, length - 1))
    last = st.one_of(st.none(), st.integers(-length, 2 * length))
    return st.builds(slice, first, last).filter(lambda part: len(range(length)[part]) > 0)


@settings(max_examples=40)
@given(projections(), offsets, parts(ROWS), parts(COLUMNS))
def test_a_part_shows_what_the_whole_shows_there(projection, offset, rows, columns):
    part = projection.cropped(rows, columns)
    first = [range(COLUMNS)[columns][0], range(ROWS)[rows][0]]
    point = ISOCENTER + offset
    np.testing.assert_allclose(part.project(point), projection.project(point) - first, atol=1e-9)
    assert part.size_px == np.empty((ROWS, COLUMNS))[rows, columns].shape
    assert part.pixel_mm == projection.pixel_mm
    assert part.sdd_mm == pytest.approx(projection.sdd_mm)


@pytest.mark.parametrize(
    ("rows", "columns"), [(slice(5, 33), slice(8, 30)), (slice(None, -7), slice(-11, None)), (slice(40, 99), slice(1))]
)
def test_a_part_renders_as_that_part_of_the_image(rows, columns):
    np.testing.assert_allclose(
        xray_room().render(VIEW.cropped(rows, columns)), xray_room().render(VIEW)[rows, columns], atol=2e-4
    )


@settings(max_examples=40)
@given(projections(), parts(ROWS), parts(COLUMNS))
def test_a_part_of_a_part_is_a_part(projection, rows, columns):
    part = projection.cropped(rows, columns)
    whole = part.cropped(slice(None), slice(None))
    np.testing.assert_array_equal(whole.intrinsic, part.intrinsic)
    height, width = part.size_px
    corner = part.cropped(slice(height - 1, None), slice(width - 1, None))
    np.testing.assert_allclose(corner.project(projection.unproject([5, 7], 700)), [5, 7] - last(rows, columns))


def last(rows: slice, columns: slice) -> np.ndarray:
    return np.array([range(COLUMNS)[columns][-1], range(ROWS)[rows][-1]])


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (slice(10, 10), slice(None)),
        (slice(30, 10), slice(None)),
        (slice(None), slice(40, None)),
        (slice(0, -48), slice(1)),
    ],
)
def test_nothing_left_is_refused(rows, columns):
    with pytest.raises(GeometryError, match="size_px must be two positive numbers of pixels"):
        VIEW.cropped(rows, columns)
