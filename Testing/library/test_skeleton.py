"""What is left of a CT without the table, and a CT that goes on where it ends."""

from functools import cache

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from registration_support import motion, patient, reindexed
from xray3d import CTVolume
from xray3d.errors import VolumeError
from xray3d.volumes.extension import extended
from xray3d.volumes.skeleton import middle_of_bones, skeleton

BONE_HU = 250.0
BEHIND_MM = 30.0
TILT = motion([30, -20, 50], [25, -40, 110])
# Array axes in another order, and which of them are reversed.
STORED = [((0, 1, 2), (0, 1, 2)), ((1, 2, 0), (0,)), ((2, 0, 1), (1, 2))]


@cache
def all_bones() -> np.ndarray:
    """(K, J, I) of the patient alone."""
    return patient().ct.hu > BONE_HU


@cache
def bones() -> np.ndarray:
    """(K, J, I): those that hang together; the two uppermost ribs a side leave the spine above the CT."""
    labels = patient().labels.labels
    names = {name: label for label, name in patient().label_names.items()}
    upper = np.isin(labels, [names[f"rib_{side}_{n}"] for side in ("left", "right") for n in (9, 10)])
    return all_bones() & ~binary_dilation(upper, np.ones((3, 3, 3)))


@cache
def hardware() -> np.ndarray:
    """(K, J, I): a table, and a rod along the patient, `BEHIND_MM` behind the hindmost bone."""
    ct = patient().ct
    hindmost = int(np.argwhere(all_bones())[:, 1].min())
    table = hindmost - round(BEHIND_MM / ct.spacing_mm[1])
    there = np.zeros(ct.hu.shape, bool)
    there[:, table - 1 : table + 1, 5:-5] = True
    there[:, table + 2, 20:22] = True
    return there


@cache
def on_a_table() -> CTVolume:
    """The patient on it."""
    ct = patient().ct
    return CTVolume(np.where(hardware(), np.float32(1000), ct.hu), ct.ijk_to_ras, "table.nrrd")


def left_of(ct: CTVolume) -> np.ndarray:
    return skeleton(ct, BONE_HU).hu > BONE_HU


def test_the_table_goes_and_every_bone_stays():
    ct = on_a_table()
    assert (ct.hu > BONE_HU).sum() > 1.2 * bones().sum(), "the table is there to be removed"
    left = skeleton(ct, BONE_HU)
    np.testing.assert_array_equal(left.hu > BONE_HU, bones())
    np.testing.assert_array_equal(left.hu[bones()], ct.hu[bones()])
    np.testing.assert_array_equal(left.ijk_to_ras, ct.ijk_to_ras)
    assert left.name == "table.nrrd"


def test_a_patient_without_a_table_keeps_all_bones():
    np.testing.assert_array_equal(left_of(patient().ct), bones())


@pytest.mark.parametrize("slices", [1, 2])
def test_what_surrounds_bone_stays_for_its_surface(slices):
    """The surface is where HU cross the threshold between two voxels: both must be as they were."""
    ct = sparse(patient().ct, slices)
    left = skeleton(ct, BONE_HU)
    beside = binary_dilation(left.hu > BONE_HU)
    np.testing.assert_array_equal(left.hu[beside], ct.hu[beside])


@pytest.mark.parametrize(("axes", "flips"), STORED)
def test_any_order_of_the_voxels_gives_the_same(axes, flips):
    stored = reindexed(on_a_table(), axes, flips)
    expected = reindexed(skeleton(on_a_table(), BONE_HU), axes, flips)
    np.testing.assert_array_equal(skeleton(stored, BONE_HU).hu, expected.hu)


def test_an_oblique_grid_gives_the_same():
    ct = on_a_table()
    oblique = CTVolume(ct.hu, TILT @ ct.ijk_to_ras)
    np.testing.assert_array_equal(left_of(oblique), bones())
    moved = (TILT @ [*middle_of_bones(ct, BONE_HU), 1])[:3]
    np.testing.assert_allclose(middle_of_bones(oblique, BONE_HU), moved, atol=1e-6)


