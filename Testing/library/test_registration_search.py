"""Where a search looks, what it climbs on from, and what is said of the summit."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from registration_support import CENTRE, FRONTAL, LATERAL
from xray3d.registration.climb import Summit
from xray3d.registration.objective import Evaluation, Pose
from xray3d.registration.pose_space import LEVER_MM
from xray3d.registration.search import ANYWHERE, AROUND_START, Neighbourhood, neighbours
from xray3d.registration.verdict import is_acceptable, judge, pose_covariance

NEAR = Neighbourhood(rotation_deg=18.0, translation_mm=40.0, rounds=4, starts=32)


def motions(where, seed=0):
    start = Pose.at([FRONTAL, LATERAL])
    batches = list(neighbours(start, CENTRE, where, seed))
    moved = [[pose.projections[0].extrinsic for pose in batch] for batch in batches]
    return np.linalg.inv(FRONTAL.extrinsic) @ np.array(moved)


def test_neighbours_stay_within_reach_and_fill_it():
    found = motions(NEAR).reshape(-1, 4, 4)
    shifts = found[:, :3, :3] @ CENTRE + found[:, :3, 3] - CENTRE
    turns = Rotation.from_matrix(found[:, :3, :3]).as_rotvec(degrees=True)
    for vectors, largest in ((shifts, 40.0), (turns, 18.0)):
        lengths = np.linalg.norm(vectors, axis=1)
        # A twist's translation is bent a little by its rotation.
        assert lengths.max() < largest * 1.001
        np.testing.assert_allclose(np.percentile(lengths, [25, 50, 75]) / largest, [0.25, 0.5, 0.75], atol=0.1)
        assert np.linalg.norm(vectors.mean(axis=0)) < 0.08 * largest, "no direction is preferred"


def test_every_batch_is_spread_and_the_next_is_another():
    first, second = motions(NEAR)[:2]
    assert not np.allclose(first, second)
    for batch in (first, second):
        shifts = batch[:, :3, :3] @ CENTRE + batch[:, :3, 3] - CENTRE
        octants = {tuple(np.sign(shift)) for shift in shifts}
        assert len(octants) >= 7


def test_neighbours_are_fixed_by_their_seed():
    np.testing.assert_array_equal(motions(NEAR, 3), motions(NEAR, 3))
    assert not np.allclose(motions(NEAR, 3), motions(NEAR, 4))


def test_views_of_a_neighbour_stay_together():
    relative = LATERAL.extrinsic @ np.linalg.inv(FRONTAL.extrinsic)
    for pose in next(neighbours(Pose.at([FRONTAL, LATERAL]), CENTRE, NEAR, 0)):
        first, second = (projection.extrinsic for projection in pose.projections)
        np.testing.assert_allclose(second @ np.linalg.inv(first), relative, atol=1e-9)


def test_a_wide_search_looks_farther():
    assert ANYWHERE.translation_mm > 60
    assert ANYWHERE.rotation_deg > 30
    assert ANYWHERE.translation_mm > AROUND_START.translation_mm


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("where", [AROUND_START, ANYWHERE], ids=["around", "anywhere"])
def test_a_search_ends_and_warns_of_nothing(where):
    assert motions(where).shape == (where.rounds, where.starts, 4, 4)


def summit(evaluated, similarity=0.9, views=(FRONTAL,)):
    return Summit(Pose.at(views), evaluated, (similarity,) * len(views), np.zeros(3))


def evaluation(correlation=0.9, cost=0.2, curvature=(1, 4, 1, 2, 2, 2)):
    return Evaluation(cost, (correlation,), 0.8, np.zeros(6), 1e-3 * np.diag(np.array(curvature, float)))


def test_the_covariance_is_in_mm_and_radians():
    covariance = pose_covariance(evaluation())
    np.testing.assert_allclose(covariance, covariance.T)
    assert covariance[0, 0] == pytest.approx(4 * covariance[1, 1], rel=1e-4), "four times as curved"
    # A rotation's curvature is by what moves at the lever.
    assert covariance[3, 3] == pytest.approx(covariance[0, 0] / 2 / LEVER_MM**2, rel=1e-4)
    np.testing.assert_allclose(pose_covariance(evaluation(cost=0.4)), 2 * covariance, rtol=1e-5)


def test_what_the_images_do_not_tell_is_not_told():
    covariance = pose_covariance(evaluation(curvature=(0, 4, 1, 2, 2, 2)))
    assert covariance[0, 0] == pytest.approx(1e6)
    assert judge(summit(evaluation(curvature=(0, 4, 1, 2, 2, 2)))).error_across_mm > 900


def test_one_view_that_disagrees_is_named():
    found = Summit(Pose.at([FRONTAL, LATERAL]), evaluation(), (0.95, 0.45), np.zeros(3))
    judgement = judge(found)
    assert judgement.verdict == "doubtful"
    assert "X-ray 2" in judgement.reason
    assert not is_acceptable(found.similarities)


def test_errors_are_along_and_across_the_first_view():
    """The frontal view looks along y, the lateral along x."""
    curvature = (9, 1, 4, 1, 1, 1)
    frontal, lateral = (judge(summit(evaluation(curvature=curvature), views=[view])) for view in (FRONTAL, LATERAL))
    unit = frontal.error_along_mm
    assert frontal.error_across_mm == pytest.approx(unit * np.hypot(1 / 3, 1 / 2), rel=1e-4)
    assert lateral.error_along_mm == pytest.approx(unit / 3, rel=1e-4)
    assert lateral.error_across_mm == pytest.approx(unit * np.hypot(1, 1 / 2), rel=1e-4)


def test_offsets_make_the_pose_less_certain():
    plain = evaluation()
    hessian = np.zeros((12, 12))
    hessian[:6, :6] = plain.hessian
    hessian[:6, 6:] = hessian[6:, :6] = plain.hessian / 2
    hessian[6:, 6:] = plain.hessian
    shared = Evaluation(plain.cost, (0.9,), 0.8, np.zeros(12), hessian)
    assert pose_covariance(shared).shape == (6, 6)
    np.testing.assert_allclose(pose_covariance(shared), pose_covariance(plain) / 0.75, rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize(("similarity", "verdict"), [(0.9, "accepted"), (0.58, "doubtful"), (0.3, "failed")])
def test_a_verdict_has_its_sentence(similarity, verdict):
    judgement = judge(summit(evaluation(), similarity))
    assert judgement.verdict == verdict
    assert is_acceptable([similarity]) == (verdict == "accepted")
    assert judgement.reason.endswith(".")
    assert judgement.reason.count(".") == 1
