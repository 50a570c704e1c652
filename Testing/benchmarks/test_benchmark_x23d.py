"""Which vertebrae are measured, from where they are seen, and what rows say of it."""

from functools import cache

import numpy as np
import pytest

from xray3d.benchmarks.x23d import measuring
from xray3d.benchmarks.x23d import run as x23d
from xray3d.benchmarks.x23d.anatomies import names_of
from xray3d.benchmarks.x23d.outcomes import VertebraOutcome
from xray3d.benchmarks.x23d.rows import rows_against, rows_of
from xray3d.benchmarks.x23d.views import ANGLES_DEG, VIEW_COUNTS, misread, projections_of, screws_in, take_xray
from xray3d.datasets.synthetic_spine import SyntheticPatient, synthetic_lumbar_spine
from xray3d.drr import DRRRenderer
from xray3d.geometry.poses import rotation_angle
from xray3d.reconstruction.grid import GRID_SIZE_IJK, grid_about
from xray3d.reconstruction.reconstruct import Reconstruction
from xray3d.reconstruction.region import frame_of
from xray3d.reconstruction.scenes import LabelledSpine, Shape
from xray3d.reconstruction.shape_scores import SurfaceScores


@cache
def patient() -> SyntheticPatient:
    """In voxels of 3 mm."""
    return synthetic_lumbar_spine(seed=0, spacing_mm=3.0)


@cache
def spine() -> LabelledSpine:
    """The same with the frames of its vertebrae."""
    return LabelledSpine.of_synthetic(patient())


MIDDLE = patient().column.vertebra("L3").to_ras[:3, 3]
SCORES = SurfaceScores({1.0: 0.8, 1.5: 0.9, 2.0: 0.95}, 0.7, 2.1)


def outcome(level="L3", views=4, condition="calibrated", f1=0.9, surface=SCORES):
    return VertebraOutcome("real", "ct", level, condition, views, f1, surface, 1.0)


def test_screws_are_in_vertebrae_and_show_only_where_they_are_asked_for():
    screws = screws_in(spine())
    assert len(screws) >= 6
    labels = spine().labels
    for screw in screws:
        ijk = np.round(labels.to_ijk(screw.vertices_ras)).astype(int)
        inside = labels.labels[ijk[:, 2], ijk[:, 1], ijk[:, 0]] == spine().values[screw.name.split(",")[0]]
        assert inside.mean() > 0.2, "heads are behind the bone"
    (view, *_) = projections_of(MIDDLE, np.random.default_rng(0))
    renderer = DRRRenderer(patient().ct)
    plain, with_screws, not_asked, without = (
        take_xray(renderer, view, condition, 0, given).pixels
        for condition, given in (
            ("calibrated", ()),
            ("pedicle screws", screws),
            ("calibrated", screws),
            ("pedicle screws, taken out by XRayInpainting", screws),
        )
    )
    np.testing.assert_array_equal(plain, not_asked)
    metal = np.abs(plain - with_screws) > 0.1 * np.ptp(plain)
    assert metal.mean() > 0.005
    assert np.abs(plain - without)[metal].mean() < 0.5 * np.abs(plain - with_screws)[metal].mean()


def test_views_are_from_where_they_are_said_to_be_and_see_the_vertebra():
    views = projections_of(MIDDLE, np.random.default_rng(0))
    assert len(views) == len(ANGLES_DEG) == max(VIEW_COUNTS)
    front = np.array([0.0, -1, 0])
    for view, angle in zip(views, ANGLES_DEG, strict=True):
        between = np.rad2deg(np.arccos(abs(view.viewing_direction_ras @ front)))
        assert between == pytest.approx(abs(angle), abs=13)
        column, row = view.project(MIDDLE)
        assert 150 < column < 362
        assert 150 < row < 362


def test_x_rays_show_bone_and_less_dose_shows_more_noise():
    renderer = DRRRenderer(patient().ct)
    (view, *_) = projections_of(MIDDLE, np.random.default_rng(0))
    usual, again, less = (
        take_xray(renderer, view, condition, seed)
        for condition, seed in (("calibrated", 0), ("calibrated", 1), ("a fifth of the dose", 0))
    )
    assert np.ptp(usual.pixels) > 0
    assert np.std(less.pixels - again.pixels) > 1.2 * np.std(usual.pixels - again.pixels)


