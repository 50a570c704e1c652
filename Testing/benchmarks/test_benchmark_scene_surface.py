"""How far points are from bone, and the published way from scene coordinates to a pose."""

import numpy as np
import pytest

from xray3d import Projection
from xray3d.benchmarks.scene_coordinates import surface
from xray3d.benchmarks.scene_coordinates.plain_ransac import pose_by_plain_ransac
from xray3d.benchmarks.scene_coordinates.surface import VisibleBone
from xray3d.datasets.pose_range import PoseRange
from xray3d.drr.scene_coordinates import SceneCoordinateRenderer
from xray3d.registration.metrics import mean_target_registration_error
from xray3d.registration.pose_space import world_motion
from xray3d.registration.scene_correspondences import SceneCoordinateMaps
from xray3d.volumes import CTVolume

BONE_HU, RADIUS_MM, HOLLOW_MM = 250.0, 40.0, 25.0
MIDDLE_RAS = np.array([10.0, -20.0, 30.0])


@pytest.fixture(scope="module")
def ball():
    """A hollow ball of bone in anisotropic voxels that are stored from head to feet."""
    size_kji, spacing = (34, 50, 67), np.array([1.5, 2.0, 3.0])
    to_ras = np.diag([*spacing * (1, 1, -1), 1.0])
    to_ras[:3, 3] = MIDDLE_RAS - to_ras[:3, :3] @ ((np.array(size_kji[::-1]) - 1) / 2)
    k, j, i = np.indices(size_kji)
    radius = np.linalg.norm(np.stack([i, j, k], axis=-1) @ to_ras[:3, :3].T + to_ras[:3, 3] - MIDDLE_RAS, axis=-1)
    inside_mm = np.minimum(RADIUS_MM - radius, radius - HOLLOW_MM)
    return CTVolume(np.clip(BONE_HU + 60.0 * inside_mm, -1000, 900), to_ras, "ball")


@pytest.fixture(scope="module")
def bone(ball):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surface, "_VIEWS", 60)
        return VisibleBone(ball, BONE_HU, PoseRange(tuple(MIDDLE_RAS), lateral_mm=10.0, depth_mm=10.0))


def towards_the_receptor(count=400):
    """Unit vectors within 30° of the front or the back, which the views have before them."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(20 * count, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors[np.abs(vectors[:, 1]) > np.cos(np.pi / 6)][:count]


@pytest.mark.parametrize("off_mm", [0.0, 0.5, 2.0, 6.0, -0.5, -2.0])
def test_distances_are_exact_to_two_tenths_of_a_millimetre(bone, off_mm):
    distances = bone.distances_mm(MIDDLE_RAS + (RADIUS_MM + off_mm) * towards_the_receptor())
    assert np.abs(distances - abs(off_mm)).max() < 0.35
    assert np.median(np.abs(distances - abs(off_mm))) < 0.15


def test_walls_of_hollows_are_no_surface(bone):
    distances = bone.distances_mm(MIDDLE_RAS + HOLLOW_MM * towards_the_receptor())
    np.testing.assert_allclose(distances, RADIUS_MM - HOLLOW_MM, atol=0.4)


def test_points_beyond_the_ct_do_not_count(ball, bone):
    inside = MIDDLE_RAS + RADIUS_MM * towards_the_receptor(10)
    beyond = ball.to_ras([[-0.1, 20, 20], [20, 49.1, 20], [20, 20, 33.1]])
    assert len(bone.distances_mm(np.concatenate([inside, beyond]))) == 10
    assert len(bone.distances_mm(ball.to_ras([[0.0, 0, 0], [66, 49, 33]]))) == 2


VIEW = Projection.from_carm(20, -10, MIDDLE_RAS, 1020, 700, (64, 64), (2.4, 2.4))
FAR = world_motion([300, -150, 200, 60, -90, 40], MIDDLE_RAS)


def maps_of(ball, wrong=0.0):
    """Scene coordinates of the ball with a bump, exact but for a share of pixels that say anything."""
    hu = np.array(ball.hu)
    hu[3:9, 5:20, 5:30] = 800.0
    maps = SceneCoordinateMaps.exact(
        SceneCoordinateRenderer(CTVolume(hu, ball.ijk_to_ras), BONE_HU).render(VIEW), sigma_mm=1.0
    )
    rng = np.random.default_rng(1)
    for points in (maps.entry_ras, maps.exit_ras):
        anything = rng.random(VIEW.size_px) < wrong
        points[anything] = MIDDLE_RAS + rng.normal(0, 40, (int(anything.sum()), 3))
    return maps


@pytest.mark.parametrize("wrong", [0.0, 0.3])
def test_plain_ransac_finds_the_pose_whatever_it_was(ball, wrong):
    targets = MIDDLE_RAS + np.random.default_rng(2).normal(0, 30, (20, 3))
    found = pose_by_plain_ransac(maps_of(ball, wrong), VIEW.moved(FAR))
    assert mean_target_registration_error([found], [VIEW], targets) < (8.0 if wrong else 0.5)


@pytest.mark.parametrize("pixels", [0, 1])
def test_too_few_points_make_no_pose(ball, pixels):
    maps = maps_of(ball)
    kept = np.argwhere(maps.valid)[pixels:]
    maps.valid[tuple(kept.T)] = False
    assert pose_by_plain_ransac(maps, VIEW) is None
