"""Vertebrae found in CTs without labels: against synthetic truth, a labelled chest CT, and CTs without a spine."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from scipy.spatial.transform import Rotation

from xray3d import CTVolume, LabelVolume, load_ct, load_labels
from xray3d.datasets.spine_finder import find_vertebrae, spine_center_ras
from xray3d.datasets.synthetic_spine import VERTEBRA_LABELS, synthetic_lumbar_spine

DATA = Path(os.environ.get("XRAY3D_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "ct"
CHEST = DATA / "chest_lidc0001.nii.gz"
CHEST_T8_TO_L2 = range(30, 37)
CHEST_VERTEBRAE = range(29, 46)

needs_chest = pytest.mark.skipif(not CHEST.exists(), reason=f"no {CHEST.name}; set XRAY3D_DATA to the data's folder")


@pytest.fixture(scope="module")
def patient():
    return synthetic_lumbar_spine(seed=0, spacing_mm=2.0)


@pytest.fixture(scope="module")
def found(patient):
    return find_vertebrae(patient.ct)


@pytest.fixture(scope="module")
def chest():
    return load_ct(CHEST), load_labels(CHEST.with_name("chest_lidc0001_labels.nii.gz"))


def dice(found, vertebra, truth, value):
    mine, theirs = found.labels.labels == vertebra.label, truth.labels == value
    return 2 * (mine & theirs).sum() / (mine.sum() + theirs.sum())


def nearest_level(patient, vertebra):
    return min(
        patient.column.vertebrae,
        key=lambda placed: np.linalg.norm(placed.to_ras[:3, 3] - vertebra.center_ras),
    )


def thick_core_center(truth, value):
    """Where the label is thickest: the middle of the body, whatever the arch looks like."""
    kji = np.argwhere(truth.labels == value)
    low, high = kji.min(0), kji.max(0) + 1
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    depth = distance_transform_edt(np.pad(truth.labels[box] == value, 1), sampling=truth.spacing_mm[::-1])
    return truth.to_ras((np.argwhere(depth > 0.6 * depth.max()) - 1 + low)[:, ::-1]).mean(0)


def angle_deg(one, other):
    return np.rad2deg(np.arccos(np.clip(one @ other, -1, 1)))


def test_the_whole_lumbar_spine_is_found_and_nothing_else(patient, found):
    levels = [nearest_level(patient, vertebra).shape.level for vertebra in found.vertebrae]
    assert levels in (["L1", "L2", "L3", "L4", "L5"], ["T12", "L1", "L2", "L3", "L4", "L5"])
    assert [vertebra.label for vertebra in found.vertebrae] == list(range(1, len(levels) + 1))


def test_centers_and_axes_are_those_of_the_bodies(patient, found):
    for vertebra in found.vertebrae:
        truth = nearest_level(patient, vertebra).to_ras
        assert np.linalg.norm(vertebra.center_ras - truth[:3, 3]) < 4.0
        assert angle_deg(vertebra.up_ras, truth[:3, 2]) < 10.0
        assert angle_deg(vertebra.front_ras, truth[:3, 1]) < 10.0
        assert np.allclose(vertebra.to_ras[:3, :3].T @ vertebra.to_ras[:3, :3], np.eye(3), atol=1e-9)
        assert np.linalg.det(vertebra.to_ras) == pytest.approx(1.0)


def test_sizes_are_those_of_the_bodies(patient, found):
    for vertebra in found.vertebrae:
        shape = nearest_level(patient, vertebra).shape
        assert vertebra.size_mm == pytest.approx((shape.width_mm, shape.depth_mm, shape.height_mm), abs=7.0)


def test_masks_cover_the_vertebrae(patient, found):
    for vertebra in found.vertebrae:
        value = VERTEBRA_LABELS[nearest_level(patient, vertebra).shape.level]
        assert dice(found, vertebra, patient.labels, value) > 0.75


def test_the_label_map_lies_on_the_grid_of_the_ct(patient, found):
    assert found.labels.labels.shape == patient.ct.hu.shape
    assert np.array_equal(found.labels.ijk_to_ras, patient.ct.ijk_to_ras)
    assert set(np.unique(found.labels.labels)) == {0, *(vertebra.label for vertebra in found.vertebrae)}


def test_the_same_vertebrae_on_a_permuted_and_flipped_grid(patient, found):
    to_new = np.array([[0, 0, 1, 0], [-1, 0, 0, patient.ct.size_ijk[0] - 1], [0, 1, 0, 0], [0, 0, 0, 1.0]])
    hu = patient.ct.hu.transpose(1, 2, 0)[:, ::-1]
    turned = find_vertebrae(CTVolume(hu, patient.ct.ijk_to_ras @ np.linalg.inv(to_new)))
    assert len(turned.vertebrae) == len(found.vertebrae)
    for one, other in zip(turned.vertebrae, found.vertebrae, strict=True):
        assert one.center_ras == pytest.approx(other.center_ras, abs=0.5)
    same = (turned.labels.labels[:, ::-1].transpose(2, 0, 1) > 0) == (found.labels.labels > 0)
    assert same.mean() > 0.999


def test_a_patient_on_the_side_is_found_too(patient, found):
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("z", 85, degrees=True).as_matrix()
    turned = find_vertebrae(CTVolume(patient.ct.hu, turn @ patient.ct.ijk_to_ras))
    assert len(turned.vertebrae) >= 4
    upright = np.array([vertebra.center_ras for vertebra in found.vertebrae])
    for vertebra in turned.vertebrae:
        back = turn[:3, :3].T @ vertebra.center_ras
        assert np.linalg.norm(upright - back, axis=1).min() < 4.0


def test_the_aim_is_at_the_spine(patient, found):
    aim = found.center_ras
    bodies = np.array([placed.to_ras[:3, 3] for placed in patient.column.vertebrae])
    assert np.linalg.norm(bodies - aim, axis=1).min() < 20.0


def air(size=(60, 60, 60), spacing_mm=2.0):
    return CTVolume(np.full(size, -1000.0), np.diag([spacing_mm] * 3 + [1.0]))


def limb(bones_mm, tilt=0.0):
    """A cylinder of soft tissue 55 mm in radius with tubular bones at places (x, y) of some outer radius."""
    z, y, x = np.meshgrid(np.arange(0, 240, 2.0), *[np.arange(-70, 71, 2.0)] * 2, indexing="ij")
    hu = np.where(np.hypot(x, y) < 55, 40.0, -1000.0)
    for at_x, at_y, radius in bones_mm:
        away = np.hypot(x - at_x - tilt * z, y - at_y)
        hu[away < radius] = 1200.0
        hu[away < 0.55 * radius] = 20.0
    return CTVolume(hu, np.diag([2.0, 2.0, 2.0, 1.0]))


@pytest.mark.parametrize(
    "ct",
    [
        pytest.param(air(), id="air"),
        pytest.param(air((1, 1, 1)), id="one voxel"),
        pytest.param(limb([(0, 0, 15)]), id="thigh"),
        pytest.param(limb([(-12, 0, 12), (16, -6, 8)], tilt=0.02), id="lower leg"),
    ],
)
def test_no_vertebra_where_there_is_no_spine(ct):
    found = find_vertebrae(ct)
    assert found.vertebrae == ()
    assert not found.labels.labels.any()


def test_no_vertebra_in_a_pelvis_below_the_spine(patient):
    top = round(float(patient.ct.to_ijk(patient.column.sacral_to_ras[:3, 3])[2])) - 15
    assert find_vertebrae(CTVolume(patient.ct.hu[:top], patient.ct.ijk_to_ras)).vertebrae == ()


def test_without_a_spine_the_aim_is_at_bone_and_without_bone_at_the_middle():
    assert spine_center_ras(air()) == pytest.approx([59.0, 59.0, 59.0])
    aim = spine_center_ras(limb([(10, -6, 14)]))
    origin_mm = 70.0  # the grid of the limb starts at RAS 0
    assert aim[:2] - origin_mm == pytest.approx([10.0, -6.0], abs=4.0)


@needs_chest
def test_chest_ct_against_its_labels(chest):
    ct, truth = chest
    found = find_vertebrae(ct)
    matched = {}
    for vertebra in found.vertebrae:
        inside = truth.labels[found.labels.labels == vertebra.label]
        inside = inside[np.isin(inside, CHEST_VERTEBRAE)]
        assert len(inside), f"vertebra {vertebra.label} at {vertebra.center_ras} is none"
        value = int(np.bincount(inside).argmax())
        assert value not in matched, f"vertebra {value} was found twice"
        matched[value] = vertebra
    assert list(matched) == sorted(matched, reverse=True), "from the head downwards"
    assert set(CHEST_T8_TO_L2) <= set(matched)
    for value in CHEST_T8_TO_L2:
        assert np.linalg.norm(matched[value].center_ras - thick_core_center(truth, value)) < 6.0, value
        assert dice(found, matched[value], truth, value) > 0.6, value


@needs_chest
def test_no_vertebra_in_the_front_of_a_chest(chest):
    ct, truth = chest
    arch = truth.to_ijk(truth.to_ras(np.argwhere(np.isin(truth.labels, CHEST_VERTEBRAE))[:, ::-1]))
    front = int(arch[:, 1].max()) + 5
    to_ras = ct.ijk_to_ras.copy()
    to_ras[:3, 3] = ct.to_ras([0, front, 0])
    assert ct.ijk_to_ras[1, 1] > 0, "j runs to the front"
    assert find_vertebrae(CTVolume(ct.hu[:, front:], to_ras)).vertebrae == ()


def test_a_label_map_of_nothing_is_still_a_label_map():
    labels = find_vertebrae(air()).labels
    assert isinstance(labels, LabelVolume)
    assert labels.labels.shape == (60, 60, 60)