def test_calibrations_are_off_by_up_to_two_degrees_and_two_millimetres():
    rng, (view, *_) = np.random.default_rng(0), projections_of(MIDDLE, np.random.default_rng(0))
    motions = [np.linalg.inv(misread(view, MIDDLE, rng).extrinsic) @ view.extrinsic for _ in range(200)]
    degrees = [np.rad2deg(rotation_angle(motion)) for motion in motions]
    shifts = [np.linalg.norm(motion[:3, :3] @ MIDDLE + motion[:3, 3] - MIDDLE) for motion in motions]
    assert 3.0 < max(degrees) <= np.sqrt(12)
    assert 2.8 < max(shifts) <= np.sqrt(12) + 0.05


def test_f1_is_of_the_whole_vertebra_also_of_what_the_grid_does_not_hold():
    shape = Shape.of(spine().labels, spine().values["L3"])
    for aside_mm, expected in ((0.0, (0.97, 1.0)), (50.0, (0.2, 0.8))):
        to_ras = grid_about(frame_of(MIDDLE + [aside_mm, 0, 0]))
        truth = shape.on(to_ras, GRID_SIZE_IJK).astype(np.float32)
        assert expected[0] < measuring._f1(Reconstruction(truth, to_ras), shape) <= expected[1]


def test_rows_have_the_goals_of_four_calibrated_views():
    outcomes = [outcome(level, views) for level in ("L2", "L3") for views in VIEW_COUNTS]
    outcomes += [outcome("L2", condition="a fifth of the dose", f1=0.5), outcome("L3", condition="a fifth of the dose")]
    rows = list(rows_of(outcomes))
    goals = {row.measure: (row.goal, row.met) for row in rows if row.goal}
    assert [goal for goal, _ in goals.values()] == [">= 0.85", ">= 0.71", "<= 1"]
    assert all(met for _, met in goals.values())
    of_dose = [row for row in rows if "a fifth" in row.measure and "F1" in row.measure]
    assert len(of_dose) == 1
    assert of_dose[0].value == pytest.approx(0.7)
    assert "SD 0.283" in of_dose[0].measure
    assert sum("views: F1" in row.measure or "1 view: F1" in row.measure for row in rows) >= len(VIEW_COUNTS)


@pytest.mark.parametrize(("theirs", "met"), [(0.6, True), (0.7, False)])
def test_calibration_is_to_make_surfaces_better_by_a_fifth(theirs, met):
    worse = SurfaceScores({1.0: theirs, 1.5: 0.9, 2.0: 0.95}, 1.0, 3.0)
    without = [outcome("L2", surface=worse, f1=0.8), outcome(surface=worse, f1=0.8)]
    rows = list(rows_against(without, [outcome("L2"), outcome(), outcome(views=8, surface=None)]))
    (of_1_mm,) = (row for row in rows if row.goal)
    assert (of_1_mm.value, of_1_mm.peer_value) == (pytest.approx(0.8), pytest.approx(theirs))
    assert of_1_mm.met is met
    (of_f1,) = (row for row in rows if row.measure.endswith("F1"))
    assert (of_f1.value, of_f1.peer_value) == (pytest.approx(0.9), pytest.approx(0.8))


def test_what_was_not_reconstructed_counts():
    rows = list(rows_of([outcome(f1=0.0, surface=None), *(outcome(views=n) for n in VIEW_COUNTS if n != 4)]))
    by_measure = {row.measure: row for row in rows if row.goal}
    (f_score,) = (row for measure, row in by_measure.items() if "1 mm" in measure)
    (distance,) = (row for measure, row in by_measure.items() if "distance" in measure)
    assert (f_score.value, f_score.met) == (0.0, False)
    assert distance.value == "nothing was reconstructed"
    assert distance.met is None


def test_all_spines_are_named_and_those_of_one_seed_are_the_same():
    assert names_of("real", 8) == names_of("real", 1) == ["ct/chest_lidc0001", "ct/lumbar_crop_l3"]
    assert len(set(names_of("synthetic", 8))) == 8
    assert list(names_of("synthetic", 2)) == list(names_of("synthetic", 8))[:2]


def test_without_data_it_is_skipped_visibly(tmp_path, monkeypatch):
    monkeypatch.setenv("XRAY3D_DATA", str(tmp_path))
    (row,) = x23d.run(quick=True, report=lambda stage: None)
    assert row.value.startswith("skipped: no meshes/mean_lumbar/mean_L2_L5.ply")
