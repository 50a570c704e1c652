"""Masks made larger or smaller."""

import numpy as np

from xray3d.inpainting.growing import grown


def dot(shape=(21, 25)):
    mask = np.zeros(shape, bool)
    mask[10, 12] = True
    return mask


def test_a_dot_becomes_a_disc():
    rows, columns = np.nonzero(grown(dot(), 4))
    assert np.hypot(rows - 10, columns - 12).max() < 5
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (6, 14, 8, 16)


def test_a_disc_becomes_a_dot_again():
    np.testing.assert_array_equal(grown(grown(dot(), 4), -4), dot())


def test_at_the_edge_nothing_comes_in_or_goes_out():
    mask = np.zeros((9, 9), bool)
    mask[:, :4] = True
    assert grown(mask, 2)[:, :6].all()
    assert not grown(mask, 2)[:, 6:].any()
    assert grown(mask, -2)[:, :2].all()


def test_no_margin_and_no_mask():
    np.testing.assert_array_equal(grown(dot(), 0), dot())
    assert not grown(np.zeros((5, 5), bool), 3).any()
