"""The synthetic patient: its voxels against the sizes and frames it was made from, and against anatomy."""

import numpy as np
import pytest

from xray3d.datasets.morphometry import MEAN_SHAPES
from xray3d.datasets.synthetic_spine import VERTEBRA_LABELS, synthetic_lumbar_spine
from xray3d.errors import VolumeError

SPACING_MM = 2.0
WHOLE_LEVELS = ("T12", "L1", "L2", "L3", "L4", "L5")
LUMBAR_LEVELS = WHOLE_LEVELS[1:]
LABELS_OF_TOTALSEGMENTATOR = {
    "sacrum": 25, "vertebrae_L5": 27, "vertebrae_L4": 28, "vertebrae_L3": 29, "vertebrae_L2": 30, "vertebrae_L1": 31,
    "vertebrae_T12": 32, "vertebrae_T11": 33, "femur_left": 75, "femur_right": 76, "hip_left": 77, "hip_right": 78,
    "rib_left_11": 102, "rib_left_12": 103, "rib_right_11": 114, "rib_right_12": 115,
}  # fmt: skip


@pytest.fixture(scope="module")
def patient():
    return synthetic_lumbar_spine(seed=0, spacing_mm=SPACING_MM)


def local_points(patient, level):
    """Voxels of a vertebra in its own frame, (n, 3) mm."""
    to_ras = patient.column.vertebra(level).to_ras
    kji = np.argwhere(patient.labels.labels == VERTEBRA_LABELS[level])
    return (patient.labels.to_ras(kji[:, ::-1]) - to_ras[:3, 3]) @ to_ras[:3, :3]


def hu_at(patient, points_ras):
    i, j, k = np.round(patient.ct.to_ijk(points_ras)).astype(int).T
    return patient.ct.hu[k, j, i]


def mean_hu_in_ball(patient, centre_ras, radius_mm=6.0):
    steps = np.arange(-radius_mm, radius_mm + 1, SPACING_MM)
    ball = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, 3)
    return float(hu_at(patient, centre_ras + ball[np.linalg.norm(ball, axis=1) <= radius_mm]).mean())


def test_labels_carry_totalsegmentators_numbers(patient):
    numbers = {name: number for number, name in patient.label_names.items()}
    assert {name: numbers.get(name) for name in LABELS_OF_TOTALSEGMENTATOR} == LABELS_OF_TOTALSEGMENTATOR
    assert set(np.unique(patient.labels.labels)) == {0, *patient.label_names}
    assert np.array_equal(patient.labels.ijk_to_ras, patient.ct.ijk_to_ras)


@pytest.mark.parametrize("level", LUMBAR_LEVELS)
def test_bodies_have_the_sampled_size(patient, level):
    shape = patient.column.vertebra(level).shape
    x, y, z = local_points(patient, level).T
    body = y > -0.3 * shape.depth_mm
    assert np.ptp(x[body]) == pytest.approx(shape.width_mm, abs=SPACING_MM + 1)
    assert y.max() == pytest.approx(shape.depth_mm / 2, abs=SPACING_MM)
    column = (np.abs(x) < 5) & (np.abs(y) < 5)
    hollow_mm = 3.0  # both end plates are concave
    assert np.ptp(z[column]) == pytest.approx(shape.height_mm - hollow_mm, abs=SPACING_MM + 1)


@pytest.mark.parametrize("level", WHOLE_LEVELS)
def test_canal_is_free_of_bone_and_the_isthmus_beside_it_as_wide_as_sampled(patient, level):
    shape = patient.column.vertebra(level).shape
    x, y, z = local_points(patient, level).T
    centre_y = -(shape.depth_mm + shape.canal_depth_mm) / 2 + 1
    inside = np.hypot(x / (shape.canal_width_mm / 2 - 1), (y - centre_y) / (shape.canal_depth_mm / 2 - 1)) < 1
    assert not inside.any()
    pedicle_z = shape.height_mm / 2 - shape.pedicle_height_mm / 2 - 1
    for side in (-1, 1):
        lateral = side * x
        section = (np.abs(y + shape.depth_mm / 2 + 3.5) < 1.5) & (np.abs(z - pedicle_z) < 2) & (lateral > 0)
        middle = (shape.canal_width_mm + shape.pedicle_width_mm) / 2
        assert lateral[section].min() == pytest.approx(middle - shape.pedicle_width_mm / 2, abs=SPACING_MM)
        assert lateral[section].max() == pytest.approx(middle + shape.pedicle_width_mm / 2, abs=SPACING_MM)