@pytest.mark.parametrize("parts", [(1, 1, 3), (4, 1, 1), (1, 3, 2)])
def test_thin_voxels_give_the_same(parts):
    """Voxels cut into parts along k, j and i, of 1 mm up to 4 mm, no side a whole number of the coarse grid's."""
    ct, to_thick = on_a_table(), np.diag([1 / parts[2], 1 / parts[1], 1 / parts[0], 1.0])
    to_thick[:3, 3] = (to_thick.diagonal()[:3] - 1) / 2
    hu, there = (np.kron(array, np.ones(parts, array.dtype)) for array in (ct.hu, bones()))
    np.testing.assert_array_equal(left_of(CTVolume(hu, ct.ijk_to_ras @ to_thick)), there)


@pytest.mark.parametrize("slices", [2, 3])
def test_slices_that_are_far_apart_keep_one_skeleton(slices):
    """But for the ends of ribs, which run from one slice to the next without overlap."""
    kept = left_of(sparse(on_a_table(), slices))
    assert not (kept & ~bones()[::slices]).any()
    names = patient().label_names
    ribs = [label for label in names if names[label].startswith("rib")]
    other = bones()[::slices] & ~binary_dilation(np.isin(patient().labels.labels, ribs))[::slices]
    assert kept[other].all()


def sparse(ct: CTVolume, slices: int) -> CTVolume:
    """Every so manieth slice."""
    return CTVolume(ct.hu[::slices], ct.ijk_to_ras @ np.diag([1, 1, slices, 1]), ct.name)


@pytest.mark.parametrize("use", [skeleton, middle_of_bones])
def test_no_bone_is_one_sentence(use):
    with pytest.raises(VolumeError, match="table.nrrd has no bone above 5000 HU; lower the threshold"):
        use(on_a_table(), 5000.0)


def test_the_middle_of_the_bones_is_that_of_their_box_without_the_table():
    corners = patient().ct.to_ras(np.argwhere(bones())[:, ::-1])
    expected = (corners.min(axis=0) + corners.max(axis=0)) / 2
    found = middle_of_bones(on_a_table(), BONE_HU)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert [type(value) for value in found] == [float] * 3, "as a range of poses, and JSON, want them"


@pytest.mark.parametrize(("axes", "flips"), STORED)
@pytest.mark.parametrize("tilt", [np.eye(4), motion([5, 9, -7], [10, -20, 15])])
def test_a_longer_patient_is_where_the_patient_was(axes, flips, tilt):
    """Whichever index runs along the body, and whichever way."""
    stored = reindexed(patient().ct, axes, flips)
    ct = CTVolume(stored.hu, tilt @ stored.ijk_to_ras, "ct.nrrd")
    longer = extended(ct, 42.0)
    assert abs((tilt[:3, :3].T @ longer.ct.ijk_to_ras[:3, longer.axis] / 4.0)[2]) == pytest.approx(1)
    assert (longer.added, longer.original) == (10, ct.size_ijk[longer.axis])
    assert longer.ct.name == "ct.nrrd"
    where = np.random.default_rng(0).integers(0, ct.size_ijk, (500, 3))
    there = longer.ct.to_ijk(ct.to_ras(where))
    np.testing.assert_allclose(there, np.rint(there), atol=1e-6)
    np.testing.assert_array_equal(voxels(longer.ct, np.rint(there)), voxels(ct, where))
    added = np.array(longer.ct.size_ijk) - ct.size_ijk
    np.testing.assert_array_equal(added, 20 * (np.arange(3) == longer.axis))


def voxels(ct: CTVolume, ijk: np.ndarray) -> np.ndarray:
    i, j, k = ijk.astype(int).T
    return ct.hu[k, j, i]


def test_beyond_its_ends_the_patient_is_as_at_them():
    ct = patient().ct
    longer = extended(ct, 40.0).ct
    assert len(longer.hu) == len(ct.hu) + 20
    np.testing.assert_array_equal(longer.hu[:10], np.repeat(ct.hu[:1], 10, axis=0))
    np.testing.assert_array_equal(longer.hu[10:-10], ct.hu)
    np.testing.assert_array_equal(longer.hu[-10:], np.repeat(ct.hu[-1:], 10, axis=0))


def test_slices_thicker_than_what_is_added_stay_as_they_are():
    ct = patient().ct
    assert extended(ct, 1.0).ct.hu.shape == ct.hu.shape
