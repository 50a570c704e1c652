"""Poses from scene coordinates: exact ones, ones with the errors that networks make, and ones that are no pose."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from registration_support import carm, error_mm, motion, patient, reindexed
from xray3d import CTVolume, Projection, SceneCoordinateRenderer
from xray3d.datasets.synthetic_spine import MIRROR_X
from xray3d.errors import GeometryError, VolumeError
from xray3d.registration import scene_pose
from xray3d.registration.scene_correspondences import SceneCoordinateMaps, partial_point_cloud
from xray3d.registration.scene_pose import pose_from_scene_coordinates

# Far from any start that an intensity registration would find.
FAR = motion([300, -150, 200], [70, -100, 40], about=(0, 0, 0))
FRONTAL, LATERAL, OBLIQUE = (
    carm(*angles, size_px=(64, 64), pixel_mm=(4.5, 4.5)) for angles in [(5, -8), (88, 4), (40, 20)]
)


@cache
def bones() -> SceneCoordinateRenderer:
    return SceneCoordinateRenderer(patient().ct)


def exact_maps(view: Projection, sigma_mm: float = 1.0) -> SceneCoordinateMaps:
    return SceneCoordinateMaps.exact(bones().render(view), sigma_mm)


def predicted(view: Projection, sigma_mm, outliers: float = 0.0, seed: int = 0) -> SceneCoordinateMaps:
    """Maps with normal errors of a sigma, number or (rows, cols), and a share of pixels that say anything."""
    rng, exact = np.random.default_rng(seed), exact_maps(view)
    sigma = np.broadcast_to(np.asarray(sigma_mm, float), view.size_px)
    wrong = rng.random(view.size_px) < outliers
    elsewhere = rng.permutation(np.argwhere(exact.valid))[rng.integers(exact.valid.sum(), size=view.size_px)]
    entry, leave = (
        np.where(wrong[..., None], points[tuple(np.moveaxis(elsewhere, -1, 0))], points)
        + rng.normal(size=points.shape) * sigma[..., None]
        for points in (exact.entry_ras, exact.exit_ras)
    )
    return SceneCoordinateMaps(entry, leave, sigma, sigma, exact.valid)


def pose_of(maps, *views: Projection):
    """The pose of X-rays of which nothing but the intrinsic and the relative place is known."""
    return pose_from_scene_coordinates(maps, [view.moved(FAR) for view in views])


@pytest.mark.parametrize("view", [FRONTAL, LATERAL, OBLIQUE])
def test_exact_maps_give_the_pose_from_anywhere(view):
    pose = pose_of([exact_maps(view)], view)
    assert error_mm(pose.projections, [view]) < 0.02
    assert pose.inlier_share > 0.999
    assert pose.consistent
    assert pose.residual_mm < 0.01
    np.testing.assert_allclose(pose.transform_ras, np.linalg.inv(FAR), atol=0.02)
    np.testing.assert_allclose(pose.projections[0].extrinsic, view.moved(FAR).moved(pose.transform_ras).extrinsic)


def test_any_intrinsic_is_good():
    """The principal point outside the image, and pixels that are no squares."""
    rays = np.array([[180.0, 0.0, -70.0], [0.0, 240.0, 15.0], [0.0, 0.0, 1.0]])
    view = replace(FRONTAL, intrinsic=rays, pixel_mm=(1020 / 240, 1020 / 180))
    turned = Rotation.from_euler("y", 29, degrees=True).as_matrix()
    view = replace(view, extrinsic=np.block([[turned, np.zeros((3, 1))], [np.zeros((1, 3)), 1]]) @ view.extrinsic)
    maps = exact_maps(view)
    assert maps.valid.sum() > 300
    assert error_mm(pose_of([maps], view).projections, [view]) < 0.02


def test_any_ct_is_good():
    """An oblique, flipped volume with its axes in another order."""
    tilt = motion([30, -20, 50], [25, -40, 110])
    stored = reindexed(patient().ct, (1, 2, 0), (0, 2))
    ct = CTVolume(stored.hu, tilt @ stored.ijk_to_ras)
    view = FRONTAL.moved(tilt)
    pose = pose_of([SceneCoordinateMaps.exact(SceneCoordinateRenderer(ct).render(view), 1.0)], view)
    np.testing.assert_allclose(pose.projections[0].extrinsic, view.extrinsic, atol=0.02)


def test_errors_and_outliers_leave_what_theory_leaves():
    """As far off as the covariance says: the squared errors in its units are chi-squared with six degrees."""
    squares = []
    for seed in range(12):
        pose = pose_of([predicted(FRONTAL, 3.0, outliers=0.3, seed=seed)], FRONTAL)
        assert error_mm(pose.projections, [FRONTAL]) < 3.0
        assert 0.6 < pose.inlier_share < 0.85
        assert pose.sigma_scale == pytest.approx(1.0, abs=0.15)
        squares.append(off(pose, FRONTAL) @ np.linalg.solve(pose.covariance, off(pose, FRONTAL)))
    assert 3.0 < np.mean(squares) < 10.0


def off(pose, view: Projection):
    """(6,) by which the anatomy is off, translation at the pivot and small rotation."""
    error = np.linalg.inv(view.extrinsic) @ pose.projections[0].extrinsic
    shift = (error @ [*pose.pivot_ras, 1])[:3] - pose.pivot_ras
    return np.r_[shift, Rotation.from_matrix(error[:3, :3]).as_rotvec()]


def test_errors_do_not_push_the_anatomy_away():
    """Solvers that minimise distances on the receptor see noisy points too far away, here by some 10 mm."""
    along = []
    for seed in range(10):
        pose = pose_of([predicted(FRONTAL, 8.0, seed=seed)], FRONTAL)
        along.append(off(pose, FRONTAL)[:3] @ FRONTAL.viewing_direction_ras)
    assert abs(np.mean(along)) < 3 * np.std(along) / np.sqrt(len(along)) + 0.3


@pytest.mark.parametrize(("off_mm", "turned_deg"), [(0.0, 0.0), (15.0, 5.0), (300.0, 90.0)])
def test_a_place_nearby_leads_to_the_same_pose(off_mm, turned_deg):
    """And does no harm where it is far from it."""
    views = [view.moved(FAR) for view in (FRONTAL, OBLIQUE)]
    maps = [predicted(view, 2.0, outliers=0.2, seed=number) for number, view in enumerate((FRONTAL, OBLIQUE))]
    beside = motion([off_mm, -off_mm, off_mm], [turned_deg, 0, turned_deg])
    near = [view.moved(beside) for view in (FRONTAL, OBLIQUE)]
    pose, from_anywhere = (pose_from_scene_coordinates(maps, views, near=start) for start in (near, None))
    np.testing.assert_allclose(pose.transform_ras, from_anywhere.transform_ras, atol=0.1)
    assert pose.consistent


def test_without_a_search_where_most_points_agree_nearby(monkeypatch):
    def searched(*_):
        raise AssertionError("RANSAC")

    monkeypatch.setattr(scene_pose, "_starts", searched)
    pose = pose_from_scene_coordinates([predicted(FRONTAL, 2.0, outliers=0.2)], [FRONTAL.moved(FAR)], near=[FRONTAL])
    assert error_mm(pose.projections, [FRONTAL]) < 2.0
    with pytest.raises(AssertionError, match="RANSAC"):
        pose_from_scene_coordinates([predicted(FRONTAL, 2.0, outliers=0.6)], [FRONTAL.moved(FAR)], near=[FRONTAL])


def test_sure_pixels_count_more():
    sure = np.random.default_rng(1).random(FRONTAL.size_px) < 0.3
    sigma = np.where(sure, 1.0, 4.0)
    errors = {"weighted": [], "alike": []}
    for seed in range(12):
        maps = predicted(FRONTAL, sigma, seed=seed)
        alike = replace(maps, entry_sigma_mm=np.full_like(sigma, 3.0), exit_sigma_mm=np.full_like(sigma, 3.0))
        for name, known in (("weighted", maps), ("alike", alike)):
            errors[name].append(error_mm(pose_of([known], FRONTAL).projections, [FRONTAL]))
    assert np.mean(errors["weighted"]) < 0.75 * np.mean(errors["alike"])


def test_sigmas_that_are_too_small_are_noticed():
    maps = predicted(FRONTAL, 3.0)
    small = np.full(FRONTAL.size_px, 1.5)
    pose = pose_of([replace(maps, entry_sigma_mm=small, exit_sigma_mm=small)], FRONTAL)
    assert pose.sigma_scale == pytest.approx(2.0, abs=0.15)
    assert pose.inlier_share > 0.9


def test_two_views_tell_the_depth():
    one, two = [], []
    for seed in range(4):
        maps = [predicted(view, 4.0, outliers=0.3, seed=seed) for view in (FRONTAL, LATERAL)]
        one.append(error_mm(pose_of(maps[:1], FRONTAL).projections, [FRONTAL]))
        pose = pose_of(maps, FRONTAL, LATERAL)
        two.append(error_mm(pose.projections, [FRONTAL, LATERAL]))
        np.testing.assert_allclose(
            pose.projections[1].extrinsic @ np.linalg.inv(pose.projections[0].extrinsic),
            LATERAL.extrinsic @ np.linalg.inv(FRONTAL.extrinsic),
            atol=1e-6,
        )
    assert np.mean(two) < 0.4 * np.mean(one)
    assert max(two) < 0.6


def test_a_view_that_shows_nothing_leaves_the_others():
    nothing = replace(exact_maps(LATERAL), valid=np.zeros(LATERAL.size_px, bool))
    pose = pose_of([exact_maps(FRONTAL), nothing], FRONTAL, LATERAL)
    assert error_mm(pose.projections, [FRONTAL, LATERAL]) < 0.02
    assert pose.inlier_shares[0] > 0.999
    assert pose.inlier_shares[1] == 0


def test_the_better_view_gives_the_pose():
    """One view sees another patient altogether."""
    other = predicted(LATERAL, 3.0, outliers=1.0)
    pose = pose_of([other, predicted(FRONTAL, 3.0)], LATERAL, FRONTAL)
    assert error_mm(pose.projections, [LATERAL, FRONTAL]) < 3
    assert pose.inlier_shares[0] < 0.2
    assert pose.inlier_shares[1] > 0.9


@pytest.mark.parametrize("view", [FRONTAL, LATERAL, OBLIQUE])
@pytest.mark.parametrize("sigma_mm", [0.5, 3.0, 6.0])
def test_a_mirrored_patient_is_no_pose(view, sigma_mm):
    """A reflection in depth looks almost alike from so far away, but enters bone where it should leave it."""
    maps = predicted(view, sigma_mm)
    mirrored = replace(maps, entry_ras=maps.entry_ras * MIRROR_X.diagonal()[:3], exit_ras=maps.exit_ras * [-1, 1, 1])
    pose = pose_of([mirrored], view)
    assert not pose.consistent
    assert pose.inlier_share < 0.25


@pytest.mark.parametrize("sigma_mm", [0.5, 3.0, 20.0])
def test_what_says_anything_is_no_pose(sigma_mm):
    pose = pose_of([predicted(FRONTAL, sigma_mm, outliers=1.0)], FRONTAL)
    assert not pose.consistent


def test_a_pixel_or_two_of_another_view_do_no_harm():
    maps, valid = exact_maps(LATERAL), np.zeros(LATERAL.size_px, bool)
    for row, column in np.argwhere(maps.valid)[[50, 400]]:
        valid[row, column] = True
        pose = pose_of([replace(maps, valid=valid.copy()), exact_maps(FRONTAL)], LATERAL, FRONTAL)
        assert error_mm(pose.projections, [LATERAL, FRONTAL]) < 0.02


def test_points_of_one_line_determine_no_pose():
    maps = exact_maps(FRONTAL)
    line = maps.entry_ras * [0, 0, 1]
    assert not pose_of([replace(maps, entry_ras=line, exit_ras=line)], FRONTAL).consistent


def test_a_constant_determines_no_pose():
    maps = exact_maps(FRONTAL)
    point = np.full(maps.entry_ras.shape, 30.0)
    assert not pose_of([replace(maps, entry_ras=point, exit_ras=point)], FRONTAL).consistent


def test_the_same_seed_gives_the_same_pose():
    view = carm(5, -8, size_px=(160, 160), pixel_mm=(1.8, 1.8))
    maps = predicted(view, 3.0)
    first, again, other = (pose_from_scene_coordinates([maps], [view], seed).transform_ras for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda m: {"entry_ras": m.entry_ras[1:]}, "of one size"),
        (lambda m: {"exit_ras": m.exit_ras[..., :2]}, "of one size"),
        (lambda m: {"valid": np.ones_like(m.valid)}, "finite"),
        (lambda m: {"exit_sigma_mm": m.exit_sigma_mm * np.nan}, "finite"),
        (lambda m: {"entry_sigma_mm": m.entry_sigma_mm * 0}, "above zero"),
    ],
)
def test_maps_that_cannot_be_are_refused(change, sentence):
    maps = exact_maps(FRONTAL)
    with pytest.raises(GeometryError, match=sentence):
        replace(maps, **change(maps))


def test_maps_that_do_not_fit_the_xrays_are_refused():
    maps = exact_maps(FRONTAL)
    with pytest.raises(GeometryError, match="1 scene-coordinate maps for 2 X-rays"):
        pose_from_scene_coordinates([maps], [FRONTAL, LATERAL])
    with pytest.raises(GeometryError, match="0 scene-coordinate maps for 0 X-rays"):
        pose_from_scene_coordinates([], [])
    with pytest.raises(GeometryError, match="X-ray 1 are .64, 64., its projection is .32, 32."):
        pose_from_scene_coordinates([maps], [FRONTAL.resampled((32, 32))])


def test_an_xray_without_the_anatomy_is_refused():
    maps, valid = exact_maps(FRONTAL), np.zeros(FRONTAL.size_px, bool)
    valid[tuple(np.argwhere(maps.valid)[:5].T)] = True
    with pytest.raises(GeometryError, match="Only 5 pixels"):
        pose_from_scene_coordinates([replace(maps, valid=valid)], [FRONTAL])


def test_six_pixels_of_exact_maps_are_enough():
    maps, valid = exact_maps(FRONTAL), np.zeros(FRONTAL.size_px, bool)
    valid[tuple(np.random.default_rng(0).permutation(np.argwhere(maps.valid))[:6].T)] = True
    pose = pose_of([replace(maps, valid=valid)], FRONTAL)
    assert error_mm(pose.projections, [FRONTAL]) < 0.5
    assert np.isinf(pose.covariance[0, 0]), "six points do not tell how wrong they are"


def test_the_point_cloud_is_the_bone_that_the_views_see():
    maps = [exact_maps(FRONTAL, 2.0), exact_maps(LATERAL, 5.0)]
    cloud = partial_point_cloud(maps)
    counts = [int(m.valid.sum()) for m in maps]
    assert len(cloud.points_ras) == 2 * sum(counts)
    np.testing.assert_array_equal(cloud.points_ras[: counts[0]], maps[0].entry_ras[maps[0].valid])
    np.testing.assert_array_equal(cloud.points_ras[-counts[1] :], maps[1].exit_ras[maps[1].valid])
    assert cloud.is_exit.sum() == sum(counts)
    assert cloud.is_exit[-1]
    assert {*cloud.sigma_mm[: counts[0]]} == {2.0}
    assert {*cloud.sigma_mm[-counts[1] :]} == {5.0}
    with pytest.raises(VolumeError, match="no points"):
        partial_point_cloud([replace(maps[0], valid=np.zeros(FRONTAL.size_px, bool))])
