"""Labels on another grid: every voxel says what lies at its centre, up to the outermost faces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from test_volumes import affines
from xray3d.volumes.resampling import labels_on_grid

LABELS = np.random.default_rng(0).integers(1, 9, (4, 5, 6))


def nearest(points_ras, ijk_to_ras):
    """Labels at RAS points (n, 3), 0 outside, and how far (in voxels) each is from a face between voxels."""
    ijk = (np.linalg.inv(ijk_to_ras) @ np.column_stack([points_ras, np.ones(len(points_ras))]).T)[:3].T
    index = np.round(ijk).astype(int)
    inside = ((index >= 0) & (index < LABELS.shape[::-1])).all(axis=1)
    found = np.zeros(len(points_ras), int)
    found[inside] = LABELS[tuple(index[inside].T[::-1])]
    return found, 0.5 - np.abs(ijk - index).max(axis=1)


@settings(max_examples=25)
@given(affines(), affines(), st.tuples(*[st.integers(1, 7)] * 3))
def test_any_two_grids(own, other, shape):
    """The other grid is put over the middle of the labels, since two grids anywhere seldom meet."""
    middle = own @ [2.5, 2, 1.5, 1]
    other[:3, 3] += (middle - other @ [*(np.array(shape[::-1]) - 1) / 2, 1])[:3]
    sampled = labels_on_grid(LABELS, own, other, shape)
    assert sampled.shape == shape
    centres = np.indices(shape).reshape(3, -1)[::-1]
    expected, margin = nearest((other @ np.vstack([centres, np.ones(centres.shape[1])]))[:3].T, own)
    clear = margin > 1e-6
    np.testing.assert_array_equal(sampled.ravel()[clear], expected[clear])


def test_voxels_reach_to_their_outer_faces():
    """A grid of half the spacing has voxels a quarter beside the outermost centres; they belong to the labels."""
    finer = np.diag([0.5, 0.5, 0.5, 1.0])
    finer[:3, 3] = -0.25
    doubled = labels_on_grid(LABELS, np.eye(4), finer, (8, 10, 12))
    np.testing.assert_array_equal(doubled, np.kron(LABELS, np.ones((2, 2, 2), int)))


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int16, np.int64])
def test_the_type_stays(kind):
    labels = (LABELS > 4).astype(kind)
    flipped = np.diag([-1.0, 1.0, 1.0, 1.0])
    flipped[0, 3] = 5
    sampled = labels_on_grid(labels, np.eye(4), flipped, labels.shape)
    assert sampled.dtype == kind
    np.testing.assert_array_equal(sampled, labels[:, :, ::-1])


def test_nothing_is_nothing():
    assert not labels_on_grid(np.zeros((0, 3, 3), bool), np.eye(4), np.eye(4), (2, 2, 2)).any()
    far = np.eye(4)
    far[:3, 3] = 100
    assert not labels_on_grid(LABELS, np.eye(4), far, LABELS.shape).any()