@pytest.mark.parametrize("level", LUMBAR_LEVELS)
def test_processes_point_where_they_should(patient, level):
    shape = patient.column.vertebra(level).shape
    points = local_points(patient, level)
    tip = points[points[:, 1].argmin()]
    assert abs(tip[0]) < 5
    assert tip[2] < 0, "spinous processes hang"
    assert tip[1] == pytest.approx(-shape.depth_mm / 2 - shape.canal_depth_mm - shape.spinous_length_mm, abs=4)
    assert np.ptp(points[:, 0]) == pytest.approx(shape.transverse_span_mm, abs=SPACING_MM + 2)


def test_lordosis_is_convex_to_the_front(patient):
    column = patient.column
    normal = {level: column.vertebra(level).to_ras[:3, 2] for level in WHOLE_LEVELS}
    upper, sacral = normal["L1"], column.sacral_to_ras[:3, 2]
    lordosis_deg = np.rad2deg(np.arctan2(sacral[1], sacral[2]) - np.arctan2(upper[1], upper[2]))
    assert 30 < lordosis_deg < 75
    y = [column.vertebra(level).to_ras[1, 3] for level in ("T12", "L3")] + [column.sacral_to_ras[1, 3]]
    assert y[1] > y[0]
    assert y[1] > y[2]
    z = [column.vertebra(level).to_ras[2, 3] for level in WHOLE_LEVELS]
    assert (np.diff(z) < -25).all()


def test_discs_separate_the_bodies(patient):
    below = {
        placed.shape.level: disc
        for placed, disc in zip(patient.column.vertebrae, patient.column.disc_to_ras, strict=True)
    }
    for level in WHOLE_LEVELS:
        centre = below[level][:3, 3]
        assert 50 < mean_hu_in_ball(patient, centre, radius_mm=2.0) < 130
        i, j, k = np.round(patient.labels.to_ijk(centre)).astype(int)
        assert patient.labels.labels[k, j, i] == 0


def test_tissues_have_their_hounsfield_units(patient):
    bodies = np.mean(
        [mean_hu_in_ball(patient, patient.column.vertebra(level).to_ras[:3, 3]) for level in LUMBAR_LEVELS]
    )
    assert 100 < bodies < 320, "spongy bone"
    l3 = patient.ct.hu[patient.labels.labels == VERTEBRA_LABELS["L3"]]
    assert 700 < np.percentile(l3, 98) < 1300, "cortical shell"
    assert patient.ct.hu[:, 0, 0] == pytest.approx(-1000, abs=100), "air outside"
    assert -140 < np.median(patient.ct.hu[(patient.ct.hu > -300) & (patient.ct.hu < -50)]) < -80, "fat"


def test_liver_is_on_the_patients_right_and_the_hips_on_their_sides(patient):
    level = patient.column.vertebra("L1").to_ras[:3, 3]
    to_the_side = np.array([75.0, 30.0, 10.0])
    assert mean_hu_in_ball(patient, level * [0, 0, 1] + to_the_side) == pytest.approx(60, abs=8)
    left = hu_at(patient, patient.labels.to_ras(np.argwhere(patient.labels.labels == 77)[:, ::-1]))
    assert left.mean() > 200
    for number, sign in ((77, -1), (78, 1), (75, -1), (76, 1), (103, -1), (115, 1)):
        x = patient.labels.to_ras(np.argwhere(patient.labels.labels == number)[:, ::-1])[:, 0]
        assert (sign * x > 0).mean() > 0.999


def test_a_seed_is_one_patient_whatever_the_grid(patient):
    coarse, again = (synthetic_lumbar_spine(seed=0, spacing_mm=4.0) for _ in range(2))
    assert np.array_equal(coarse.ct.hu, again.ct.hu)
    assert np.array_equal(coarse.labels.labels, again.labels.labels)
    for level in LUMBAR_LEVELS:
        fine_mm3, coarse_mm3 = (
            (one.labels.labels == VERTEBRA_LABELS[level]).sum() * one.labels.spacing_mm.prod()
            for one in (patient, coarse)
        )
        assert coarse_mm3 == pytest.approx(fine_mm3, rel=0.06)
    assert not np.array_equal(
        synthetic_lumbar_spine(seed=1, spacing_mm=5.0).ct.hu, synthetic_lumbar_spine(2, 5.0).ct.hu
    )


def test_patients_spread_about_the_published_means():
    patients = [synthetic_lumbar_spine(seed, spacing_mm=5.0).column for seed in range(12)]
    for mean in MEAN_SHAPES:
        widths = np.array([column.vertebra(mean.level).shape.width_mm for column in patients])
        assert widths.mean() == pytest.approx(mean.width_mm, rel=0.06)
        assert 0.5 < widths.std() < 5


@pytest.mark.parametrize("spacing_mm", [0.0, -1.0, 0.2, 9.0, float("nan")])
def test_a_spacing_out_of_range_is_refused(spacing_mm):
    with pytest.raises(VolumeError, match="spacing_mm"):
        synthetic_lumbar_spine(spacing_mm=spacing_mm)
