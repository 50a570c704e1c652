"""By what a CT is known again: its voxels and where they are, however it is stored."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from registration_support import motion, reindexed
from volume_files import patient_like
from xray3d import CTVolume, load_ct, save_volume
from xray3d.models.fingerprint import CTFingerprint

SPACING = np.diag([0.8, 1.2, 2.5, 1.0])
PLACED = {
    "axial": motion([12, -40, 300], [0, 0, 0], (0, 0, 0)) @ SPACING,
    "oblique": motion([12, -40, 300], [15, -25, 20], (0, 0, 0)) @ SPACING,
    "at 45 degrees": motion([12, -40, 300], [0, 0, 45], (0, 0, 0)) @ SPACING,
}
ORDERS = [((0, 1, 2), (0,)), ((0, 1, 2), (1, 2)), ((2, 1, 0), ()), ((1, 2, 0), (0, 2)), ((0, 2, 1), (0, 1, 2))]


def a_ct(placed: str = "axial", seed: int = 0) -> CTVolume:
    return CTVolume(patient_like(seed), PLACED[placed])


def same(first: CTVolume, second: CTVolume) -> bool:
    one, other = CTFingerprint.of(first), CTFingerprint.of(second)
    assert one.matches(other) == other.matches(one)
    return one.matches(other)


@pytest.mark.parametrize("placed", ["axial", "oblique"])
@pytest.mark.parametrize(("axes", "flips"), ORDERS)
def test_the_order_of_the_voxels_does_not_matter(placed, axes, flips):
    ct = a_ct(placed)
    stored = reindexed(ct, axes, flips)
    assert not np.array_equal(stored.ijk_to_ras, ct.ijk_to_ras)
    assert same(ct, stored)


@pytest.mark.parametrize("placed", PLACED)
@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz", ".mha"])
@pytest.mark.parametrize(("axes", "flips"), [((0, 1, 2), ()), ((0, 1, 2), (0, 1))])
def test_files_do_not_matter(tmp_path, placed, suffix, axes, flips):
    ct = a_ct(placed)
    save_volume(reindexed(ct, axes, flips), tmp_path / f"ct{suffix}")
    assert same(ct, load_ct(tmp_path / f"ct{suffix}"))


@settings(max_examples=30)
@given(st.tuples(*[st.floats(-3, 3)] * 3), st.permutations(range(3)), st.sets(st.integers(0, 2)))
def test_no_orientation_is_special(rotation, axes, flips):
    """Single precision, as of a file, is enough to know a CT by, whatever the order of its voxels."""
    placed = np.eye(4)
    placed[:3, :3] = Rotation.from_rotvec(rotation).as_matrix()
    ct = CTVolume(patient_like(), placed @ SPACING)
    stored = reindexed(ct, tuple(axes), tuple(flips))
    assert same(ct, CTVolume(stored.hu, np.float32(stored.ijk_to_ras)))


@pytest.mark.parametrize("angle_deg", [45.0, -45.0, 135.0, -135.0])
@pytest.mark.parametrize("off_deg", [-1e-6, 0.0, 1e-6])
def test_halfway_between_two_orders_there_is_one(angle_deg, off_deg):
    exact, rounded = (motion([0, 0, 0], [0, 0, angle], (0, 0, 0)) for angle in (angle_deg, angle_deg + off_deg))
    assert same(CTVolume(patient_like(), exact @ SPACING), CTVolume(patient_like(), rounded @ SPACING))


def changed(hu: np.ndarray, *index: int) -> np.ndarray:
    copy = hu.copy()
    copy[index] += 1
    return copy


@pytest.mark.parametrize("placed", PLACED)
def test_any_change_is_noticed(placed):
    ct = a_ct(placed)
    k, j, i = ct.hu.shape
    for index in ((0, 0, 0), (k - 1, j - 1, i - 1), (k // 2, j // 2, i // 2)):
        assert not same(ct, CTVolume(changed(ct.hu, *index), ct.ijk_to_ras))
    for shift_mm in np.eye(3):
        assert not same(ct, CTVolume(ct.hu, motion(shift_mm, [0, 0, 0]) @ ct.ijk_to_ras))
    assert not same(ct, CTVolume(ct.hu, motion([0, 0, 0], [0, 0, 3], ct.center_ras) @ ct.ijk_to_ras))
    assert not same(ct, CTVolume(ct.hu, ct.ijk_to_ras @ np.diag([1.1, 1, 1, 1])))
    assert not same(ct, CTVolume(ct.hu[:-1], ct.ijk_to_ras))
    assert not same(ct, a_ct(placed, seed=1))


def test_a_mirrored_patient_is_another():
    ct = a_ct()
    assert not same(ct, CTVolume(ct.hu[:, :, ::-1], ct.ijk_to_ras))


def test_rounding_is_no_change():
    ct = a_ct("oblique")
    assert same(ct, CTVolume(ct.hu + np.float32(0.2), ct.ijk_to_ras))
    assert same(ct, CTVolume(ct.hu, motion([0.01, -0.01, 0.01], [0, 0, 0]) @ ct.ijk_to_ras))
    assert ct.name == CTVolume(ct.hu, ct.ijk_to_ras).name
    assert same(ct, CTVolume(ct.hu, ct.ijk_to_ras, "another name.nrrd"))


@pytest.mark.parametrize("placed", PLACED)
def test_fingerprints_survive_json(placed):
    fingerprint = CTFingerprint.of(a_ct(placed))
    back = CTFingerprint.from_dict(json.loads(json.dumps(fingerprint.to_dict())))
    assert back.matches(fingerprint)
    assert not back.matches(CTFingerprint.of(a_ct(placed, seed=1)))
    np.testing.assert_allclose(back.corners_ras, fingerprint.corners_ras, atol=1e-3)


@pytest.mark.parametrize("wrong", [{"corners_ras": [[1.0, 2.0, 3.0]]}, {"corners_ras": "here"}])
def test_a_fingerprint_that_is_none_is_noticed_when_it_is_read(wrong):
    values = {**CTFingerprint.of(a_ct()).to_dict(), **wrong}
    with pytest.raises(ValueError, match=r"reshape|convert"):
        CTFingerprint.from_dict(values)
