"""Patients of other builds."""

import numpy as np
import pytest

from registration_support import CENTRE, patient
from xray3d.datasets.builds import bones_alone, of_another_build


@pytest.mark.parametrize("seed", range(6))
def test_a_build_is_of_the_same_voxels_about_a_point_that_stays(seed):
    ct = patient().ct
    other = of_another_build(ct, CENTRE, seed)
    assert other.hu is ct.hu
    np.testing.assert_allclose(other.to_ijk([CENTRE]), ct.to_ijk([CENTRE]))
    sizes = np.linalg.norm(other.ijk_to_ras[:3, :3], axis=0) / np.linalg.norm(ct.ijk_to_ras[:3, :3], axis=0)
    assert ((sizes > 0.86) & (sizes < 1.16)).all()
    assert len(set(sizes.round(6))) == 3
    np.testing.assert_array_equal(of_another_build(ct, CENTRE, seed).ijk_to_ras, other.ijk_to_ras)


def test_some_are_mirrored_right_to_left_and_nothing_else():
    builds = [of_another_build(patient().ct, CENTRE, seed).ijk_to_ras for seed in range(8)]
    signs = {tuple(np.sign(np.diag(build)[:3] / np.diag(patient().ct.ijk_to_ras)[:3]).tolist()) for build in builds}
    assert signs == {(1.0, 1.0, 1.0), (-1.0, 1.0, 1.0)}


def test_bones_alone_keep_bone_and_nothing_else():
    ct = patient().ct
    alone = bones_alone(ct)
    bone = ct.hu > 250
    np.testing.assert_array_equal(alone.hu[bone], ct.hu[bone])
    assert (alone.hu[(ct.hu > -200) & (ct.hu < 90)] == -1000).all()
    np.testing.assert_array_equal(alone.ijk_to_ras, ct.ijk_to_ras)
