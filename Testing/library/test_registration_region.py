"""What of the CT is registered: coarser copies, a piece of bone, and the point the pose is about."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from registration_support import CENTRE, FRONTAL, LATERAL, carm, motion, patient, reindexed
from xray3d import CTVolume, LabelVolume
from xray3d.datasets.synthetic_spine import VERTEBRA_LABELS
from xray3d.errors import VolumeError
from xray3d.registration.pivot import common_motion, middle_of_views
from xray3d.registration.pyramid import coarser
from xray3d.registration.region import bone_of_region

shifts = st.tuples(*[st.floats(-40, 40)] * 3)
turns = st.tuples(*[st.floats(-30, 30)] * 3)


def blob(size_ijk, ijk_to_ras):
    """A Gaussian blob off the middle of any grid, on air."""
    i, j, k = (np.arange(size) / size - at for size, at in zip(size_ijk, (0.4, 0.55, 0.6), strict=True))
    squared = (k / 0.09)[:, None, None] ** 2 + (j / 0.1)[:, None] ** 2 + (i / 0.09) ** 2
    return CTVolume(2000 * np.exp(-squared / 2) - 1000, ijk_to_ras)


def centre_of_mass(ct):
    weights = (ct.hu + 1000.0).ravel()
    ijk = np.indices(ct.hu.shape).reshape(3, -1)[::-1].T
    return ct.to_ras(weights @ ijk / weights.sum())


def oblique(spacing_mm, euler_deg=(30, -50, 20)):
    to_ras = np.eye(4)
    to_ras[:3, :3] = Rotation.from_euler("xyz", euler_deg, degrees=True).as_matrix() * spacing_mm
    to_ras[:3, 3] = 30, -200, 77
    return to_ras


@settings(max_examples=20)
@given(
    st.tuples(*[st.integers(60, 81)] * 3),
    st.tuples(*[st.floats(0.4, 3.0)] * 3),
    st.tuples(*[st.floats(-180, 180)] * 3),
    st.sampled_from([(1, 1, 1), (-1, 1, 1), (1, -1, -1)]),
    st.floats(1.0, 5.0),
)
def test_coarser_voxels_show_the_same_thing_in_the_same_place(size, spacing, euler_deg, signs, coarse_mm):
    ct = blob(size, oblique(np.array(spacing) * signs, euler_deg))
    coarse = coarser(ct, coarse_mm)
    np.testing.assert_allclose(centre_of_mass(coarse), centre_of_mass(ct), atol=0.05 * coarse_mm)
    assert (coarse.spacing_mm <= np.maximum(coarse_mm, ct.spacing_mm) + 1e-5).all()
    assert (coarse.spacing_mm > np.minimum(coarse_mm, 5) / 2 - 1e-6).all(), "and not needlessly small"
    mass, coarse_mass = ((one.hu + 1000.0).sum() * one.spacing_mm.prod() for one in (ct, coarse))
    assert coarse_mass == pytest.approx(mass, rel=0.02)


def test_coarser_voxels_are_means():
    ct = CTVolume(np.arange(64.0).reshape(4, 4, 4), np.diag([1.0, 1.0, 2.0, 1.0]))
    coarse = coarser(ct, 2.0)
    assert coarse.size_ijk == (2, 2, 4)
    assert coarse.hu[1, 0, 1] == np.mean(ct.hu[1, :2, 2:])
    np.testing.assert_allclose(coarse.to_ras([0, 0, 1]), [0.5, 0.5, 2])


def test_voxels_that_are_large_already_are_kept():
    ct = blob((10, 10, 10), np.diag([3.0, 3.0, 3.0, 1.0]))
    assert coarser(ct, 4.0) is ct


def region_of(*levels):
    chosen = np.isin(patient().labels.labels, [VERTEBRA_LABELS[level] for level in levels])
    return LabelVolume(chosen.astype(np.uint8), patient().labels.ijk_to_ras, "L3.nrrd")


def test_what_is_left_is_the_bone_of_the_region():
    ct, region = patient().ct, region_of("L3")
    bone = bone_of_region(ct, region)
    shown, chosen = bone.hu > -1000, region.labels > 0
    assert shown[chosen & (ct.hu > 100)].all()
    dense = chosen & (ct.hu > 500)
    lost = ct.hu[dense] - bone.hu[dense]
    np.testing.assert_allclose(lost, lost[0], err_msg="all bone loses soft tissue's attenuation")
    assert 1000 < lost[0] < 1100
    kji = np.argwhere(shown)
    low, high = np.argwhere(chosen).min(axis=0), np.argwhere(chosen).max(axis=0)
    assert (kji >= low - 1).all(), "no more than a rim of a voxel around it"
    assert (kji <= high + 1).all()
    assert not shown[(patient().labels.labels == VERTEBRA_LABELS["L1"])].any()
    np.testing.assert_array_equal(bone.ijk_to_ras, ct.ijk_to_ras)


@pytest.mark.parametrize(("axes", "flips"), [((2, 1, 0), ()), ((1, 2, 0), (0, 2)), ((0, 1, 2), (0, 1))])
def test_labels_may_be_stored_in_another_order(axes, flips):
    region = region_of("L3")
    as_ct = reindexed(CTVolume(region.labels.astype(float), region.ijk_to_ras), axes, flips)
    other = LabelVolume(as_ct.hu.astype(np.uint8), as_ct.ijk_to_ras)
    np.testing.assert_array_equal(bone_of_region(patient().ct, other).hu, bone_of_region(patient().ct, region).hu)


def test_labels_may_be_on_a_smaller_and_finer_grid():
    region = region_of("L3")
    k, j, i = (slice(low - 1, high + 2) for low, high in zip(*bounds(region.labels > 0), strict=True))
    fine = region.labels[k, j, i].repeat(2, 0).repeat(3, 1).repeat(2, 2)
    to_ras = region.ijk_to_ras @ np.diag([1 / 2, 1 / 3, 1 / 2, 1.0])
    to_ras[:3, 3] = region.to_ras(np.array([i.start, j.start, k.start]) - [1 / 4, 1 / 3, 1 / 4])
    found = bone_of_region(patient().ct, LabelVolume(fine, to_ras))
    np.testing.assert_array_equal(found.hu, bone_of_region(patient().ct, region).hu)


def bounds(inside):
    kji = np.argwhere(inside)
    return kji.min(axis=0), kji.max(axis=0)


@pytest.mark.parametrize("case", ["empty", "elsewhere", "air"])
def test_a_region_without_bone_is_named(case):
    region, labels, to_ras = region_of("L3"), region_of("L3").labels.copy(), region_of("L3").ijk_to_ras.copy()
    if case != "elsewhere":
        labels[:] = 0
    if case == "air":
        labels[:, :3] = 1
    if case == "elsewhere":
        to_ras[:3, 3] += 3000
    with pytest.raises(VolumeError, match=r"no bone of Synthetic lumbar spine 0 in the region L3.nrrd; segment"):
        bone_of_region(patient().ct, LabelVolume(labels, to_ras, region.name))


def test_the_middle_of_two_views_is_where_they_cross_in_the_patient():
    size = (np.array(patient().ct.size_ijk) - 1) / 2
    middle = middle_of_views(patient().ct, [FRONTAL, LATERAL])
    inside = patient().ct.to_ijk(middle)
    assert (np.abs(inside - size) < size).all()
    assert middle[2] == pytest.approx(CENTRE[2], abs=1)
    # Each view alone: half way through the CT along its central ray.
    frontal = middle_of_views(patient().ct, [FRONTAL])
    assert frontal == pytest.approx([CENTRE[0], patient().ct.center_ras[1], CENTRE[2]], abs=2)


def test_the_middle_of_a_view_beside_the_ct_is_on_its_ray_near_it():
    aside = carm(0).moved(motion([900, 0, 0], [0, 0, 0]))
    middle = middle_of_views(patient().ct, [aside])
    np.testing.assert_allclose(aside.project(middle), [47.5, 47.5], atol=1e-6)
    assert abs(middle[1] - patient().ct.center_ras[1]) < 5


@given(shifts, turns, shifts)
def test_common_motion_is_the_motion_of_all(shift, turn, pivot):
    moved = motion(shift, turn)
    views = [FRONTAL, LATERAL, carm(40, -20)]
    found = common_motion(views, [view.moved(moved) for view in views], np.array(pivot))
    np.testing.assert_allclose(found, moved, atol=1e-8)


def test_common_motion_of_views_that_disagree_is_between_theirs():
    apart = [motion([1, 0, 0], [2, 0, 0]), motion([3, 0, 0], [8, 0, 0])]
    views = [FRONTAL, LATERAL]
    found = common_motion(views, [view.moved(one) for view, one in zip(views, apart, strict=True)], CENTRE)
    assert Rotation.from_matrix(found[:3, :3]).as_rotvec(degrees=True) == pytest.approx([5, 0, 0], abs=1e-6)
    moved = found @ [*CENTRE, 1]
    assert moved[:3] == pytest.approx(CENTRE + [2, 0, 0], abs=0.1)
