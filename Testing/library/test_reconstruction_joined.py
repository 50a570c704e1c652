"""Several bones in one file."""

import numpy as np
import pytest

from xray3d.errors import VolumeError
from xray3d.reconstruction.joined import joined_labels, joined_mesh
from xray3d.reconstruction.reconstruct import Reconstruction

SIZE_KJI, RADIUS_MM = (40, 50, 45), 12.0


def ball(middle_ras, grid_at=None, radius_mm=RADIUS_MM):
    """One in voxels of 0.9 mm, in a grid whose middle is elsewhere."""
    to_ras = np.diag([0.9, 0.9, 0.9, 1.0])
    to_ras[:3, 3] = np.asarray(middle_ras if grid_at is None else grid_at) - 0.45 * (np.array(SIZE_KJI[::-1]) - 1)
    kji = np.indices(SIZE_KJI)
    points = np.moveaxis(kji[::-1], 0, -1) @ to_ras[:3, :3] + to_ras[:3, 3]
    apart_mm = np.linalg.norm(points - middle_ras, axis=-1)
    return Reconstruction(np.clip(0.5 + (radius_mm - apart_mm) / 10, 0, 1).astype(np.float32), to_ras)


UPPER, LOWER = ball([3.0, -5.0, 60.0]), ball([1.3, -4.1, 28.7])


def test_a_bone_alone_stays_on_its_grid():
    labels = joined_labels({29: UPPER}, "L3")
    np.testing.assert_array_equal(labels.labels == 29, UPPER.inside)
    np.testing.assert_allclose(labels.ijk_to_ras, UPPER.ijk_to_ras)
    assert labels.name == "L3"


def test_bones_on_other_grids_are_where_they_are():
    labels = joined_labels({29: UPPER, 28: LOWER}, "spine")
    for value, middle in ((29, [3.0, -5.0, 60.0]), (28, [1.3, -4.1, 28.7])):
        found = np.argwhere(labels.labels == value)[:, ::-1]
        np.testing.assert_allclose(labels.to_ras(found).mean(axis=0), middle, atol=0.1)
        assert len(found) * 0.729 == pytest.approx(4 / 3 * np.pi * RADIUS_MM**3, rel=0.03)


def test_where_two_bones_claim_a_voxel_it_is_of_the_surer_one():
    near = ball([3.0, -5.0, 40.0])
    labels = joined_labels({1: UPPER, 2: near}, "touching")
    upper, lower = (np.argwhere(labels.labels == value)[:, 0] for value in (1, 2))
    assert abs(int(upper.min()) - int(lower.max())) <= 1
    between = labels.to_ras([[0, 0, upper.min() - 0.5]])[0, 2]
    assert between == pytest.approx(50.0, abs=1.0)


def test_surfaces_are_those_of_the_bones():
    vertices, triangles, sigma_mm = joined_mesh([UPPER, LOWER])
    one, other = UPPER.mesh(), LOWER.mesh()
    np.testing.assert_array_equal(vertices, np.concatenate([one[0], other[0]]))
    assert triangles.max() == len(vertices) - 1
    np.testing.assert_array_equal(triangles[len(one[1]) :] - len(one[0]), other[1])
    np.testing.assert_array_equal(sigma_mm[: len(one[0])], UPPER.sigma_mm(one[0]))


def test_nothing_inside_has_no_surface():
    with pytest.raises(VolumeError, match="Nothing was reconstructed"):
        joined_mesh([UPPER, Reconstruction(np.zeros(SIZE_KJI, np.float32), np.eye(4))])
