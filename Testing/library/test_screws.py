"""Implant shapes as closed solids, and pedicle screws planned in labelled vertebrae."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from xray3d.datasets.implant_shapes import bone_plate, interbody_cage, rod
from xray3d.datasets.screw_placement import plan_pedicle_screws
from xray3d.datasets.screws import pedicle_screw
from xray3d.datasets.synthetic_spine import VERTEBRA_LABELS, synthetic_lumbar_spine
from xray3d.errors import MeshError, VolumeError
from xray3d.volumes.labels import LabelVolume

LEVELS = ("T12", "L1", "L2", "L3", "L4", "L5")
MESHES = {
    "screw": lambda: pedicle_screw(6.5, 45),
    "thin screw": lambda: pedicle_screw(4.5, 30),
    "rod": lambda: rod([(0, 0, 0), (2, 6, 40), (0, 0, 80)]),
    "cage": lambda: interbody_cage(),
    "plate": lambda: bone_plate(),
}


def directed_edges(triangles):
    return np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])


@pytest.mark.parametrize("name", MESHES)
def test_every_edge_is_shared_by_two_triangles_in_opposite_directions(name):
    mesh = MESHES[name]()
    edges = directed_edges(mesh.triangles)
    assert len(np.unique(edges, axis=0)) == len(edges)
    assert np.array_equal(np.unique(edges, axis=0), np.unique(edges[:, ::-1], axis=0))
    assert mesh.volume_mm3 > 0, "triangles face outward"


def test_a_straight_rod_has_the_volume_of_a_cylinder():
    assert rod([(1, 2, 3), (1, 2, 53)], 5.5, overhang_mm=5).volume_mm3 == pytest.approx(np.pi * 2.75**2 * 60, rel=0.02)


def test_a_bent_rod_runs_through_its_points():
    points = np.array([(0, 0, 0), (3, 8, 30), (1, 12, 62), (0, 6, 95)], float)
    mesh = rod(points, 5.5)
    for point in points:
        assert np.linalg.norm(mesh.vertices - point, axis=1).min() == pytest.approx(2.75, abs=0.3)


def test_a_plate_has_the_volume_of_its_box_less_four_holes():
    expected = 40 * 16 * 2.5 - 4 * np.pi * 2.25**2 * 2.5
    assert bone_plate(40, 16, 2.5, 4.5).volume_mm3 == pytest.approx(expected, rel=0.05)


def test_a_cage_is_a_wedge():
    vertices = interbody_cage(26, 11, 10, lordosis_deg=8).vertices
    front, back = vertices[vertices[:, 1] > 3.5], vertices[vertices[:, 1] < -3.5]
    assert np.ptp(front[:, 2]) - np.ptp(back[:, 2]) == pytest.approx(2 * 4.5 * np.tan(np.deg2rad(4)) * 2, abs=0.5)
    assert np.ptp(vertices, axis=0)[:2] == pytest.approx([26, 11], abs=0.2)


def threaded_shaft_mm3(diameter_mm, length_mm):
    """Volume of the shaft by quadrature over its radius: a tapered core and a trapezoidal thread."""
    z = np.linspace(0, length_mm, 4001)[:, None]
    turn = np.linspace(0, 1, 401)[None, :-1]
    tip = np.sqrt(1 - np.clip((z - length_mm + 7) / 7, 0, 1) ** 2)
    core, outer = diameter_mm / 2 * (0.86 - 0.22 * z / length_mm) * tip, diameter_mm / 2 * tip
    radius = core + (outer - core) * np.clip(1.6 - 4 * np.abs(turn - 0.5), 0, 1)
    return float((np.pi * radius**2).mean() * length_mm)


def test_screw_sizes_and_volume():
    short, long = pedicle_screw(6.5, 40), pedicle_screw(6.5, 60)
    assert long.vertices[:, 2].max() == pytest.approx(60, abs=0.3)
    threads = long.vertices[(long.vertices[:, 2] > 5) & (long.vertices[:, 2] < 50)]
    assert np.hypot(threads[:, 0], threads[:, 1]).max() == pytest.approx(3.25, abs=0.1)
    expected = threaded_shaft_mm3(6.5, 60) - threaded_shaft_mm3(6.5, 40)
    assert long.volume_mm3 - short.volume_mm3 == pytest.approx(expected, rel=0.04)
    in_slot = (np.abs(short.vertices[:, 0]) < 2) & (short.vertices[:, 2] < -9)
    assert not in_slot.any(), "a rod along y fits into the head"


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: pedicle_screw(2, 40), "diameter_mm"),
        (lambda: pedicle_screw(6, 400), "length_mm"),
        (lambda: pedicle_screw(float("nan"), 40), "diameter_mm"),
        (lambda: rod([(0, 0, 0)]), "two or more"),
        (lambda: rod([(0, 0, 0), (0, 0, 0)]), "apart"),
        (lambda: interbody_cage(height_mm=0), "height_mm"),
        (lambda: bone_plate(hole_mm=12), "hole_mm"),
    ],
)
def test_impossible_sizes_are_refused(make, word):
    with pytest.raises(MeshError, match=word):
        make()


@pytest.fixture(scope="module")
def patient():
    return synthetic_lumbar_spine(seed=3, spacing_mm=1.5, below_sacrum_mm=30.0)


def part_inside(labels, value, points_ras):
    ijk = np.round(labels.to_ijk(points_ras)).astype(int)
    within = ((ijk >= 0) & (ijk < labels.size_ijk)).all(1)
    i, j, k = ijk[within].T
    return (labels.labels[k, j, i] == value).sum() / len(points_ras)


@pytest.mark.parametrize("level", LEVELS)
def test_screws_follow_the_true_pedicles(patient, level):
    placed = patient.column.vertebra(level)
    shape = placed.shape
    plans = plan_pedicle_screws(patient.labels, VERTEBRA_LABELS[level], level)
    for plan, sign in zip(plans, (-1, 1), strict=True):
        assert part_inside(patient.labels, VERTEBRA_LABELS[level], plan.shaft_points_ras()) > 0.95
        shaft = (plan.shaft_points_ras() - placed.to_ras[:3, 3]) @ placed.to_ras[:3, :3]
        canal_y = -(shape.depth_mm + shape.canal_depth_mm) / 2 + 1
        canal = np.hypot(2 * shaft[:, 0] / shape.canal_width_mm, 2 * (shaft[:, 1] - canal_y) / shape.canal_depth_mm)
        assert canal.min() > 1.0, "the shaft stays out of the true canal"
        entry, tip = ((end - placed.to_ras[:3, 3]) @ placed.to_ras[:3, :3] for end in (plan.entry_ras, plan.tip_ras))
        depth = (tip[1] + shape.depth_mm / 2) / shape.depth_mm
        assert 0.55 < depth < 0.9
        direction = (tip - entry) / np.linalg.norm(tip - entry)
        assert 5 < np.rad2deg(np.arctan2(-sign * direction[0], direction[1])) < 35, "it converges to the midline"
        assert abs(np.rad2deg(np.arcsin(direction[2]))) < 15
        assert sign * entry[0] > 0
        assert sign * tip[0] > 0
        assert plan.pedicle_width_mm < shape.pedicle_width_mm + 1
        assert 4.5 <= plan.diameter_mm <= min(7.5, 0.9 * shape.pedicle_width_mm)
        assert plan.to_ras[:3, 1] @ placed.to_ras[:3, 2] > 0.9, "the slot for the rod runs along the spine"
        assert np.linalg.det(plan.to_ras[:3, :3]) == pytest.approx(1)


def test_the_plan_does_not_depend_on_how_the_grid_lies(patient):
    labels = patient.labels
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("zxy", [9, -6, 5], degrees=True).as_matrix()
    turn[:3, 3] = [40, -120, 900]
    flipped_axes = labels.labels.transpose(2, 0, 1)[::-1, :, ::-1]  # i now runs along -y, j along z, k along -x
    i, j, k = labels.size_ijk
    permutation = np.array([[0, 0, -1, i - 1], [-1, 0, 0, j - 1], [0, 1, 0, 0], [0, 0, 0, 1]], float)
    other = LabelVolume(np.ascontiguousarray(flipped_axes), turn @ labels.ijk_to_ras @ permutation, "turned")
    assert k == flipped_axes.shape[1]
    for here, there in zip(plan_pedicle_screws(labels, 29), plan_pedicle_screws(other, 29), strict=True):
        assert here.side == there.side
        expected = turn @ here.to_ras
        assert there.entry_ras == pytest.approx(expected[:3, 3], abs=4)
        assert there.to_ras[:3, 2] @ expected[:3, 2] > np.cos(np.deg2rad(8))
        assert part_inside(other, 29, there.shaft_points_ras()) > 0.95


def test_incomplete_vertebrae_are_refused_by_name(patient):
    with pytest.raises(VolumeError, match="T11"):
        plan_pedicle_screws(patient.labels, VERTEBRA_LABELS["T11"], "T11")
    with pytest.raises(VolumeError, match="label 99"):
        plan_pedicle_screws(patient.labels, 99)
    only_body = patient.labels.labels.copy()
    to_ras = patient.column.vertebra("L3").to_ras
    kji = np.argwhere(only_body == 29)
    behind = ((patient.labels.to_ras(kji[:, ::-1]) - to_ras[:3, 3]) @ to_ras[:3, 1]) < -25
    only_body[tuple(kji[behind].T)] = 0
    with pytest.raises(VolumeError, match=r"L3 of cut.*too incomplete"):
        plan_pedicle_screws(LabelVolume(only_body, patient.labels.ijk_to_ras, "cut"), 29, "L3")


def real_label_map(name):
    folder = os.environ.get("XRAY3D_DATA")
    root = Path(folder) if folder else Path(__file__).resolve().parents[3] / "shared" / "data"
    path = root / "ct" / name
    if not path.is_file():
        pytest.skip(f"{name} is not here")
    import SimpleITK

    image = SimpleITK.ReadImage(str(path))
    lps_to_ras = np.diag([-1.0, -1.0, 1.0])
    ijk_to_ras = np.eye(4)
    ijk_to_ras[:3, :3] = lps_to_ras @ np.reshape(image.GetDirection(), (3, 3)) @ np.diag(image.GetSpacing())
    ijk_to_ras[:3, 3] = lps_to_ras @ image.GetOrigin()
    return LabelVolume(SimpleITK.GetArrayFromImage(image).astype(np.int32), ijk_to_ras, name)


def test_screws_stay_in_the_bone_of_a_real_ct():
    labels = real_label_map("chest_lidc0001_labels.nii.gz")
    for value in (32, 31, 30):
        left, right = plan_pedicle_screws(labels, value)
        for plan in (left, right):
            assert part_inside(labels, value, plan.shaft_points_ras()) > 0.93
            assert plan.tip_ras[1] > plan.entry_ras[1] + 20, "the tip lies in front"
        between_entries, between_tips = right.entry_ras - left.entry_ras, right.tip_ras - left.tip_ras
        assert between_entries[0] > 20, "right is RAS +x"
        assert 5 < np.linalg.norm(between_tips) < np.linalg.norm(between_entries) - 5, "they converge"
    with pytest.raises(VolumeError, match="cut off"):
        plan_pedicle_screws(labels, 29)
